#!/usr/bin/env python3
"""Runs a command beside a PostgreSQL server of its own, and ends that server with it.

    with_postgres.py [--durable] COMMAND...

The server's address is in MARQUEE_TEST_POSTGRES. Without --durable it does not wait for the disk: tests of what a crash
leaves want --durable, all others want speed. Needs PostgreSQL's server programs; says so when they are not there."""

import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile

# Many test processes, each with a handful of connections a test.
CONNECTIONS = 600


def programs():
    """The folder of the newest PostgreSQL, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    on_path = shutil.which("initdb")
    return os.path.dirname(found[-1] if found else on_path) if found or on_path else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(arguments):
    durable = arguments[:1] == ["--durable"]
    command = arguments[1:] if durable else arguments
    folder = programs()
    if folder is None or not command:
        print("with_postgres: no PostgreSQL server on this machine (Debian: apt install postgresql)" if command else __doc__, file=sys.stderr)
        return 2
    work = tempfile.mkdtemp(prefix="marquee-pg-")
    # PostgreSQL refuses to run as root: its own account runs it where we are root.
    account = []
    if os.geteuid() == 0:
        shutil.chown(work, "postgres")
        account = ["runuser", "-u", "postgres", "--"]
    data, port = f"{work}/data", free_port()
    control = [*account, f"{folder}/pg_ctl", "-D", data, "-w"]
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{work}' -c max_connections={CONNECTIONS}"
    if not durable:
        settings += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    try:
        quiet = {"check": True, "capture_output": True, "text": True, "cwd": work}
        subprocess.run([*account, f"{folder}/initdb", "-D", data, "-U", "marquee", "-A", "trust", "-E", "UTF8", "--no-sync"], **quiet)
        # Not captured: the server would inherit the pipe and keep it open.
        subprocess.run([*control, "-l", f"{work}/log", "start", "-o", settings], check=True, stdout=subprocess.DEVNULL, cwd=work)
        address = f"postgres://marquee@127.0.0.1:{port}/postgres"
        return subprocess.run(command, env={**os.environ, "MARQUEE_TEST_POSTGRES": address}).returncode
    except subprocess.CalledProcessError as error:
        print(f"with_postgres: PostgreSQL did not start: {error.stderr}", file=sys.stderr)
        return 1
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=work)
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
