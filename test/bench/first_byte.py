#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks HOST PORT REQUEST until the first byte comes, at most SECONDS; prints when that was, as
time.monotonic(), which all processes of a machine share. REQUEST is a bytes literal."""

import ast
import socket
import sys
import time

host, port, request, seconds = sys.argv[1], int(sys.argv[2]), ast.literal_eval(sys.argv[3]), \
    float(sys.argv[4])
end = time.monotonic() + seconds
# A wire that takes connections before the guest is up loses them: ask again soon, not late.
patience = 0.02
while time.monotonic() < end:
    try:
        with socket.create_connection((host, port), timeout=patience) as client:
            client.sendall(request)
            client.settimeout(max(patience, 0.2))
            if client.recv(1):
                print(time.monotonic())
                sys.exit(0)
    except OSError:
        pass
    patience = min(patience * 1.2, 2)
    time.sleep(0.001)
sys.exit(f"no answer from {host} port {port} in {seconds:.0f} s")
