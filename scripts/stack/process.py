"""Processes that outlive who started them, known by their id and the moment they began: an id alone may be somebody else's."""

import os
import signal
import subprocess
import time

# Field of /proc/PID/stat behind the name: the state, and the start in clock ticks since the machine's.
STATE, STARTED = 0, 19
# Seconds between two looks at something that is awaited.
LOOK_S = 0.05


def _stat(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def started(pid):
    """When that process began; None when there is none, or when it has ended and nobody has buried it."""
    fields = _stat(pid)
    return int(fields[STARTED]) if fields and fields[STATE] not in "ZX" else None


def is_running(service):
    return service.get("pid") is not None and started(service["pid"]) == service["started"]


def below(pid):
    """That process and every descendant of it."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(entry)):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found


def spawn(service):
    """Starts it in a session of its own, so that Ctrl-C at the terminal does not end it out of turn."""
    account = service["account"]
    identity = {"user": account, "group": account, "extra_groups": []} if account else {}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MARQUEE_", "PATRONI_", "PG"))}
    with open(service["log"], "ab") as log:
        child = subprocess.Popen(
            service["command"],
            env={**environment, **service["environment"]},
            cwd=service["folder"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **identity,
        )
    service["pid"], service["started"] = child.pid, started(child.pid)
    return child


def send(service, number):
    """Sends a signal, if it still is that process."""
    if is_running(service):
        try:
            os.kill(service["pid"], number)
        except ProcessLookupError:
            pass


def end(service):
    """SIGTERM, and SIGKILL to whatever of it is left after its time: whether it ended by itself."""
    family = _family(service)
    send(service, signal.SIGTERM)
    deadline = time.monotonic() + service["stops_within_s"]
    while is_running(service) and time.monotonic() < deadline:
        _bury(service["pid"])
        time.sleep(LOOK_S)
    by_itself = not is_running(service)
    _kill(family | _family(service))
    return by_itself


def kill(service):
    """`kill -9` of it and of all that it started, as when its machine is gone."""
    _kill(_family(service))


def _family(service):
    ids = below(service["pid"]) if is_running(service) else []
    ids += postgres_in(service["postgres_in"]) if "postgres_in" in service else []
    return {pid: started(pid) for pid in ids}


def postgres_in(folder):
    """Every process of a PostgreSQL on data in that folder: it outlives the Patroni that started it."""
    folder, found = os.path.realpath(folder), []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/comm", encoding="utf-8", errors="replace") as name:
                # Whoever just looks around in there is not meant.
                if name.read() == "postgres\n" and os.readlink(f"/proc/{entry}/cwd").startswith(f"{folder}/"):
                    found.append(int(entry))
        except OSError:
            continue
    return found


def _kill(family):
    for pid, since in family.items():
        if since is not None and started(pid) == since:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    deadline = time.monotonic() + 5
    while any(since is not None and started(pid) == since for pid, since in family.items()):
        for pid in family:
            _bury(pid)
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes that kill -9 does not end: {sorted(family)}")
        time.sleep(LOOK_S)


def _bury(pid):
    """A child of ours that has ended stays in the table until it is waited for."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
