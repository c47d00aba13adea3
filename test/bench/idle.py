#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps connections open that say nothing: idle.py HOST PORT COUNT. Prints a line when all are
open, and closes them at the end of its input."""

import resource
import socket
import sys

SPARE = 64
SECONDS = 10

host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
wanted = count + SPARE
resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
held = [socket.create_connection((host, port), SECONDS) for _ in range(count)]
print(len(held), flush=True)
sys.stdin.read()
