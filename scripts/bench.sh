#!/bin/sh
# Builds what is measured, then measures it: the server, the load and the limits share this machine.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --package marquee --package marquee-loadgen
# A PostgreSQL that waits for the disk and a Redis, for the parts that need them.
exec scripts/with_postgres.py --durable scripts/with_redis.py target/release/marquee-loadgen bench --marquee target/release/marquee "$@"
