# SPDX-License-Identifier: Apache-2.0
"""Images learned from a run, on the real kernel: it lies beside ops where both were built."""

import os
import socket
import subprocess
import sys

from place import Skip, debugfs, e2fsck, extract, test, tool

PYTHON = "/usr/bin/python3"

SERVER = """
import http.server, json, socketserver
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        import colorsys
        self.send_response(200); self.end_headers(); self.wfile.write(b'learned')
    def log_message(self, *args): pass
try: open('/no/such/file')
except OSError: pass
socketserver.TCPServer(('', 8000), H).serve_forever()
"""

CLIENT = """
import sys, time, urllib.request
for _ in range(50):
    try:
        with urllib.request.urlopen('http://127.0.0.1:%d/' % int(sys.argv[1]), timeout=5) as answer:
            sys.exit(answer.read() != b'learned')
    except OSError:
        time.sleep(0.2)
sys.exit(9)
"""


def learn(place, *args):
    """Runs `ops image create --learn` with the real kernel."""
    tool("qemu-system-x86_64")
    kernel = place.ops.parent / "soliton.elf"
    if not kernel.exists() or not os.path.exists(PYTHON):
        raise Skip("the kernel was not built, or there is no python3")
    return subprocess.run([str(place.ops), "image", "create", "--learn", "-i", "web",
                           "--timeout", "120", *map(str, args)],
                          capture_output=True, text=True, cwd=place.folder, env=place.env,
                          timeout=180, stdin=subprocess.DEVNULL, check=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@test
def image_is_learned_from_a_run_with_a_client(place):
    port = free_port()
    client = place.write("client.py", CLIENT)
    done = learn(place, "-p", f"{port}:8000", PYTHON, "-a", "-c", "-a", SERVER, "--",
                 sys.executable, client, port)
    assert done.returncode == 0 and done.stdout.endswith("web\n"), done
    assert "asked for, and not there: '/no/such/file'" in done.stderr, done.stderr
    root = extract(place.home / "images/web.img", 2)
    e2fsck(root)
    lib = os.path.dirname(subprocess.run([PYTHON, "-c", "import os; print(os.__file__)"],
                                         capture_output=True, text=True,
                                         check=True).stdout.strip())
    assert debugfs(root, f"cat {lib}/os.py"), "what is imported at the start"
    names = (debugfs(root, f"ls -p {lib}") + debugfs(root, f"ls -p {lib}/__pycache__")).decode()
    assert "colorsys" in names, "what the client had it import"
    assert "turtle" not in names and b"daemon" in debugfs(root, "cat /etc/passwd"), names
    manifest = debugfs(root, "cat /etc/soliton/manifest").decode()
    assert "trace-files" not in manifest and "program /usr/bin/python3" in manifest, manifest


@test
def learning_that_cannot_be(place):
    program = place.compile("prog", "int main(void) { return 0; }", "-static")
    done = learn(place, program)
    assert done.returncode == 1 and "memory in a machine" in done.stderr, done
    done = learn(place, PYTHON, "-a", "-c", "-a", "import time; time.sleep(60)", "--",
                 "/usr/bin/false")
    assert done.returncode == 1 and "ended with status 1" in done.stderr, done
    done = learn(place, PYTHON, "-a", "-c", "-a", "pass", "--", "/usr/bin/sleep", "60")
    assert done.returncode == 1 and "ended before the client" in done.stderr, done
    assert not list((place.home / "images").glob("*.img"))
