#!/bin/sh
# Goes back to an instant, with the commands of docs/operating/backup.md: archives, copies, sells on, and restores beside it.
#
#   scripts/stack.py run --parts postgres scripts/point_in_time.sh MARQUEE
set -eu
marquee=$(realpath "$1")
stack=$MARQUEE_TEST_STACK
work=$(dirname "$stack")
# Marquee knows no such settings.
unset MARQUEE_TEST_STACK MARQUEE_TEST_POSTGRES
fact() { python3 -c 'import functools, json, sys; print(functools.reduce(lambda one, key: one[key], sys.argv[2].split("/"), json.load(open(sys.argv[1]))))' "$stack" "$1"; }
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

primary=$(fact services/postgres-1a/address) rest=$(fact services/postgres-1a/rest)
programs=$(fact services/postgres-1a/environment/PATRONI_POSTGRESQL_BIN_DIR)
export PATRONI_PASSWORD="$(fact secrets/patroni)" REPLICATION_PASSWORD="$(fact secrets/replicator)" PASSWORD="$(fact secrets/marquee)"
host=${primary%:*} port=${primary#*:}
url="postgres://marquee:$PASSWORD@$primary/marquee"
for folder in archive base restored; do
    mkdir "$work/$folder"
    [ "$(id -u)" != 0 ] || chown postgres "$work/$folder"
done
chmod 700 "$work/archive" "$work/base" "$work/restored"
cd "$work"
count() { PGPASSWORD=$PASSWORD "$programs/psql" -XAtq -h "$host" -p "$1" -U marquee -d marquee -c 'SELECT COUNT(*) FROM users'; }
add() { printf 'a long enough password' | MARQUEE_DATABASE_URL=$url "$marquee" user add --data-dir "$work/node" --email "$1" --role admin; }

echo "== archive"
curl --fail --silent --show-error --user "patroni:$PATRONI_PASSWORD" --request PATCH --output "$work/answer" \
    --data "{\"postgresql\": {\"parameters\": {\"archive_command\": \"test ! -f $work/archive/%f && cp %p $work/archive/%f.new && mv $work/archive/%f.new $work/archive/%f\"}}}" \
    "$rest/config"
MARQUEE_DATABASE_URL=$url "$marquee" migrate --data-dir "$work/node" >/dev/null

echo "== copy, while it goes on"
add before-the-copy@example.org
PGPASSWORD=$REPLICATION_PASSWORD as_postgres "$programs/pg_basebackup" --host "$host" --port "$port" --username replicator --pgdata "$work/base" --checkpoint fast

echo "== the instant, and what must not have happened after it"
add after-the-copy@example.org
wanted=$(count "$port")
instant=$(PGPASSWORD=$PASSWORD "$programs/psql" -XAtq -h "$host" -p "$port" -U marquee -d marquee -c 'SELECT clock_timestamp()')
add a-mistake@example.org
# The last segment goes to the archive when it is full, or when it is told to.
PGPASSWORD=$(fact secrets/postgres) "$programs/psql" -Xqt -h "$host" -p "$port" -U postgres -c 'SELECT pg_switch_wal()' >/dev/null
segment() { PGPASSWORD=$(fact secrets/postgres) "$programs/psql" -XAtq -h "$host" -p "$port" -U postgres -c "SELECT COALESCE(last_archived_wal, '') >= pg_walfile_name(pg_current_wal_lsn() - 16 * 1024 * 1024) FROM pg_stat_archiver"; }
for _ in $(seq 300); do [ "$(segment)" = t ] && break; sleep 0.1; done

echo "== restore"
as_postgres cp -a "$work/base/." "$work/restored"
as_postgres rm -f "$work/restored/patroni.dynamic.json"
as_postgres sh -c "cat >>'$work/restored/postgresql.auto.conf'" <<SETTINGS
restore_command = 'cp $work/archive/%f %p'
recovery_target_time = '$instant'
recovery_target_action = promote
SETTINGS
as_postgres touch "$work/restored/recovery.signal"
other=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
trap 'as_postgres "$programs/pg_ctl" -D "$work/restored" -m immediate stop >/dev/null 2>&1 || true' EXIT
as_postgres "$programs/pg_ctl" -D "$work/restored" -w -l "$work/restored/log" \
    -o "-p $other -c archive_mode=off -c synchronous_standby_names=''" start >/dev/null || { tail -n 20 "$work/restored/log" >&2; exit 1; }
for _ in $(seq 300); do
    promoted=$(PGPASSWORD=$PASSWORD "$programs/psql" -XAtq -h "$host" -p "$other" -U marquee -d marquee -c 'SELECT NOT pg_is_in_recovery()')
    [ "$promoted" = t ] && break
    sleep 0.1
done

found=$(count "$other") now=$(count "$port")
echo "there were $wanted accounts, then $now; restored are $found"
[ "$found" = "$wanted" ] && [ "$now" -gt "$wanted" ]
MARQUEE_DATABASE_URL="postgres://marquee:$PASSWORD@$host:$other/marquee" "$marquee" check --data-dir "$work/node"
