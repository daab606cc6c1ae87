"""The parts of scripts/stack.py: one module for each kind of server, and what they stand on."""
