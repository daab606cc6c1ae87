# What a person needs. `make` alone says what there is.
export PATH := $(HOME)/.cargo/bin:$(PATH)

# Crates whose tests need no server and no database.
PURE := --package marquee-kernel --package marquee-pricing --package marquee-tickets --package xtask
# All tests but those in documentation, which has none today: looking for them takes a minute.
ALL := --workspace --lib --bins --tests
# The tests over HTTP, and with them the program: of the whole workspace, so that all is built with the same features, and once.
IT := cargo test --workspace --test it
# Every statement that the tests run, for the other engine to prepare.
SQL_LOG := $(CURDIR)/target/sql.log

# Rounds of each crash test, on a file and on PostgreSQL: test-all has the full number.
CRASH_ROUNDS := 5
POSTGRES_CRASH_ROUNDS := 1
# What has engines of its own whatever the others run on: `all-tests` has seen to it.
ONCE := --skip events::each_kind --skip data_dir:: --skip redis:: --skip postgres:: --skip kafka:: --skip failover:: --skip proxy:: --skip nodes::
# What sells: the part of the API that test runs again on the distributed profile. Test-all runs it whole.
SELLING := booking:: holding:: races::
# How often test-all does to Redis what test does twice.
FAULT_ROUNDS := 6
# Tests at the same time: the longest of them wait for servers that fail and come back, more than they work.
TESTS_AT_ONCE := 4
# Calls that the fuzz makes of each operation in each pass: test-all makes more.
FUZZ_EXAMPLES := 10
FUZZ_EXAMPLES_ALL := 30

.DEFAULT_GOAL := help
.PHONY: help setup web client screenshots run stack stack-down stack-status check test test-all lint style clippy lint-web compile tools unit all-tests it-tests other-tests test-postgres test-redis test-redis-cluster \
	test-kafka test-web on-stack test-stack test-failover test-restore deployment portable-sql fuzz bench bench-web fmt clean

help: ## Lists the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Checks that this machine can build Marquee, and installs what it may
	@scripts/setup

web: setup ## Builds the app in the browser, if its sources changed: every build of marquee after it embeds it
	@scripts/web build

run: web ## Builds Marquee and serves a demo on http://127.0.0.1:8080, its data in ./data
	cargo run --release --package marquee --bin marquee -- serve --demo --data-dir data

stack: ## Brings the distributed profile up here, without Docker: PostgreSQL, Redis Cluster, Kafka, two nodes, nginx
	@scripts/setup stack
	@scripts/web build
	cargo build --release --package marquee --bin marquee
	@scripts/stack.py up --demo --marquee target/release/marquee

stack-status: ## Says what of the stack runs where
	@scripts/stack.py status

stack-down: ## Ends the stack; PURGE=1 removes its data, too
	@scripts/stack.py down $(if $(PURGE),--purge)

check: setup lint unit ## The inner loop: format, lints, the house's invariants, tests of the pure crates

# Dependencies are compiled once, and not checked for clippy before: clippy stands in for the compiler of the workspace's own crates, which is
# what `cargo clippy` has it do. Everything in these two runs is to find the same artifacts, so all of it runs like that.
test test-all: export RUSTC_WORKSPACE_WRAPPER := clippy-driver
# All of a crate at once is faster than in the many pieces that the inner loop keeps.
test test-all: export CARGO_INCREMENTAL := 0
test test-all: export CLIPPY_ARGS := --deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__

test: ## Check, every cargo test, what sells again on shards and Redis, Kafka, the stack, the app in a browser, a fuzz
	@scripts/setup
	@echo "== 1/7 the app in the browser: building"
	@scripts/web build
	@echo "== 2/7 compiling and linting; meanwhile format, invariants, the app's lints; what the tests want is installed"
	@$(MAKE) --no-print-directory --jobs 4 compile style lint-web tools
	@echo "== 3/7 tests: running"
	@$(MAKE) --no-print-directory all-tests
	@echo "== 4/7 what sells, once more, on two shards of PostgreSQL with holds in Redis; events, on a Kafka that is killed now and then"
	@$(MAKE) --no-print-directory --jobs 2 test-redis test-kafka PART="$(SELLING)"
	@echo "== 5/7 nodes restarted and killed behind nginx, the primary killed under Patroni, a restore, what deploy/ says; meanwhile a fuzz"
	@$(MAKE) --no-print-directory --jobs 2 on-stack fuzz
	@echo "== 6/7 one SQL text for both engines"
	@$(MAKE) --no-print-directory portable-sql
	@echo "== 7/7 the app, in Chromium on a phone and on a desk, against a server with the demo"
	@$(MAKE) --no-print-directory test-web
	@echo "== all well"

