#!/usr/bin/env python3
"""Proves that the one SQL text is one for both engines: applies every migration to a fresh PostgreSQL and prepares every
statement of every store there, also those that no test of the API runs. Run it with with_postgres.py."""

import os
import pathlib
import re
import subprocess
import sys

from with_postgres import programs

ROOT = pathlib.Path(__file__).resolve().parent.parent
STATEMENT = re.compile(r'"((?:\s|\\\n)*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b(?:[^"\\]|\\.|\\\n)*)"', re.S)


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
    ours = set(re.findall(r"CREATE (?:TABLE|VIEW) (\w+)", "".join(path.read_text() for path in ROOT.glob("migrations/*.sql"))))
    for text in sorted(set(pathlib.Path(log).read_text().splitlines() if log else [])):
        named = set(re.findall(r"\b(?:FROM|INTO|UPDATE|JOIN) (\w+)", text))
        if re.match(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text) and named & ours:
            yield f"statement '{text[:60]}…'", text


def main():
    server = os.environ["MARQUEE_TEST_POSTGRES"]
    command = [f"{programs()}/psql", "-d", server, "-qX", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    return check(lambda sql: subprocess.run(command, input=sql, capture_output=True, text=True))


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
