#!/usr/bin/env python3
"""Takes nodes that cannot sell out of nginx's rotation, and puts them back: nginx itself has no active health checks.

    readyz_watch.py UPSTREAM_CONF [RELOAD_COMMAND...]

Every server line of UPSTREAM_CONF that ends in `# http://…/readyz` is asked every second. Three looks without a 200 take it out, one
puts it back; when none is ready all stay in, so that customers hear from Marquee why. A restart is over before that: nginx passes
over a node that does not listen, and each reload ends connections that customers keep open. RELOAD_COMMAND is `nginx -s reload` unless
given; it runs only when something has changed."""

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

SERVER = re.compile(r"^(?P<server>\s*server\s+(?P<address>\S+).*?)(?P<down>\s+down)?;\s*#\s*(?P<readyz>http://\S+)\s*$")
LOOK_S = 1
TIMEOUT_S = 1
MISSES_MAX = 3


def is_ready(readyz):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(readyz, timeout=TIMEOUT_S):
            return True
    except (OSError, urllib.error.URLError):
        return False


def with_marks(text, is_out):
    """The configuration with `down` at exactly those servers."""

    def line(found):
        return f"{found['server']}{' down' if is_out(found['readyz']) else ''}; # {found['readyz']}"

    return "\n".join(SERVER.sub(line, one) for one in text.split("\n"))


def look(path, misses):
    """One look at every node. Returns the configuration as it is and as it should be."""
    with open(path, encoding="utf-8") as file:
        before = file.read()
    nodes = [found["readyz"] for one in before.split("\n") if (found := SERVER.match(one))]
    for readyz in nodes:
        misses[readyz] = 0 if is_ready(readyz) else misses.get(readyz, 0) + 1
    out = {readyz for readyz in nodes if misses[readyz] >= MISSES_MAX}
    return before, with_marks(before, lambda readyz: readyz in out and len(out) < len(nodes))


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    path, reload, misses, over = arguments[0], arguments[1:] or ["nginx", "-s", "reload"], {}, threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    while not over.wait(LOOK_S):
        before, after = look(path, misses)
        if after == before:
            continue
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(after)
        os.replace(f"{path}.new", path)
        print("\n".join(one.strip() for one in after.split("\n") if SERVER.match(one)), flush=True)
        subprocess.run(reload, check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
