#!/usr/bin/env python3
"""The distributed profile on one machine, without Docker: PostgreSQL under Patroni, Redis Cluster, Kafka, Marquee nodes, nginx.

    stack.py up [--parts A,B] [--dir DIR] [--marquee FILE] [--demo]     brings it up; it stays
    stack.py down [--dir DIR] [--purge]                                 ends it; --purge removes its data too
    stack.py status [--dir DIR]                                         what runs where
    stack.py start|stop|kill NAME [--dir DIR]                           one service of it; kill is kill -9
    stack.py run [--parts A,B] [--marquee FILE] COMMAND...              a stack of its own around a command

What runs is described in DIR/stack.json. `run` names that file in MARQUEE_TEST_STACK, and the engines as the other scripts do in
MARQUEE_TEST_POSTGRES and MARQUEE_TEST_REDIS."""

import sys

from stack.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__))
