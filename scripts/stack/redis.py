"""Redis Cluster, as deploy/redis ships it: three masters, and a replica of each."""

import shutil
import subprocess

from stack.home import DEPLOY, Failed, program

MASTERS = 3
REPLICAS_EACH = 1


def start(home):
    server = shutil.which("redis-server") or shutil.which("valkey-server") or program("redis-server", "redis-server")
    cli = shutil.which("redis-cli") or shutil.which("valkey-cli") or program("redis-cli", "redis-tools")
    names = [f"redis-{number}" for number in range(1, MASTERS * (1 + REPLICAS_EACH) + 1)]
    for name in names:
        # Holds are advisory and nothing is kept: also the cluster is made anew each time.
        shutil.rmtree(home.folder / "data" / name, ignore_errors=True)
        port, folder = home.port(name, bus=True), home.data(name)
        words = [DEPLOY / "redis" / "redis.conf", "--bind", "127.0.0.1", "--port", port, "--dir", folder]
        address = f"127.0.0.1:{port}"
        home.start(name, [server, *words], ready=f"tcp://{address}", address=address, part="redis", data=str(folder))
    home.until_ready(*names)
    nodes = [home.services[name]["address"] for name in names]
    create = [cli, "--cluster", "create", *nodes, "--cluster-replicas", str(REPLICAS_EACH), "--cluster-yes"]
    made = subprocess.run(create, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Failed(f"no Redis Cluster: {(made.stderr or made.stdout).strip()[-500:]}")
    for node in nodes:
        home.until(lambda: "cluster_state:ok" in _ask(cli, node, "CLUSTER", "INFO"), "the Redis Cluster", *names)
        home.until(lambda: _is_whole(_ask(cli, node, "INFO", "replication")), f"the copy of Redis {node}", *names)
    home.tell(redis={"url": f"redis-cluster://{','.join(nodes)}", "nodes": nodes})


def _is_whole(replication):
    return "role:master" in replication or "master_link_status:up" in replication


def _ask(cli, node, *words):
    return subprocess.run([cli, "-p", node.split(":")[1], *words], capture_output=True, text=True, check=False).stdout
