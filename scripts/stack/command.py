"""What a person can tell scripts/stack.py to do."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from stack import kafka, marquee, nginx, postgres, process, redis
from stack.home import ROOT, Failed, Home

# Parts, and what each needs; every line starts when the one above is ready, and its parts at the same time.
ENGINES = {"postgres": [], "redis": [], "kafka": []}
STAGES = [ENGINES, {"marquee": ["postgres", "redis"]}, {"nginx": ["marquee"]}]
NEEDS = {part: needs for stage in STAGES for part, needs in stage.items()}
DIRECTORY = os.environ.get("MARQUEE_STACK_DIR", "stack")
BINARY = ROOT / "target" / "debug" / "marquee"


def main(arguments, usage):
    try:
        options = _options(arguments, usage)
        return options.act(options) or 0
    except Failed as failed:
        print(f"stack: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _options(arguments, usage):
    parser = argparse.ArgumentParser(usage=usage, add_help=False)
    commands = parser.add_subparsers(required=True)

    def command(name, act, *also):
        one = commands.add_parser(name, usage=usage)
        one.set_defaults(act=act)
        if name != "run":
            one.add_argument("--dir", default=DIRECTORY)
        for flags, settings in also:
            one.add_argument(*flags, **settings)

    parts = (["--parts"], {"default": ",".join(NEEDS), "type": _parts})
    binary = (["--marquee"], {"default": BINARY})
    command("up", _up, parts, binary, (["--demo"], {"action": "store_true"}))
    command("down", _down, (["--purge"], {"action": "store_true"}))
    command("status", _status)
    for name, act in {"start": _start, "stop": _stop, "kill": _kill}.items():
        command(name, act, (["name"], {}))
    command("run", _run, parts, binary, (["command"], {"nargs": argparse.REMAINDER}))
    return parser.parse_args(arguments)


def _parts(text):
    """The parts named, and what they need."""
    wanted, looked_at = text.split(","), 0
    while looked_at < len(wanted):
        if wanted[looked_at] not in NEEDS:
            raise argparse.ArgumentTypeError(f"no part {wanted[looked_at]!r}: there are {', '.join(NEEDS)}")
        wanted += [need for need in NEEDS[wanted[looked_at]] if need not in wanted]
        looked_at += 1
    return wanted


def _up(options):
    home = Home(options.dir)
    with home.alone():
        if home.running():
            raise Failed(f"a stack runs in {home.folder} already: see `scripts/stack.py status`, end it with `make stack-down`")
        admin = marquee.DEMO_ADMIN if options.demo else (marquee.DEMO_ADMIN[0], home.secret("admin"))
        _bring_up(home, options.parts, options.marquee, options.demo, admin)
    _print_table(home)


def _bring_up(home, parts, binary, demo, admin):
    """All of it, or nothing."""
    is_new = not (home.folder / "data").exists()
    # What ran before says nothing of what runs now.
    home.state = {"services": {}, "ports": home.state["ports"], "secrets": home.state["secrets"]}
    starts = {"postgres": postgres.start, "redis": redis.start, "kafka": kafka.start, "nginx": nginx.start}
    starts["marquee"] = lambda home: marquee.start(home, os.path.abspath(binary), demo, admin)
    # Whoever ends this process ends what it has started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        for stage in STAGES:
            with ThreadPoolExecutor() as pool:
                tasks = [pool.submit(_start_part, home, part, starts[part]) for part in stage if part in parts]
                try:
                    for task in tasks:
                        task.result()
                except BaseException:
                    home.abandoned.set()
                    raise
    except BaseException as broken:
        say(f"{'it did not come up' if isinstance(broken, Exception) else 'stopped'}: ending what runs; logs are in {home.folder}/logs")
        _end_all(home)
        if is_new:
            shutil.rmtree(home.folder / "data", ignore_errors=True)
        raise


def _start_part(home, part, start):
    begun = time.monotonic()
    say(f"{part:<10} starting")
    try:
        start(home)
    except Exception:
        # The others need not wait for what will not be.
        home.abandoned.set()
        raise
    say(f"{part:<10} ready after {time.monotonic() - begun:.1f} s")


def _down(options):
    home = Home(options.dir)
    if not home.file.exists():
        say(f"no stack in {home.folder}")
        return
    with home.alone():
        count = len(home.running())
        _end_all(home)
        say(f"{count} services ended" if count else "nothing was running")
    if options.purge:
        for name in ["data", "config", "logs"]:
            shutil.rmtree(home.folder / name, ignore_errors=True)
        for name in ["stack.json", "lock"]:
            (home.folder / name).unlink(missing_ok=True)
        try:
            home.folder.rmdir()
        except OSError:
            say(f"{home.folder} holds more than the stack's: left there")
    elif (home.folder / "data").exists():
        say(f"its data stay in {home.folder}/data; `make stack-down PURGE=1` removes them")


def _end_all(home):
    """The last one first, and those of one part together."""
    names = list(home.services)
    for part in [part for stage in reversed(STAGES) for part in stage]:
        own = [name for name in reversed(names) if home.services[name]["part"] == part]
        # What others lean on goes last: the store that elects, then who was elected.
        first, last = [name for name in own if name != "etcd"], [name for name in own if name == "etcd"]
        for group in (first, last):
            with ThreadPoolExecutor() as pool:
                ended = list(pool.map(lambda name: process.end(home.services[name]), group))
            for name, by_itself in zip(group, ended):
                if not by_itself:
                    say(f"{name} did not end in its time: killed")
    home.save()


def _service(home, name):
    if name not in home.services:
        raise Failed(f"no service {name!r} in {home.folder}: there are {', '.join(home.services)}")
    return home.services[name]


def _start(options):
    home = Home(options.dir)
    with home.alone():
        if process.is_running(_service(home, options.name)):
            raise Failed(f"{options.name} runs already")
        home.start_again(options.name)
        home.until_ready(options.name)


def _stop(options):
    home = Home(options.dir)
    with home.alone():
        if not process.end(_service(home, options.name)):
            raise Failed(f"{options.name} did not end in its time: killed")


def _kill(options):
    home = Home(options.dir)
    with home.alone():
        process.kill(_service(home, options.name))


def _status(options):
    home = Home(options.dir)
    _print_table(home)
    return 0 if home.running() else 3


def _run(options):
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise Failed("run what?")
    folder = tempfile.mkdtemp(prefix="marquee-stack-")
    # PostgreSQL's account has to get through it.
    os.chmod(folder, 0o755)
    home = Home(folder)
    try:
        _bring_up(home, options.parts, options.marquee, False, marquee.TEST_ADMIN)
        return subprocess.run(command, env={**os.environ, **_test_environment(home)}, check=False).returncode
    except Failed:
        for name in home.services:
            say(f"-- {name}\n{home.last_words(name)}")
        raise
    finally:
        # As it is now: the command may have started services again.
        _end_all(Home(folder))
        shutil.rmtree(folder, ignore_errors=True)


def _test_environment(home):
    found = {"MARQUEE_TEST_STACK": str(home.file)}
    if "postgres" in home.state:
        shard = home.state["postgres"][0]
        host = home.services[postgres.primary(home, shard)]["address"]
        found["MARQUEE_TEST_POSTGRES"] = f"postgres://postgres:{home.secret('postgres')}@{host}/postgres"
    if "redis" in home.state:
        found["MARQUEE_TEST_REDIS"] = home.state["redis"]["url"]
    if "kafka" in home.state:
        found["MARQUEE_TEST_KAFKA"] = home.state["kafka"]["brokers"]
    return found


def _print_table(home):
    rows = [("SERVICE", "ADDRESS", "PID", "DATA")]
    parts = list(NEEDS)
    for name, service in sorted(home.services.items(), key=lambda one: (parts.index(one[1]["part"]), one[0])):
        is_member = "rest" in service and process.is_running(service)
        what = f"{name} ({postgres.role(home, name)})" if is_member else name
        pid = str(service["pid"]) if process.is_running(service) else "ended"
        rows.append((what, service["address"], pid, os.path.relpath(service["data"], home.folder)))
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    for *cells, last in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + "  " + last)
    if home.running():
        print(_directions(home))


def _directions(home):
    state, lines = home.state, []
    if "nginx" in state:
        lines.append(("Marquee", f"{state['nginx']['url']}/api/docs   (its certificate: {state['nginx']['certificate']})"))
    if "marquee" in state:
        admin = state["marquee"]["admin"]
        lines.append(("Sign in", f"{admin['email']}   {admin['password']}"))
    for shard in state.get("postgres", []):
        lines.append((f"psql, {shard['scope']}", f"psql '{shard['url']}'"))
    if "redis" in state:
        lines.append(("Redis", f"redis-cli -c -p {state['redis']['nodes'][0].split(':')[1]}"))
    if "kafka" in state:
        lines.append(("Kafka", state["kafka"]["brokers"]))
    lines.append(("Folder", f"{home.folder}   (logs/NAME.log, stack.json)"))
    lines.append(("One service", f"scripts/stack.py start|stop|kill NAME --dir {home.folder}"))
    lines.append(("Stop", "make stack-down   (PURGE=1 removes the data, too)"))
    return "\n" + "\n".join(f"  {what:<16} {how}" for what, how in lines) + "\n"


def say(text):
    print(f"stack: {text}", file=sys.stderr, flush=True)
