#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's own nginx in a machine of its own, seen from outside: demo.py [--keep]

Packs /usr/sbin/nginx as it is, boots the image, waits for it, fetches a page with curl, and says
how long that took. With --keep the machine stays, and the URL is printed; Ctrl-C ends it. Fails
when no page came within the time a person would wait.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
OPS = os.path.join(TOP, "build", "ops")
KERNEL = os.path.join(TOP, "build", "soliton.elf")
SECONDS_MAX = 60
MEMORY = "128M"

EXAMPLE = os.path.join(TOP, "examples", "nginx")
CONFIG = {
    "Args": ["-e", "stderr", "-c", "/etc/nginx.conf"],
    "MapDirs": {f"{EXAMPLE}/nginx.conf": "/etc", f"{EXAMPLE}/www": "/srv/www"},
    "RunConfig": {"Memory": MEMORY},
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url, seconds):
    """The page, or None while there is nobody to ask."""
    done = subprocess.run(["curl", "-s", "-S", "--max-time", f"{seconds:.2f}", url],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


def wait_for_page(url, machine, start):
    """(page, seconds since `start`), or exits when the machine ends or time is up."""
    # QEMU takes connections before the guest is up and then loses them: ask again soon, not late.
    patience = 0.1
    while time.monotonic() - start < SECONDS_MAX:
        page = fetch(url, patience)
        patience *= 1.2
        if page is not None:
            return page, time.monotonic() - start
        if machine.poll() is not None:
            sys.exit(f"demo: the machine ended with status {machine.returncode}")
        time.sleep(0.01)
    machine.send_signal(signal.SIGINT)
    sys.exit(f"demo: no page after {SECONDS_MAX} s")


def boot_time(log_path):
    """What ops passes on of the kernel's own account, in ms; None where it said nothing."""
    with open(log_path, encoding="utf-8", errors="replace") as log:
        found = re.search(r"boot[^0-9]*([0-9.]+) ms", log.read())
    return found.group(1) if found else None


def main():
    keep = "--keep" in sys.argv[1:]
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory(prefix="soliton-demo-") as folder:
        config = f"{folder}/config.json"
        with open(config, "w", encoding="utf-8") as file:
            json.dump(CONFIG, file)
        log_path = f"{folder}/log"
        with open(log_path, "w", encoding="utf-8") as log:
            start = time.monotonic()
            machine = subprocess.Popen([OPS, "run", "--verbose", "-c", config, "-p", f"{port}:80",
                                        "/usr/sbin/nginx"], stdout=log, stderr=log)
        try:
            page, seconds = wait_for_page(url, machine, start)
            print(f"{url} says: {page.splitlines()[0]}")
            if keep:
                print(f"serving at {url} until Ctrl-C", flush=True)
                machine.wait()
        except KeyboardInterrupt:
            pass
        finally:
            machine.send_signal(signal.SIGINT)
            machine.wait()
        print(f"kernel       {os.path.getsize(KERNEL) / 1024:.0f} KiB")
        print(f"guest RAM    {MEMORY}")
        print(f"first byte   {seconds * 1000:.0f} ms after the start of ops")
        print(f"guest boot   {boot_time(log_path) or '?'} ms, as the kernel reports")
        with open(f"{EXAMPLE}/www/index.html", encoding="utf-8") as file:
            packed = file.read()
        if page != packed:
            sys.exit("demo: that is not the page that was packed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
