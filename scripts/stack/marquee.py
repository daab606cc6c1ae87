"""Marquee's nodes, all on the same engines. A setting that this build does not know is left out."""

import re
import subprocess
from pathlib import Path

from stack.home import Failed

NODES = ["node-1", "node-2"]
# The first administrator: of a demo, whose people are known to everybody; of tests, as crates/testkit
# signs in.
DEMO_ADMIN = ("admin@marquee.example", "marquee-demo-admin")
TEST_ADMIN = ("admin@example.org", "correct horse battery")


def start(home, binary, demo, admin):
    known = _settings_of(binary)
    shared = home.data("shared")
    environment = {name: value for name, value in _settings(home, shared, admin).items() if name in known and value}
    for number, name in enumerate(NODES):
        address, ops = (f"127.0.0.1:{home.port(port)}" for port in (name, f"{name}-ops"))
        data = home.data(name)
        words = [binary, "serve", "--listen", address, "--ops-listen", ops, "--data-dir", data]
        # One of them fills the database; both sell from it.
        words += ["--demo"] if demo and number == 0 else []
        ready = f"http://{ops}/readyz"
        facts = {"address": f"http://{address}", "ops": f"http://{ops}", "part": "marquee", "data": str(data)}
        home.start(name, words, ready=ready, environment=environment, **facts)
        home.until_ready(name)
    database = environment.get("MARQUEE_DATABASE_URL", "")
    nodes = [{"name": name, "url": home.services[name]["address"], "ops": home.services[name]["ops"]} for name in NODES]
    home.tell(marquee={"nodes": nodes, "shared_dir": str(shared), "database_url": database, "admin": {"email": admin[0], "password": admin[1]}})


def _settings(home, shared, admin):
    """What the nodes are told, as far as those parts run."""
    shards = home.state.get("postgres", [])
    return {
        "MARQUEE_DATABASE_URL": ",".join(shard["url"] for shard in shards),
        "MARQUEE_DATABASE_REPLICA_URLS": ",".join(url for shard in shards for url in shard["replica_urls"]),
        "MARQUEE_REDIS_URL": home.state.get("redis", {}).get("url", ""),
        "MARQUEE_KAFKA_BROKERS": home.state.get("kafka", {}).get("brokers", ""),
        "MARQUEE_SHARED_DIR": str(shared),
        "MARQUEE_TRUSTED_PROXIES": "127.0.0.1",
        "MARQUEE_ADMIN_EMAIL": admin[0],
        "MARQUEE_ADMIN_PASSWORD": admin[1],
        # A test is many people at one address.
        "MARQUEE_RATE_LIMITS": "off" if admin == TEST_ADMIN else "on",
    }


def _settings_of(binary):
    if not Path(binary).exists():
        raise Failed(f"no {binary}: build it (cargo build --package marquee --bin marquee), or name another with --marquee")
    said = subprocess.run([binary, "config"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^(MARQUEE_[A-Z_]+) =", said, flags=re.MULTILINE))
