# SPDX-License-Identifier: Apache-2.0
"""Real servers under load over a tap, where connections come and go as they do on a network.

QEMU's own forwarding (test/app) lets one connection wait at a time and hides what the wire does.
Here 50 come at once, every answer is compared, and none may take longer than LATE_MS.
"""

import csv
import json
import re
import shutil
import socket
import subprocess

from tap import GUEST_IP, NETDEV, PORT, STATIC, Packed, Skip, own_network, qemu_command, \
    with_machine
from machine import Failure

START_SECONDS = 60
CONNECTIONS = 50
LATE_MS = 2000
BODY = "Hello from the other end of a wire\n" * 20
FILE_SIZE = 3 << 20
KEYS = 500

NGINX_CONF = f"""daemon off;
master_process off;
pid /tmp/nginx.pid;
error_log stderr warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    server {{ listen {PORT}; root /srv/www; }}
}}
"""

WRK_SCRIPT = """
local wanted = [[
%s]]
local threads = {}
bad = 0
function setup(thread) table.insert(threads, thread) end
function response(status, headers, body)
    if status ~= 200 or body ~= wanted then bad = bad + 1 end
end
function done(summary, latency, requests)
    local all = 0
    for _, thread in ipairs(threads) do all = all + thread:get("bad") end
    local e = summary.errors
    print(string.format("COUNTED %%d %%d %%d %%d", summary.requests, all,
                        e.connect + e.read + e.write + e.timeout, latency.max / 1000))
end
"""


def program(name):
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        raise Skip(f"{name} is not installed")
    return path


def on_a_tap(options, packed, kind, cpus, answers, load):
    """Starts the program, waits for an answer, loads it; what `load` says, and how the wire was."""
    def body(machine):
        machine.wait_until(lambda *_: answers(), START_SECONDS)
        before = wire_counts()
        said = load()
        machine.check_alive()
        return said + wire_report(before, wire_counts())

    with own_network():
        command = qemu_command(options, packed, kind, cpus, STATIC, [NETDEV], "mrg_rxbuf=on")
        return with_machine(command, PORT, body)


def wire_counts():
    """What this end of the wire counts of TCP, in our namespace."""
    counts = {}
    for name in ("snmp", "netstat"):
        with open(f"/proc/thread-self/net/{name}", encoding="ascii") as file:
            lines = file.read().splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            counts.update(zip(names.split()[1:], values.split()[1:]))
    return counts


def wire_report(before, after):
    """Segments sent again: ours, and those of the machine that were not lost at all (D-SACK)."""
    ours, theirs = (int(after[name]) - int(before[name])
                    for name in ("RetransSegs", "TCPDSACKOldSent"))
    return f", sent again {ours} and {theirs}" if ours or theirs else ""


def check_latest(what, latest_ms):
    if latest_ms > LATE_MS:
        raise Failure(f"{what}: an answer took {latest_ms:.0f} ms")


# ---- nginx -------------------------------------------------------------------------------------

def http_get(path, seconds):
    done = subprocess.run(["curl", "-sS", "--fail", "--max-time", str(seconds),
                           f"http://{GUEST_IP}:{PORT}{path}"], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def wrk(options):
    script = options.folder / "wrk.lua"
    script.write_text(WRK_SCRIPT % BODY)
    done = subprocess.run([program("wrk"), "-t1", f"-c{CONNECTIONS}",
                           f"-d{20 if options.long else 2}s", "--timeout",
                           f"{LATE_MS // 1000}s", "-s", str(script),
                           f"http://{GUEST_IP}:{PORT}/page"],
                          capture_output=True, text=True, timeout=120, check=False)
    counted = re.search(r"^COUNTED (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.M)
    if not counted:
        raise Failure(f"wrk: {(done.stderr or done.stdout).strip()[-200:]}")
    answered, bad, errors, latest_ms = map(int, counted.groups())
    if bad or errors or answered < CONNECTIONS:
        raise Failure(f"wrk: {answered} answers, {bad} of them wrong, {errors} errors")
    check_latest("wrk", latest_ms)
    return answered, latest_ms


def nginx(options, kind, cpus):
    root = options.folder / "www"
    root.mkdir()
    large = b"".join(b"%7d\n" % number for number in range(FILE_SIZE // 8))
    (root / "page").write_text(BODY)
    (root / "large").write_bytes(large)
    conf = options.folder / "conf"
    conf.mkdir()
    (conf / "nginx.conf").write_text(NGINX_CONF)
    config = options.folder / "config.json"
    config.write_text(json.dumps({"MapDirs": {str(conf): "/conf", str(root): "/srv/www"}}))
    program("wrk")

    def load():
        answered, latest_ms = wrk(options)
        if http_get("/large", START_SECONDS) != large:
            raise Failure("a large file came wrong")
        return f"{answered} answers, none after more than {latest_ms} ms"

    packed = Packed(program("nginx"), ["-e", "stderr", "-c", "/conf/nginx.conf"], config)
    return on_a_tap(options, packed, kind, cpus, lambda: http_get("/page", 1) == BODY.encode(),
                    load)


# ---- redis -------------------------------------------------------------------------------------

def redis_command(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def redis_ask(request, wanted, seconds):
    """Whether the answer to `request` is, to the byte, `wanted`."""
    with socket.create_connection((GUEST_IP, PORT), seconds) as client:
        client.sendall(request)
        got = b""
        while len(got) < len(wanted):
            part = client.recv(1 << 20)
            if not part:
                break
            got += part
        return got == wanted


def redis_benchmark(pipeline, requests):
    """SET and GET, each that often; the worst latency in milliseconds."""
    done = subprocess.run([program("redis-benchmark"), "-h", GUEST_IP, "-p", str(PORT), "-c",
                           str(CONNECTIONS), "-n", str(requests), "-t", "set,get", "-P",
                           str(pipeline), "-r", "1000", "-e", "--csv"],
                          capture_output=True, text=True, timeout=300, check=False)
    rows = {row.get("test"): row for row in csv.DictReader(done.stdout.splitlines())}
    if done.returncode != 0 or "rror" in done.stdout or not {"SET", "GET"} <= rows.keys():
        raise Failure(f"redis-benchmark: {(done.stderr or done.stdout).strip()[-200:]}")
    latest_ms = max(float(rows[test]["max_latency_ms"]) for test in ("SET", "GET"))
    check_latest("redis-benchmark", latest_ms)
    return latest_ms


def redis(options, kind, cpus):
    requests = 100000 if options.long else 10000
    program("redis-benchmark")

    def load():
        latest_ms = max(redis_benchmark(pipeline, requests) for pipeline in (1, 16))
        values = [(b"key:%d" % n, b"%d " % n * (n % 300 + 1)) for n in range(KEYS)]
        sets = b"".join(redis_command(b"SET", *pair) for pair in values)
        gets = b"".join(redis_command(b"GET", key) for key, _ in values)
        wanted = b"".join(b"$%d\r\n%s\r\n" % (len(value), value) for _, value in values)
        if not redis_ask(sets, b"+OK\r\n" * KEYS, START_SECONDS) or \
                not redis_ask(gets, wanted, START_SECONDS):
            raise Failure("what was set is not what is read back")
        return f"{4 * requests + 2 * KEYS} answers, none after more than {latest_ms:.0f} ms"

    packed = Packed(program("redis-server"), ["--save", "", "--protected-mode", "no", "--port",
                                              str(PORT), "--dir", "/tmp"])
    return on_a_tap(options, packed, kind, cpus,
                    lambda: redis_ask(redis_command(b"PING"), b"+PONG\r\n", 1), load)
