#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mixed load that watches every request:

    mixed.py HOST PORT KIND CONNECTIONS SECONDS OLDEST_MS

KIND is http, redis or memcached. Of the connections some ask for little, some for much, and some
are new for every request. Every answer is compared. Ends with status 1 as soon as one request, the
set-up of its connection included, is older than OLDEST_MS without its whole answer: a load
generator that looks at those that came would not notice that one of them never does. Prints a line
of JSON: requests, oldest_ms.
"""

import json
import selectors
import socket
import sys
import time

LOOK_SECONDS = 0.1  # How often the oldest request is looked for.
LIFE = 2000  # Requests until a connection is opened anew.
VALUE = b"v" * 100


class Answer:
    """Whole when as many bytes came as are wanted; of HTTP, the first one tells how many."""

    def __init__(self, wanted=None):
        self.wanted = wanted
        self.size = len(wanted) if wanted else 0

    def is_whole(self, got):
        if not self.size:
            head, found, _ = bytes(got).partition(b"\r\n\r\n")
            if not found:
                return False
            lines = head.lower().split(b"\r\n")
            length = next(line for line in lines if line.startswith(b"content-length:"))
            if b" 200 " not in lines[0]:
                raise ValueError(f"answered {lines[0]}")
            self.size = len(head) + 4 + int(length.split(b":")[1])
        if len(got) > self.size or (self.wanted and not self.wanted.startswith(bytes(got))):
            raise ValueError(f"wrong answer {bytes(got)[:100]}")
        return len(got) == self.size


class Connection:
    """Asks again and again, one request after the other."""

    def __init__(self, selector, address, request, answer, life):
        self.selector, self.address, self.life = selector, address, life
        self.request, self.answer = request, answer
        self.count = 0
        self.open()

    def open(self):
        self.asked = 0
        self.started = time.monotonic()
        self.got = bytearray()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.socket.connect(self.address)
        except BlockingIOError:
            pass
        self.selector.register(self.socket, selectors.EVENT_WRITE, self)

    def ask(self):
        self.started = time.monotonic()
        self.got.clear()
        self.asked += 1
        if self.socket.send(self.request) != len(self.request):
            raise ValueError("no room for a request")

    def ready(self, mask):
        """Goes on; returns whether a request was answered."""
        if mask & selectors.EVENT_WRITE:  # Connected: its time counts to the first request.
            started = self.started
            self.selector.modify(self.socket, selectors.EVENT_READ, self)
            self.ask()
            self.started = started
            return False
        part = self.socket.recv(65536)
        if not part:
            raise ValueError("closed in the middle")
        self.got += part
        if not self.answer.is_whole(self.got):
            return False
        self.count += 1
        return True

    def next(self):
        if self.asked < self.life:
            self.ask()
            return
        self.selector.unregister(self.socket)
        self.socket.close()
        self.open()


def http(path, close=False):
    word = b"close" if close else b"keep-alive"
    return b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: " + word + b"\r\n\r\n"


# By kind: what is asked first, and its answer; and requests, answers, life, and how many in 10.
def http_mix():
    return None, [(http(b"/1k"), Answer(), LIFE, 4), (http(b"/16k"), Answer(), LIFE, 2),
                  (http(b"/1k", True), Answer(), 1, 4)]


def redis_mix():
    put = b"SET key " + VALUE + b"\r\n"
    value = b"$%d\r\n%s\r\n" % (len(VALUE), VALUE)
    return (put, b"+OK\r\n"), [(b"GET key\r\n", Answer(value), LIFE, 4),
                               (put, Answer(b"+OK\r\n"), LIFE, 2),
                               (put * 16, Answer(b"+OK\r\n" * 16), LIFE, 2),
                               (b"PING\r\n", Answer(b"+PONG\r\n"), 1, 2)]


def memcached_mix():
    put = b"set key 0 0 %d\r\n%s\r\n" % (len(VALUE), VALUE)
    value = b"VALUE key 0 %d\r\n%s\r\nEND\r\n" % (len(VALUE), VALUE)
    return (put, b"STORED\r\n"), [(b"get key\r\n", Answer(value), LIFE, 6),
                                  (put, Answer(b"STORED\r\n"), LIFE, 2),
                                  (b"get key\r\n", Answer(value), 1, 2)]


MIXES = {"http": http_mix, "redis": redis_mix, "memcached": memcached_mix}


def prepare(address, first):
    if first:
        with socket.create_connection(address, 10) as client:
            client.sendall(first[0])
            said = client.recv(100)
            if said != first[1]:
                raise ValueError(f"to {first[0][:20]} it said {said}")


def run(address, kind, total, seconds, limit_ms):
    first, mix = MIXES[kind]()
    prepare(address, first)
    selector = selectors.DefaultSelector()
    connections = [Connection(selector, address, request, answer, life)
                   for request, answer, life, part in mix
                   for _ in range(max(total * part // 10, 1))]
    oldest_ms = 0.0
    now = time.monotonic()
    end, look = now + seconds, now
    while now < end:
        for key, mask in selector.select(LOOK_SECONDS):
            connection = key.data
            if connection.ready(mask):
                oldest_ms = max(oldest_ms, (time.monotonic() - connection.started) * 1000)
                connection.next()
        now = time.monotonic()
        if now >= look + LOOK_SECONDS:
            look = now
            late = min(connections, key=lambda one: one.started)
            if (now - late.started) * 1000 > limit_ms:
                raise ValueError(f"{late.request[:40]}: no answer in {now - late.started:.1f} s, "
                                 f"{len(late.got)} bytes of it; it had {late.count} before")
        if oldest_ms > limit_ms:
            raise ValueError(f"a request took {oldest_ms:.0f} ms")
    print(json.dumps({"requests": sum(one.count for one in connections),
                      "oldest_ms": round(oldest_ms, 1)}))


def main():
    host, port, kind, total, seconds, limit_ms = sys.argv[1:]
    try:
        run((host, int(port)), kind, int(total), float(seconds), float(limit_ms))
    except (OSError, ValueError) as error:
        sys.exit(f"{kind}: {error}")


if __name__ == "__main__":
    main()
