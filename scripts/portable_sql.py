#!/usr/bin/env python3
"""Proves that the one SQL text is one for both engines: applies every migration to a fresh PostgreSQL and prepares every
statement of every store there. (SQLite runs them all in the tests.) Needs PostgreSQL's server programs; says so when they
are not there."""

import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STATEMENT = re.compile(r'"((?:\s|\\\n)*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b(?:[^"\\]|\\.|\\\n)*)"', re.S)


def programs():
    """The folder of the newest PostgreSQL, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


def statements(log):
    """(origin, text) of every SQL literal in a store, and of every statement the tests ran, as MARQUEE_SQL_LOG noted it."""
    stores = [path for path in ROOT.glob("crates/*/src/**/*.rs") if path.name == "store.rs" or "store" in path.parts]
    for path in sorted(stores):
        source = path.read_text()
        for match in STATEMENT.finditer(source):
            text = re.sub(r"\\\n\s*", "", match.group(1)).replace("\\\\", "\\").replace('\\"', '"')
            # What has a hole is filled at run time: the log has it whole.
            if "{" not in text:
                yield f"{path.relative_to(ROOT)}:{source.count(chr(10), 0, match.start()) + 1}", text
    # Tests make tables of their own; what names none of ours is theirs.
    ours = set(re.findall(r"CREATE TABLE (\w+)", "".join(path.read_text() for path in ROOT.glob("migrations/*.sql"))))
    for text in sorted(set(pathlib.Path(log).read_text().splitlines() if log else [])):
        named = set(re.findall(r"\b(?:FROM|INTO|UPDATE|JOIN) (\w+)", text))
        if re.match(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text) and named & ours:
            yield f"statement '{text[:60]}…'", text


def main():
    folder = programs()
    if folder is None:
        print("portable sql: skipped, no PostgreSQL server on this machine (Debian: postgresql)")
        return 0
    work = tempfile.mkdtemp(prefix="marquee-pg-")
    # PostgreSQL refuses to run as root: its own account runs it where we are root.
    prefix = []
    if os.geteuid() == 0:
        shutil.chown(work, "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    data = f"{work}/data"

    def run(*command, **options):
        return subprocess.run([*prefix, *command], check=True, capture_output=True, text=True, cwd=work, **options)

    try:
        run(f"{folder}/initdb", "-D", data, "-U", "marquee", "--no-sync", "-A", "trust")
        run(f"{folder}/pg_ctl", "-D", data, "-w", "-l", f"{work}/log", "start", "-o",
            f"-c listen_addresses='' -c unix_socket_directories='{work}' -c fsync=off")
        return check(lambda sql: subprocess.run(
            [*prefix, f"{folder}/psql", "-h", work, "-U", "marquee", "-d", "postgres", "-qX", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            input=sql, capture_output=True, text=True, cwd=work))
    except subprocess.CalledProcessError as error:
        print(f"portable sql: PostgreSQL did not start: {error.stderr.strip()}", file=sys.stderr)
        return 1
    finally:
        subprocess.run([*prefix, f"{folder}/pg_ctl", "-D", data, "-m", "immediate", "stop"], capture_output=True)
        shutil.rmtree(work, ignore_errors=True)


def check(psql):
    faults = 0
    for migration in sorted(ROOT.glob("migrations/*.sql")):
        outcome = psql(migration.read_text())
        if outcome.returncode:
            faults += 1
            print(f"{migration.relative_to(ROOT)}: {outcome.stderr.strip()}")
    found = list(statements(sys.argv[1] if len(sys.argv) > 1 else None))
    outcome = psql("\\set ON_ERROR_STOP 0\n\\set VERBOSITY terse\n" + "".join(
        f"PREPARE s{n} AS {' '.join(text.split())};\n" for n, (_, text) in enumerate(found)))
    for line in outcome.stderr.splitlines():
        match = re.match(r"psql:<stdin>:(\d+): (.*)", line) or re.match(r"(?:psql:)?.*?(\d+): (ERROR.*)", line)
        where = found[int(match.group(1)) - 3] if match else None
        faults += 1
        print(f"{where[0]}: {match.group(2)}" if where else line)
    print(f"portable sql: {len(found)} statements prepared on PostgreSQL, {faults} refused")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
