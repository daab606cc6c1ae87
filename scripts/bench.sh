#!/bin/sh
# Builds what is measured, then measures it: the server, the load and the limits share this machine.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --package marquee --package marquee-loadgen
exec target/release/marquee-loadgen bench --marquee target/release/marquee "$@"
