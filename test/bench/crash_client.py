#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Crashes a server and waits for its next life: crash_client.py HOST PORT SECONDS. The server is
test/bench/crash.c. Prints the seconds from the request that crashes it to the first byte of another
life."""

import socket
import sys
import time

host, port = sys.argv[1], int(sys.argv[2])
end = time.monotonic() + float(sys.argv[3])


def ask(patience):
    """The answer, or nothing."""
    try:
        with socket.create_connection((host, port), timeout=patience) as client:
            client.sendall(b"hello")
            return client.recv(100)
    except OSError:
        return b""


life = ask(5)
with socket.create_connection((host, port)) as victim:
    start = time.monotonic()
    victim.sendall(b"crash")
    patience = 0.02  # Whoever is down loses what is asked of it: ask again soon, not late.
    while life and time.monotonic() < end:
        answer = ask(patience)
        if answer and answer != life:
            print(time.monotonic() - start)
            sys.exit(0)
        patience = min(patience * 1.05, 0.1)
        time.sleep(0.001)
sys.exit(f"{host} port {port} did not come back")
