"""The folder of a stack: what runs in it, where, and how to say so to others (stack.json)."""

import contextlib
import fcntl
import json
import os
import pwd
import random
import secrets
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from stack import process

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
# Below the ports that the kernel gives to whoever asks for any, also with a Redis Cluster's bus port 10,000 above.
PORTS = range(11_000, 22_000)
BUS_OFFSET = 10_000
# Seconds a part may take to be ready; the first start of a Patroni cluster is the longest.
READY_S = 90
# Characters of a log that are shown when its service did not start.
LOG_SHOWN = 2_000


class Failed(Exception):
    """Something that whoever called has to know, in one line."""


class Home:
    """One stack. What it knows is in stack.json after every change, so that nothing is lost with whoever started it."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.file = self.folder / "stack.json"
        self.abandoned = threading.Event()
        self._lock = threading.RLock()
        self.state = {"services": {}, "ports": {}, "secrets": {}}
        with contextlib.suppress(FileNotFoundError):
            self.state |= json.loads(self.file.read_text())

    @contextlib.contextmanager
    def alone(self):
        """Nobody else starts or ends anything here meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Failed(f"another stack.py is at work in {self.folder}") from None
            yield

    def save(self):
        with self._lock:
            new = self.file.with_suffix(".new")
            # It holds passwords.
            with open(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(self.state, file, indent=2)
            new.rename(self.file)

    @property
    def services(self):
        return self.state["services"]

    def running(self):
        return [name for name, service in self.services.items() if process.is_running(service)]

    def tell(self, **facts):
        """Adds to what stack.json says beside the services."""
        with self._lock:
            self.state |= facts
            self.save()

    def port(self, name, bus=False):
        """A free port, the same one at every start while nobody else took it."""
        with self._lock:
            taken = set(self.state["ports"].values())
            before = self.state["ports"].get(name)
            pick = iter([before] if before else [])
            for _ in PORTS:
                port = next(pick, None) or random.choice(PORTS)
                wanted = [port, port + BUS_OFFSET] if bus else [port]
                if (port == before or port not in taken) and all(map(is_free, wanted)):
                    self.state["ports"][name] = port
                    return port
        raise Failed("no free port")

    def secret(self, name):
        with self._lock:
            return self.state["secrets"].setdefault(name, secrets.token_urlsafe(18))

    def data(self, name, account=None):
        """A service's own folder."""
        folder = self.folder / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        if account:
            shutil.chown(folder, account)
        return folder

    def configuration(self, name):
        """A folder of what a service is configured with, made anew."""
        folder = self.folder / "config" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def start(self, name, command, *, ready, folder=None, environment=None, account=None, stops_within_s=10, **facts):
        """Starts a service. `ready` is an address that answers once it is: tcp://host:port, or http:// with 200."""
        (self.folder / "logs").mkdir(exist_ok=True)
        service = {
            "command": [str(word) for word in command],
            "environment": environment or {},
            "account": account,
            "folder": str(folder or self.folder),
            "log": str(self.folder / "logs" / f"{name}.log"),
            "ready": ready,
            "stops_within_s": stops_within_s,
            **facts,
        }
        with self._lock:
            process.spawn(service)
            self.services[name] = service
            self.save()

    def start_again(self, name):
        """Starts a service as it was."""
        with self._lock:
            process.spawn(self.services[name])
            self.save()

    def until(self, ready, what, *services):
        """Waits for a condition, as long as these services live."""
        deadline = time.monotonic() + READY_S
        while not ready():
            if self.abandoned.is_set():
                raise Failed("given up")
            for name in services:
                if not process.is_running(self.services[name]):
                    raise Failed(f"{name} ended before it was ready:\n{self.last_words(name)}")
            if time.monotonic() > deadline:
                raise Failed(f"{what} took longer than {READY_S} s; see {self.folder}/logs")
            time.sleep(process.LOOK_S)

    def until_ready(self, *names):
        for name in names:
            self.until(lambda: answers(self.services[name]["ready"]), name, name)

    def last_words(self, name):
        return Path(self.services[name]["log"]).read_text(errors="replace")[-LOG_SHOWN:].strip()


def answers(address):
    """Whether somebody is there, and for http:// says 200."""
    if address.startswith("tcp://"):
        host, port = address.removeprefix("tcp://").split(":")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return True
        return False
    return ask(address) is not None


def ask(address):
    """The body of a 200; None for everything else."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=2) as answer:
            return answer.read()
    except (OSError, urllib.error.URLError):
        return None


def is_free(port):
    with socket.socket() as probe:
        # A connection of before that lingers does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def postgres_account():
    """PostgreSQL refuses to run as root: its own account runs it where we are root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise Failed("no account postgres (Debian: apt install postgresql)") from None


def program(name, package):
    """Where a program is, also in the folders that only root's path names."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        raise Failed(f"no {name} on this machine: scripts/setup stack installs what is missing (Debian: apt install {package})")
    return found
