# SPDX-License-Identifier: Apache-2.0
"""Clients that load a server, compare every answer, and count: requests and what went wrong."""

import hashlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

from machine import Failure

SECONDS_MAX = 60  # For one answer; beyond it is a stall.
WRK_SECONDS = 3
WRK_CONNECTIONS = 50
STALL_SECONDS = 20

# Every answer's status and body are compared in wrk itself.
WRK_SCRIPT = """
local wanted = [[%s]]
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
    print(string.format("COUNTED %%d %%d %%d %%d %%d %%d", summary.requests, all,
                        e.connect, e.read, e.write, e.timeout))
end
"""


def http_get(port, path="/", seconds=SECONDS_MAX):
    """The body of a page; any other status than 200 is an error."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=seconds) as answer:
        return answer.read()


def answers_http(port, seconds):
    return len(http_get(port, seconds=seconds)) >= 0


def wrk(port, path, body, requests, connections=WRK_CONNECTIONS):
    """At least `requests` requests with wrk, each answer compared; how many there were.

    A server that closes after each answer gets few connections: QEMU's forwarding lets one wait,
    and Linux repeats a refused SYN after one second, then two, then four.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_SCRIPT % body)
        script.flush()
        total = 0
        answered_at = time.monotonic()
        while total < requests:
            done = subprocess.run(
                ["wrk", "-t1", f"-c{connections}", f"-d{WRK_SECONDS}s", "--timeout", "20s",
                 "-s", script.name, f"http://127.0.0.1:{port}{path}"],
                capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
            counted = re.search(r"^COUNTED (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.M)
            if not counted:
                raise Failure(f"wrk: {(done.stderr or done.stdout).strip()[-200:]}")
            answered, bad, *errors = map(int, counted.groups())
            if bad or any(errors):
                raise Failure(f"wrk: of {answered} answers {bad} wrong, errors {errors} "
                              "(connect, read, write, timeout)")
            if answered > 0:
                answered_at = time.monotonic()
            elif time.monotonic() - answered_at > STALL_SECONDS:
                raise Failure(f"wrk: a stall: no answer in {STALL_SECONDS} s")
            total += answered
    return total


def compare_file(port, path, content, times):
    """Fetches a file with curl, and compares size and checksum."""
    wanted = hashlib.sha256(content).hexdigest()
    for _ in range(times):
        done = subprocess.run(["curl", "-sS", "--fail", "--max-time", "300",
                               f"http://127.0.0.1:{port}{path}"], capture_output=True, check=False)
        if done.returncode != 0:
            raise Failure(f"curl {path}: {done.stderr.decode(errors='replace').strip()}")
        if len(done.stdout) != len(content) or hashlib.sha256(done.stdout).hexdigest() != wanted:
            raise Failure(f"{path}: {len(done.stdout)} bytes of {len(content)}, or other ones")
    return times


class Lines:
    """A connection that speaks lines and counted blocks."""

    def __init__(self, port, seconds=SECONDS_MAX):
        self.sock = socket.create_connection(("127.0.0.1", port), seconds)
        self.file = self.sock.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise Failure(f"the connection ended within a line: {line[:60]!r}")
        return line[:-2]

    def block(self, size):
        block = self.file.read(size + 2)
        if len(block) != size + 2 or block[size:] != b"\r\n":
            raise Failure(f"the connection ended within a block: {len(block)} of {size + 2}")
        return block[:size]


def value_of(key, size=None):
    """A value that only this key has; its size varies with the key up to 1000 bytes."""
    digest = hashlib.sha256(key).hexdigest().encode()
    size = size or 1 + int(digest[:6], 16) % 1000
    return (digest * (size // len(digest) + 1))[:size]


def answers_redis(port, seconds):
    with Lines(port, seconds) as redis:
        redis.send(b"PING\r\n")
        return redis.line() == b"+PONG"


def redis_command(redis, *words):
    text = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
    redis.send(text)


def redis_benchmark(port, requests):
    """SET and GET with redis-benchmark; how many requests there were.

    It opens its connections all at once and waits for each of them: see wrk() for why there are
    two.
    """
    done = subprocess.run(["redis-benchmark", "-p", str(port), "-n", str(requests), "-c", "2",
                           "-r", "1000", "-d", "100", "-t", "set,get", "--csv"],
                          capture_output=True, text=True, timeout=600, check=False)
    rows = [line for line in done.stdout.splitlines() if line.startswith(('"SET"', '"GET"'))]
    if done.returncode != 0 or len(rows) != 2:
        raise Failure(f"redis-benchmark: {(done.stderr or done.stdout).strip()[-200:]}")
    return 2 * requests


def redis_data(port, keys):
    """Sets keys, reads every one back on a second connection, and a value of 1 MiB as well."""
    with Lines(port) as writer, Lines(port) as reader:
        for number in range(keys):
            key = b"key:%d" % number
            redis_command(writer, b"SET", key, value_of(key))
            if number % 100 == 99 or number == keys - 1:
                for _ in range(number % 100 + 1):
                    answer = writer.line()
                    if answer != b"+OK":
                        raise Failure(f"redis: SET answered {answer[:60]!r}")
        large = value_of(b"large", 1 << 20)
        redis_command(writer, b"SET", b"large", large)
        if writer.line() != b"+OK":
            raise Failure("redis: no room for 1 MiB")
        for key, wanted in [(b"key:%d" % n, value_of(b"key:%d" % n)) for n in range(keys)] + \
                [(b"large", large)]:
            redis_command(reader, b"GET", key)
            size = reader.line()
            if size != b"$%d" % len(wanted) or reader.block(len(wanted)) != wanted:
                raise Failure(f"redis: {key.decode()} is not what was set")
    return 2 * (keys + 1)


def answers_memcached(port, seconds):
    with Lines(port, seconds) as cache:
        cache.send(b"version\r\n")
        return cache.line().startswith(b"VERSION ")


def memcached_part(port, first, last, failures):
    try:
        with Lines(port) as cache:
            for number in range(first, last):
                key = b"key:%d" % number
                value = value_of(key)
                cache.send(b"set %s 7 0 %d\r\n%s\r\n" % (key, len(value), value))
                answer = cache.line()
                if answer != b"STORED":
                    raise Failure(f"set answered {answer[:60]!r}")
            for number in range(first, last):
                key = b"key:%d" % number
                value = value_of(key)
                cache.send(b"get %s\r\n" % key)
                head = cache.line()
                if head != b"VALUE %s 7 %d" % (key, len(value)) or \
                        cache.block(len(value)) != value or cache.line() != b"END":
                    raise Failure(f"{key.decode()} is not what was set: {head[:60]!r}")
    except (OSError, Failure) as error:
        failures.append(str(error))


def memcached_data(port, keys, connections=4):
    """Sets and checks keys over several connections, so that several of its threads work."""
    failures = []
    step = (keys + connections - 1) // connections
    parts = [threading.Thread(target=memcached_part,
                              args=(port, first, min(first + step, keys), failures))
             for first in range(0, keys, step)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
    if failures:
        raise Failure(f"memcached: {failures[0]}")
    return 2 * keys


def counts(port, seconds=SECONDS_MAX):
    """What the kernel below test/app/counts.c counts, by name."""
    with socket.create_connection(("127.0.0.1", port), seconds) as sock:
        sock.sendall(b"counts\n")
        text = b""
        while not text.endswith(b"\nend 0\n"):
            got = sock.recv(65536)
            if not got:
                raise Failure("the connection ended within the counts")
            text += got
    return {name: int(value) for name, value in (line.split() for line in
                                                 text.decode().splitlines())}


def answers_counts(port, seconds):
    return bool(counts(port, seconds))


def echoed(sock, number, wanted):
    """Reads what the server has to send back."""
    got = b""
    while len(got) < len(wanted):
        more = sock.recv(100)
        if not more:
            raise Failure(f"connection {number} ended early")
        got += more
    if got != wanted:
        raise Failure(f"connection {number} got {got!r}")


def connection_storm(port, connections):
    """Opens so many connections at once, uses each twice, closes them all.

    Each is used before the next is opened: QEMU's forwarding lets no more than one wait, and Linux
    has all others try again after a second.
    """
    socks = []
    try:
        for number in range(connections):
            socks.append(socket.create_connection(("127.0.0.1", port), SECONDS_MAX))
            socks[-1].sendall(b"hello from %d\n" % number)
            echoed(socks[-1], number, b"hello from %d\n" % number)
        for number, sock in enumerate(socks):
            sock.sendall(b"still %d\n" % number)
        for number, sock in enumerate(socks):
            echoed(sock, number, b"still %d\n" % number)
    finally:
        for sock in socks:
            sock.close()
    return 2 * connections


def settle(port, before, differs, seconds):
    """Waits until the counts are what they were; the differences that remain."""
    start = time.monotonic()
    while True:
        now = counts(port)
        left = {name: (before[name], now.get(name)) for name in before
                if differs(name, before[name], now.get(name))}
        if not left or time.monotonic() - start > seconds:
            return left
        time.sleep(1)
