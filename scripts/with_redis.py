#!/usr/bin/env python3
"""Runs a command beside a Redis of its own, and ends that Redis with it.

    with_redis.py [--cluster] COMMAND...

Its address is in MARQUEE_TEST_REDIS; with --cluster it is a cluster of three masters. It keeps nothing on disk. Needs Redis 7 or
Valkey; says so when neither is there."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

MASTERS = 3
# A cluster's nodes talk to one another on the port above theirs by this much.
BUS_OFFSET = 10_000
PORT_MAX = 65_535
# Seconds a server, and then a cluster, may take to be ready.
READY_S = 20


def free_port():
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port + BUS_OFFSET <= PORT_MAX:
            return port


def until(ready, what):
    deadline = time.monotonic() + READY_S
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} took too long")
        time.sleep(0.05)


def main(arguments):
    cluster = arguments[:1] == ["--cluster"]
    command = arguments[1:] if cluster else arguments
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    cli = shutil.which("redis-cli") or shutil.which("valkey-cli")
    if server is None or cli is None or not command:
        print("with_redis: no Redis on this machine (Debian: apt install redis-server)" if command else __doc__, file=sys.stderr)
        return 2

    def ask(port, *words):
        answer = subprocess.run([cli, "-p", str(port), *words], capture_output=True, text=True)
        return answer.stdout.strip()

    work, servers = tempfile.mkdtemp(prefix="marquee-redis-"), []
    try:
        ports = [free_port() for _ in range(MASTERS if cluster else 1)]
        for port in ports:
            folder = f"{work}/{port}"
            os.mkdir(folder)
            options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
            options += ["--databases", "1024", "--logfile", f"{folder}/log"]
            if cluster:
                options += ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--databases", "1"]
            servers.append(subprocess.Popen([server, *options], stdin=subprocess.DEVNULL))
        for port in ports:
            until(lambda: ask(port, "PING") == "PONG", "Redis")
        nodes = [f"127.0.0.1:{port}" for port in ports]
        address = f"redis://{nodes[0]}"
        if cluster:
            subprocess.run([cli, "--cluster", "create", *nodes, "--cluster-yes"], check=True, capture_output=True, text=True)
            for port in ports:
                until(lambda: "cluster_state:ok" in ask(port, "CLUSTER", "INFO"), "the cluster")
            address = "redis-cluster://" + ",".join(nodes)
        return subprocess.run(command, env={**os.environ, "MARQUEE_TEST_REDIS": address}).returncode
    except (subprocess.CalledProcessError, RuntimeError) as error:
        print(f"with_redis: Redis did not start: {error}", file=sys.stderr)
        return 1
    finally:
        for one in servers:
            one.kill()
            one.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
