"""Reads what deploy/ ships as its programs would, for machines without Docker: check_deploy.py MARQUEE.

Every name that one file uses and another one gives is there: settings that this Marquee has, services, volumes, files,
variables, nodes."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
# What Patroni reads from its environment; the rest of a member's is for post_bootstrap.
PATRONI = re.compile(r"PATRONI_(SCOPE|NAME|ETCD3_HOSTS|(RESTAPI|POSTGRESQL|SUPERUSER|REPLICATION)_[A-Z_]+)$")
FOR_POST_BOOTSTRAP = "MARQUEE_DATABASE_PASSWORD"
ONE_OFF = {"redis-cluster", "certificate"}


def main(binary):
    said = subprocess.run([binary, "config"], capture_output=True, text=True, check=True).stdout
    settings = set(re.findall(r"^(MARQUEE_[A-Z_]+) =", said, flags=re.MULTILINE))
    findings = [*compose(settings), *dockerfiles(), *patroni(), *nginx()]
    for finding in findings:
        print(f"check_deploy: {finding}", file=sys.stderr)
    return 1 if findings else 0


def compose(settings):
    text = (DEPLOY / "compose.yaml").read_text()
    document = yaml.safe_load(text)
    services, volumes = document["services"], set(document["volumes"])
    used = set()
    for name, service in services.items():
        builds, image = service.get("build"), service.get("image")
        if not builds and not re.fullmatch(r"[a-z0-9./-]+:[\w.-]+", image or ""):
            yield f"compose.yaml: {name} has neither a build nor an image with a version"
        folder = DEPLOY / (builds if isinstance(builds, str) else (builds or {}).get("context", "."))
        file = folder / (builds["dockerfile"] if isinstance(builds, dict) else "Dockerfile")
        if builds and not file.exists():
            yield f"compose.yaml: {name} is built from {file}, which is not there"
        is_asked = "healthcheck" in service or (builds and file.exists() and "HEALTHCHECK" in file.read_text())
        if name not in ONE_OFF and not is_asked:
            yield f"compose.yaml: {name} is never asked for its health"
        if (service.get("restart") == "always") == (name in ONE_OFF):
            yield f"compose.yaml: {name} must be restarted when it ends, and what runs once must not"
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed in ONE_OFF else "service_healthy"
            if needed not in services or how != {"condition": wanted}:
                yield f"compose.yaml: {name} depends on {needed}, {how}: it must be a service, and {wanted}"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            used.add(source)
            if source not in volumes and not (source.startswith("./") and (DEPLOY / source).exists()):
                yield f"compose.yaml: {name} mounts {source}, which is not there"
        for variable in service.get("environment", {}):
            in_patroni = PATRONI.fullmatch(variable) or variable == FOR_POST_BOOTSTRAP
            known = in_patroni if "PATRONI_NAME" in service["environment"] else variable in settings or variable.startswith("KAFKA_")
            if not known:
                yield f"compose.yaml: {name} is given {variable}, which it does not read"
    yield from (f"compose.yaml: nobody mounts {volume}" for volume in volumes - used)
    yield from hosts(services)
    given = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / ".env.example").read_text(), flags=re.MULTILINE))
    wanted = set(re.findall(r"(?<!\$)\$\{?([A-Z_]+)", text))
    yield from (f".env.example and compose.yaml do not agree on {name}" for name in given ^ wanted)


def hosts(services):
    """Every host in an address is a service."""
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if not variable.endswith(("_URL", "_HOSTS", "_CONNECT_ADDRESS", "_BROKERS")):
                continue
            # An address may have several hosts, and a variable several addresses: a comma parts them where a scheme follows.
            addresses = re.split(r",(?=[a-z-]+://)", re.sub(r"\$\{[^}]*\}", "x", str(value)))
            hosts = [re.sub(r"^[a-z-]+://([^@/]*@)?|[/?].*$", "", address).split(",") for address in addresses]
            for host in sum(hosts, []):
                if host.split(":")[0] not in services:
                    yield f"compose.yaml: {name} is sent to {host} by {variable}, which is no service"


def dockerfiles():
    channel = re.search(r'channel = "(.*)"', (ROOT / "rust-toolchain.toml").read_text())[1]
    if f"FROM rust:{channel}-" not in (DEPLOY / "Dockerfile").read_text():
        yield f"Dockerfile: it must build with Rust {channel}, as rust-toolchain.toml says"
    for folder in [DEPLOY / "patroni", DEPLOY / "nginx"]:
        for line in re.findall(r"^COPY (.*)$", (folder / "Dockerfile").read_text(), flags=re.MULTILINE):
            words = [word for word in line.split() if not word.startswith("--")]
            yield from (f"{folder.name}/Dockerfile: no {word}" for word in words[:-1] if not (folder / word).exists())


def patroni():
    dcs = yaml.safe_load((DEPLOY / "patroni" / "patroni.yml").read_text())["bootstrap"]["dcs"]
    if dcs["loop_wait"] + 2 * dcs["retry_timeout"] > dcs["ttl"]:
        yield "patroni.yml: loop_wait + 2 * retry_timeout must not be more than ttl"
    if not dcs["synchronous_mode"] or dcs["postgresql"]["parameters"]["synchronous_commit"] != "on":
        yield "patroni.yml: an answer must wait for the standby"
    if yaml.safe_load((DEPLOY / "patroni" / "read-replica.yml").read_text()) != {"tags": {"nosync": True}}:
        yield "read-replica.yml: no commit must wait for the read replica"
    for line in (DEPLOY / "patroni" / "member.env.example").read_text().splitlines():
        name = line.partition("=")[0]
        if line and not line.startswith("#") and not (PATRONI.fullmatch(name) or name == FOR_POST_BOOTSTRAP):
            yield f"member.env.example: nobody reads {name}"


def nginx():
    """The containers' nodes are told as the shipped ones are, and are services."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    line = re.compile(r"^\s*server (\S+):\d+ (.*); # http://(\S+):\d+/readyz$", flags=re.MULTILINE)
    shipped = line.findall((DEPLOY / "nginx" / "marquee" / "upstream.conf").read_text())
    ours = line.findall((DEPLOY / "compose" / "upstream.conf").read_text())
    if {how for _, how, _ in ours} != {how for _, how, _ in shipped} or not ours:
        yield "compose/upstream.conf: nodes must be told of as in nginx/marquee/upstream.conf"
    for host, _, asked in ours:
        if host != asked or host not in services:
            yield f"compose/upstream.conf: {host} is asked for its health at {asked}: one service"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
