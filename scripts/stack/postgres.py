"""PostgreSQL under Patroni, as deploy/patroni ships it: a shard of three members, a shard of one, and etcd for both."""

import json
import os
import shutil
import subprocess

import with_postgres
from stack.home import DEPLOY, Failed, answers, ask, postgres_account, program

# Shard and members. The last of three is the read replica, which no commit waits for.
SHARDS = {"marquee-1": ["postgres-1a", "postgres-1b", "postgres-1c"], "marquee-2": ["postgres-2a"]}
READ_REPLICA = "postgres-1c"
ROLES = {"primary": "primary", "sync": "synchronous standby", "async": "asynchronous standby"}


def start(home):
    patroni, account, etcd = program("patroni", "patroni"), postgres_account(), _etcd(home)
    folder = with_postgres.programs()
    if folder is None:
        raise Failed("no PostgreSQL server on this machine (Debian: apt install postgresql)")
    for scope, members in SHARDS.items():
        for member in members:
            _configure(home, member)
            _reachable(home.data(member, account), account)
        _start_member(home, members[0], scope, patroni, folder, account, etcd)
    for members in SHARDS.values():
        home.until(lambda: answers(_rest(home, members[0], "primary")), members[0], members[0])
        home.until(lambda: _has_database(home, members[0], folder), "the database marquee", members[0])
    for scope, [_, *standbys] in SHARDS.items():
        for member in standbys:
            _start_member(home, member, scope, patroni, folder, account, etcd)
    for members in SHARDS.values():
        home.until_ready(*members)
        # Somebody who was started on data of before may be anything of the two.
        for role in ["sync", "async"][: len(members) - 1]:
            home.until(lambda: any(answers(_rest(home, member, role)) for member in members), f"a {ROLES[role]}", *members)
    home.tell(postgres=[_describe(home, scope, members) for scope, members in SHARDS.items()])


def role(home, name):
    """What a member is at the moment."""
    return next((words for path, words in ROLES.items() if answers(_rest(home, name, path))), "not running")


def _etcd(home):
    etcd = program("etcd", "etcd-server")
    client, peer = (f"http://127.0.0.1:{home.port(name)}" for name in ("etcd", "etcd-peer"))
    words = ["--name", "etcd", "--data-dir", home.data("etcd"), "--listen-client-urls", client, "--advertise-client-urls", client]
    words += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"etcd={peer}"]
    # Who won an election is written every two seconds for ever.
    words += ["--auto-compaction-retention", "1", "--log-level", "warn"]
    home.start("etcd", [etcd, *words], ready=f"{client}/health", address=client, part="postgres", data=str(home.data("etcd")))
    home.until_ready("etcd")
    return client.removeprefix("http://")


def _configure(home, member):
    folder = home.configuration(member)
    files = ["patroni.yml", "post_bootstrap", "forget_standby"] + (["read-replica.yml"] if member == READ_REPLICA else [])
    for file in files:
        shutil.copy(DEPLOY / "patroni" / file, folder)


def _reachable(folder, account):
    if account and subprocess.run(["runuser", "-u", account, "--", "test", "-x", folder], check=False).returncode:
        raise Failed(f"the account {account} may not enter {folder}: name another folder in MARQUEE_STACK_DIR")


def _start_member(home, member, scope, patroni, programs, account, etcd):
    host, rest = (f"127.0.0.1:{home.port(name)}" for name in (member, f"{member}-rest"))
    folder, data = home.folder / "config" / member, home.data(member, account) / "data"
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(data.parent),
        "PATRONI_SCOPE": scope,
        "PATRONI_NAME": member,
        "PATRONI_ETCD3_HOSTS": etcd,
        "PATRONI_RESTAPI_LISTEN": rest,
        "PATRONI_RESTAPI_CONNECT_ADDRESS": rest,
        "PATRONI_RESTAPI_USERNAME": "patroni",
        "PATRONI_RESTAPI_PASSWORD": home.secret("patroni"),
        "PATRONI_POSTGRESQL_LISTEN": host,
        "PATRONI_POSTGRESQL_CONNECT_ADDRESS": host,
        "PATRONI_POSTGRESQL_DATA_DIR": str(data),
        "PATRONI_POSTGRESQL_BIN_DIR": programs,
        "PATRONI_POSTGRESQL_PGPASS": str(data.parent / "pgpass"),
        "PATRONI_SUPERUSER_USERNAME": "postgres",
        "PATRONI_SUPERUSER_PASSWORD": home.secret("postgres"),
        "PATRONI_REPLICATION_USERNAME": "replicator",
        "PATRONI_REPLICATION_PASSWORD": home.secret("replicator"),
        "MARQUEE_DATABASE_PASSWORD": home.secret("marquee"),
    }
    home.start(
        member,
        # As deploy/patroni/patroni.service does.
        ["sh", "-c", f"./forget_standby && exec {patroni} ."],
        ready=f"http://{rest}/health",
        folder=folder,
        environment=environment,
        account=account,
        stops_within_s=30,
        address=host,
        part="postgres",
        data=str(data),
        postgres_in=str(data.parent),
        rest=f"http://{rest}",
    )


def _rest(home, member, path):
    return f"{home.services[member]['rest']}/{path}"


def _has_database(home, member, programs):
    host, port = home.services[member]["address"].split(":")
    words = [f"{programs}/psql", "-X", "-h", host, "-p", port, "-U", "marquee", "-d", "marquee", "-c", "SELECT 1"]
    environment = {**os.environ, "PGPASSWORD": home.secret("marquee"), "PGCONNECT_TIMEOUT": "2"}
    return subprocess.run(words, env=environment, cwd="/", capture_output=True, check=False).returncode == 0


def _describe(home, scope, members):
    hosts = [home.services[member]["address"] for member in members]
    address = f"postgres://{{}}@{','.join(hosts)}/{{}}?target_session_attrs=read-write"
    replicas = [home.services[member]["address"] for member in members if member == READ_REPLICA]
    marquee = f"marquee:{home.secret('marquee')}"
    return {
        "scope": scope,
        "members": members,
        "url": address.format(marquee, "marquee"),
        "superuser_url": address.format(f"postgres:{home.secret('postgres')}", "postgres"),
        "replica_urls": [f"postgres://{marquee}@{host}/marquee" for host in replicas],
    }


def primary(home, shard):
    """The member that is primary now."""
    for member in shard["members"]:
        if ask(_rest(home, member, "primary")):
            return member
    return None


def summary(home):
    """What its operator may want to know of the cluster, as Patroni says it."""
    found = ask(f"{home.services[SHARDS['marquee-1'][0]]['rest']}/cluster")
    return json.loads(found) if found else {}
