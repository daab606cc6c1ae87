"""Marquee's nodes, all on the same engines. A setting that this build does not know is left out."""

import re
import subprocess
from pathlib import Path

from stack.home import Failed

NODES = ["node-1", "node-2"]
# Of the shards that run, those whose addresses the nodes are given.
SHARDS_SERVED = 1
ADMIN = "admin@marquee.example"
ADMIN_PASSWORD = "marquee-demo-admin"


def start(home, binary, demo):
    known = _settings_of(binary)
    shared = home.data("shared")
    environment = {name: value for name, value in _settings(home, shared, demo).items() if name in known and value}
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
    nodes = [{"name": name, "url": home.services[name]["address"], "ops": home.services[name]["ops"]} for name in NODES]
    home.tell(marquee={"nodes": nodes, "shared_dir": str(shared), "admin": {"email": ADMIN, "password": _password(home, demo)}})


def _settings(home, shared, demo):
    """What the nodes are told, as far as those parts run."""
    shards = home.state.get("postgres", [])[:SHARDS_SERVED]
    return {
        "MARQUEE_DATABASE_URL": ",".join(shard["url"] for shard in shards),
        "MARQUEE_DATABASE_REPLICA_URLS": ",".join(url for shard in shards for url in shard["replica_urls"]),
        "MARQUEE_REDIS_URL": home.state.get("redis", {}).get("url", ""),
        "MARQUEE_KAFKA_BROKERS": home.state.get("kafka", {}).get("brokers", ""),
        "MARQUEE_SHARED_DIR": str(shared),
        "MARQUEE_TRUSTED_PROXIES": "127.0.0.1",
        "MARQUEE_ADMIN_EMAIL": ADMIN,
        "MARQUEE_ADMIN_PASSWORD": _password(home, demo),
        # A demo is tried by one person, who clicks; a test is many, from one address.
        "MARQUEE_RATE_LIMITS": "on" if demo else "off",
    }


def _password(home, demo):
    return ADMIN_PASSWORD if demo else home.secret("admin")


def _settings_of(binary):
    if not Path(binary).exists():
        raise Failed(f"no {binary}: build it (cargo build --package marquee --bin marquee), or name another with --marquee")
    said = subprocess.run([binary, "config"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^(MARQUEE_[A-Z_]+) =", said, flags=re.MULTILINE))