test-all: test ## All that there is: test, and what takes longer: the API on a Redis Cluster, every round of the crash tests on PostgreSQL
	@echo "== and all of the API on two shards of PostgreSQL with holds in Redis"
	@$(MAKE) --no-print-directory test-redis
	@echo "== and the API on one PostgreSQL with holds in the process"
	@$(MAKE) --no-print-directory test-postgres
	@echo "== and the API on two shards of PostgreSQL with holds in a Redis Cluster"
	@$(MAKE) --no-print-directory test-redis-cluster
	@echo "== and more rounds of what fails under a sale"
	MARQUEE_FAULT_ROUNDS=$(FAULT_ROUNDS) $(IT) -- redis::
	@echo "== and a replica that stands still for half a minute"
	MARQUEE_STANDSTILL_SECONDS=30 $(IT) -- postgres::replicas::
	@echo "== and a Kafka that is away for three minutes of a sale"
	MARQUEE_OUTAGE_SECONDS=180 $(IT) -- postgres::kafka::
	@echo "== and every round of the crash tests, on a file and on PostgreSQL"
	$(IT) -- crashes::
	MARQUEE_TEST_PROFILE=postgres scripts/with_postgres.py $(IT) -- crashes::
	@echo "== and examples in documentation, and a longer fuzz"
	cargo test --workspace --doc
	@$(MAKE) --no-print-directory fuzz FUZZ_EXAMPLES=$(FUZZ_EXAMPLES_ALL)
	@echo "== all of it well"

lint: style clippy lint-web

style:
	cargo fmt --all --check
	cargo xtask tidy

clippy:
	cargo clippy --workspace --all-targets --quiet -- --deny warnings

lint-web:
	scripts/web lint

compile:
	cargo test $(ALL) --no-run

# What the tests run beside Marquee: servers, a browser.
tools:
	scripts/setup tests

unit:
	cargo test $(PURE)
	scripts/web unit

# While those over HTTP wait, the others are done.
all-tests:
	@rm -f $(SQL_LOG)
	@$(MAKE) --no-print-directory --jobs 2 it-tests other-tests

it-tests:
	MARQUEE_CRASH_ROUNDS=$(CRASH_ROUNDS) MARQUEE_SQL_LOG=$(SQL_LOG) $(IT) --no-fail-fast -- --skip kafka:: --test-threads $(TESTS_AT_ONCE)

other-tests:
	MARQUEE_SQL_LOG=$(SQL_LOG) cargo test --workspace --lib --bins --test db --no-fail-fast -- --skip kafka::

test-postgres: ## The tests of the API on PostgreSQL instead of SQLite
	MARQUEE_TEST_PROFILE=postgres MARQUEE_CRASH_ROUNDS=$(POSTGRES_CRASH_ROUNDS) scripts/with_postgres.py $(IT) -- $(ONCE)

test-redis: ## The tests of the API on two shards of PostgreSQL, with holds in Redis
	MARQUEE_TEST_PROFILE=redis MARQUEE_CRASH_ROUNDS=$(POSTGRES_CRASH_ROUNDS) scripts/with_postgres.py scripts/with_redis.py $(IT) -- $(ONCE) $(PART)

test-redis-cluster: ## The tests of the API on PostgreSQL, with holds in a Redis Cluster
	MARQUEE_TEST_PROFILE=redis MARQUEE_CRASH_ROUNDS=$(POSTGRES_CRASH_ROUNDS) scripts/with_postgres.py scripts/with_redis.py --cluster $(IT) -- $(ONCE)

test-kafka: ## The tests of events on a real Kafka; an outage of minutes is test-all's
	MARQUEE_SQL_LOG=$(SQL_LOG) scripts/with_kafka.py cargo test --workspace --lib --test it -- kafka:: --skip postgres::kafka::

test-web: ## The app in the browser: unit tests, the client against the server's document, Playwright and axe
	@scripts/web build
	$(IT) --no-run
	scripts/web unit
	scripts/web client --check
	scripts/web e2e

client: ## Makes the app's client anew from the server's OpenAPI document
	$(IT) --no-run
	scripts/web client

screenshots: web ## Makes the pictures of the app in docs/screenshots anew
	$(IT) --no-run
	scripts/web screenshots

# Each brings servers of its own up, one after the other.
on-stack:
	@$(MAKE) --no-print-directory deployment
	@$(MAKE) --no-print-directory test-stack
	@$(MAKE) --no-print-directory test-restore

# Their tests change what all share, so that one runs after the other.
test-stack: ## The tests of the stack: nginx before two nodes, failover of PostgreSQL
	$(IT) --no-run
	scripts/stack.py run --parts nginx $(IT) -- --test-threads 1 failover:: proxy::nodes::

test-failover: ## The tests of PostgreSQL's failover alone
	scripts/stack.py run --parts postgres $(IT) -- --test-threads 1 failover::

test-restore: ## A restore of PostgreSQL to a point in time
	$(IT) --no-run
	scripts/stack.py run --parts postgres scripts/point_in_time.sh target/debug/marquee

deployment:
	$(IT) --no-run
	scripts/python scripts/check_deploy.py target/debug/marquee

portable-sql:
	scripts/with_postgres.py scripts/python scripts/portable_sql.py $(wildcard $(SQL_LOG))

fuzz:
	$(IT) --no-run
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) scripts/python scripts/fuzz.py target/debug/marquee

bench-web: web ## Measures the app in Chromium as on a cheap phone: weights, largest paint, press to paint; fails when a goal is missed
	cargo build --release --package marquee --bin marquee
	@MARQUEE=$(CURDIR)/target/release/marquee scripts/web bench

bench: ## Measures Marquee beside the limits of this machine
	@scripts/setup tests
	scripts/bench.sh

fmt: setup ## Formats the code
	cargo fmt --all

clean: ## Removes what was built; ./data stays
	cargo clean
