"""nginx in front of the nodes, as deploy/nginx ships it, and what takes nodes that cannot sell out of its rotation."""

import os
import re
import shutil
import subprocess
import sys

from stack.home import DEPLOY, Failed, program

CERTIFICATE_DAYS = 365


def start(home):
    nginx, folder = program("nginx", "nginx"), home.configuration("nginx")
    prefix = home.data("nginx")
    (prefix / "logs").mkdir(exist_ok=True)
    shutil.copy(DEPLOY / "nginx" / "nginx.conf", folder)
    (folder / "conf.d").mkdir()
    shutil.copy(DEPLOY / "nginx" / "marquee.conf", folder / "conf.d")
    shutil.copytree(DEPLOY / "nginx" / "marquee", folder / "marquee")
    address, plain = (f"127.0.0.1:{home.port(name)}" for name in ("nginx", "nginx-plain"))
    certificate, key = _certificate(home)
    # Also without TLS, which a shop on the Internet does not have.
    (folder / "marquee" / "listen.conf").write_text(
        f"listen {plain};\nlisten {address} ssl http2;\nserver_name localhost;\n"
        f"ssl_certificate {certificate};\nssl_certificate_key {key};\n"
    )
    upstream = folder / "marquee" / "upstream.conf"
    upstream.write_text(_upstream((DEPLOY / "nginx" / "marquee" / "upstream.conf").read_text(), home.state["marquee"]["nodes"]))
    words = [nginx, "-p", prefix, "-c", folder / "nginx.conf"]
    checked = subprocess.run([*words, "-t", "-q"], capture_output=True, text=True, check=False)
    if checked.returncode:
        raise Failed(f"nginx does not take its configuration: {checked.stderr.strip()}")
    ready = f"tcp://{address}"
    home.start("nginx", [*words, "-g", "daemon off;"], ready=ready, address=f"https://{address}", part="nginx", data=str(prefix))
    home.until_ready("nginx")
    watch = [sys.executable, DEPLOY / "nginx" / "readyz_watch.py", upstream, *words, "-s", "reload"]
    home.start("readyz-watch", watch, ready=ready, address="", part="nginx", data=str(upstream))
    told = {"url": f"https://{address}", "plain_url": f"http://{plain}", "certificate": str(certificate)}
    home.tell(nginx={**told, "access_log": str(prefix / "logs" / "access.log")})


def _upstream(shipped, nodes):
    """The shipped file with these nodes instead of its own."""
    lines = shipped.split("\n")
    own = [at for at, line in enumerate(lines) if re.match(r"\s*server ", line)]
    settings = re.search(r" max_fails=[^;]*", lines[own[0]])[0]
    ours = [f"    server {node['url'].removeprefix('http://')}{settings}; # {node['ops']}/readyz" for node in nodes]
    return "\n".join([*lines[: own[0]], *ours, *lines[own[-1] + 1 :]])


def _certificate(home):
    """Signed by itself: whoever wants to be sure names it, as the tests do."""
    folder = home.data("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not certificate.exists():
        words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=localhost"]
        words += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", str(CERTIFICATE_DAYS)]
        made = subprocess.run(
            [program("openssl", "openssl"), *words, "-keyout", key, "-out", certificate], capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise Failed(f"no certificate: {made.stderr.strip()}")
        os.chmod(key, 0o600)
    return certificate, key
