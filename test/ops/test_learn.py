# SPDX-License-Identifier: Apache-2.0
"""Images learned from a run, on the real kernel: it lies beside ops where both were built."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

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


def learn(place, *args, folder=None):
    """Runs `ops image create --learn` with the real kernel."""
    tool("qemu-system-x86_64")
    kernel = place.ops.parent / "soliton.elf"
    if not kernel.exists() or not os.path.exists(PYTHON):
        raise Skip("the kernel was not built, or there is no python3")
    return subprocess.run([str(place.ops), "image", "create", "--learn", "-i", "web",
                           "--timeout", "120", *map(str, args)],
                          capture_output=True, text=True, cwd=folder or place.folder, env=place.env,
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


@contextlib.contextmanager
def folder_on_disk():
    """One that a machine sees as it is here: it has a /tmp of its own."""
    for top in ("/srv", "/opt", str(pathlib.Path.home())):
        if os.access(top, os.W_OK):
            with tempfile.TemporaryDirectory(prefix=".ops-test-", dir=top) as folder:
                yield pathlib.Path(folder)
            return
    raise Skip("there is no folder to write to but in /tmp")


@test
def script_is_learned_with_what_lies_beside_it(place):
    with folder_on_disk() as folder:
        (folder / "app.py").write_text(f"#!{PYTHON} -B\nimport beside\nprint(beside.WORD)\n")
        (folder / "app.py").chmod(0o755)
        (folder / "beside.py").write_text("WORD = 'together'\n")
        done = learn(place, "./app.py", folder=folder)
        assert (done.returncode, done.stdout) == (0, "together\nweb\n"), done
        root = extract(place.home / "images/web.img", 2)
        assert b"together" in debugfs(root, f"cat {folder}/beside.py")
        assert f"arg {folder}/app.py" in debugfs(root, "cat /etc/soliton/manifest").decode()


@test
def learning_ends_whatever_the_image_does_at_its_end(place):
    place.config({"RebootOnExit": True, "RunConfig": {"Debug": True}})
    done = learn(place, "-c", "config.json", PYTHON, "-a", "-c", "-a", "import colorsys")
    assert (done.returncode, done.stdout) == (0, "web\n"), done
    root = extract(place.home / "images/web.img", 2)
    assert "exit restart" in debugfs(root, "cat /etc/soliton/manifest").decode()


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
