#!/bin/sh
# Builds what is measured, then measures it: the server, the load and the limits share this machine.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --package marquee --package marquee-loadgen
# A server that waits for the disk, for the part that needs one.
exec scripts/with_postgres.py --durable target/release/marquee-loadgen bench --marquee target/release/marquee "$@"
