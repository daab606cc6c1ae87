"""Kafka in KRaft mode: one broker, as scripts/with_kafka.py makes one."""

import importlib
import subprocess

from stack.home import ROOT, Failed

# The script that knows how; without it there is no such part.
SCRIPT = ROOT / "scripts" / "with_kafka.py"


def start(home):
    kafka = importlib.import_module(SCRIPT.stem)
    if lacking := kafka.missing():
        raise Failed(lacking)
    folder, port = home.data("kafka"), home.port("kafka")
    # Made anew, for ports that may be others now; what is in its topics stays.
    (folder / "server.properties").unlink(missing_ok=True)
    try:
        command = kafka.prepare(str(folder), port)
    except subprocess.CalledProcessError as failed:
        raise Failed(f"no Kafka: {failed}") from None
    address = f"127.0.0.1:{port}"
    home.start("kafka", command, ready=f"tcp://{address}", address=address, part="kafka", data=str(folder))
    home.until(lambda: kafka.answers(port), "kafka", "kafka")
    home.tell(kafka={"brokers": address})
