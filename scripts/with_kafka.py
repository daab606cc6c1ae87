#!/usr/bin/env python3
"""Runs a command beside a Kafka broker of its own, and ends that broker with it.

    with_kafka.py COMMAND...
    with_kafka.py --broker FOLDER PORT    becomes a broker on 127.0.0.1:PORT with its data in FOLDER, until it is killed

The broker's address is in MARQUEE_TEST_KAFKA. It is Apache Kafka in KRaft mode: one process that is broker and controller, from
the jars of scripts/kafka/pom.xml, which Maven fetches into target/kafka when they are not there yet. Needs Java 17 and
Maven; says so when they are not there."""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
POM = os.path.join(HERE, "kafka", "pom.xml")
JARS = os.path.join(os.path.dirname(HERE), "target", "kafka")
# Seconds a broker may take to answer: a busy machine starts a virtual machine slowly.
READY_S = 90
# It keeps little, and has to start fast.
JAVA = ["java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
JAVA += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]
CLUSTER_ID = "bWFycXVlZS1rYWZrYS10ZQ"
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={folder}/data
auto.create.topics.enable=false
default.replication.factor=1
num.partitions=4
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""


def missing():
    """What this machine lacks for a broker, or None."""
    lacking = [package for program, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")) if shutil.which(program) is None]
    return f"no Kafka without Java 17 and Maven (Debian: apt install {' '.join(lacking)})" if lacking else None


def classpath():
    """The broker's jars, fetched once: a folder is there whole or not at all."""
    with open(POM, "rb") as pom:
        version = hashlib.sha256(pom.read()).hexdigest()[:16]
    folder = os.path.join(JARS, version)
    os.makedirs(JARS, exist_ok=True)
    with open(os.path.join(JARS, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(folder):
            print("with_kafka: fetching Kafka's jars", file=sys.stderr)
            partial = tempfile.mkdtemp(dir=JARS)
            fetch = ["mvn", "-B", "-q", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={partial}", "-DincludeScope=runtime"]
            subprocess.run(fetch, check=True, stdout=sys.stderr)
            os.rename(partial, folder)
    return os.path.join(folder, "*")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def prepare(folder, port):
    """Makes the folder of a broker, unless it is there: the command that is the broker."""
    settings = os.path.join(folder, "server.properties")
    jars = classpath()
    if not os.path.exists(settings):
        os.makedirs(folder, exist_ok=True)
        partial = settings + ".new"
        with open(partial, "w", encoding="utf-8") as file:
            file.write(SETTINGS.format(port=port, controller=free_port(), folder=folder))
        tool = [*JAVA, "-cp", jars, "kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", CLUSTER_ID, "-c", partial]
        subprocess.run(tool, check=True, stdout=subprocess.DEVNULL)
        os.rename(partial, settings)
    return [*JAVA, "-cp", jars, "kafka.Kafka", settings]


def start(folder, port):
    """Starts a broker with its data in `folder`, which may be there from before: its process, which is the broker itself."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "log"), "ab") as log:
        return subprocess.Popen(prepare(folder, port), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def answers(port):
    """Whether a broker on `port` says which calls it knows: the first thing that any client asks."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as link:
            # ApiVersions, version 0, correlation 1, no client name.
            request = struct.pack(">hhih", 18, 0, 1, -1)
            link.sendall(struct.pack(">i", len(request)) + request)
            return len(link.recv(8)) == 8
    except OSError:
        return False


def wait_ready(broker, port):
    deadline = time.monotonic() + READY_S
    while not answers(port):
        if broker.poll() is not None:
            raise RuntimeError(f"the broker ended with {broker.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError("the broker took too long")
        time.sleep(0.05)


def beside(command):
    """Runs `command` beside a broker in a folder that is gone afterwards."""
    work, broker = tempfile.mkdtemp(prefix="marquee-kafka-"), None
    # Told to end, it ends the broker too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        port = free_port()
        broker = start(work, port)
        wait_ready(broker, port)
        return subprocess.run(command, env={**os.environ, "MARQUEE_TEST_KAFKA": f"127.0.0.1:{port}"}).returncode
    except (subprocess.CalledProcessError, RuntimeError) as error:
        print(f"with_kafka: Kafka did not start: {error}", file=sys.stderr)
        if os.path.exists(f"{work}/log"):
            with open(f"{work}/log", encoding="utf-8", errors="replace") as log:
                sys.stderr.writelines(log.readlines()[-20:])
        return 1
    finally:
        if broker is not None:
            broker.kill()
            broker.wait()
        shutil.rmtree(work, ignore_errors=True)


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    if lacking := missing():
        print(f"with_kafka: {lacking}", file=sys.stderr)
        return 2
    if arguments[0] != "--broker":
        return beside(arguments)
    folder, port = os.path.abspath(arguments[1]), int(arguments[2])
    broker = prepare(folder, port)
    # The broker has this process's id: who started this can kill it.
    os.execvp(broker[0], broker)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
