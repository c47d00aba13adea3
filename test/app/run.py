#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real servers, unmodified, in machines of ours, loaded by real clients; and three proofs.

    test/app/run.py [--quick|--long] [--native] [--build DIR] [--machine KIND] [--cpus N] [NAME...]

Each program runs on microvm and q35 with one and two CPUs. The long form makes 10,000 requests,
waits for 60 seconds, and makes them again; the quick form, for CI, makes a few hundred, once, on
two of the four machines. Every answer is compared. --native runs the same programs on Linux
instead, to prove the clients. The last line is `N passed, N failed, N skipped`; the exit
status is 1 if one failed. A program that is not installed is skipped.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import time

import clients
from machine import TOP, Failure, Machine, free_port, ops_command

HELLO = "Hello from Soliton\n"
START_SECONDS = 120
MACHINES = [("microvm", 1), ("microvm", 2), ("q35", 1), ("q35", 2)]
MACHINES_QUICK = [("microvm", 1), ("q35", 2)]
CONNECTIONS = 1000
PYTHON_CONNECTIONS = 4
ROUNDS = 10
SCALE_MIN = 1.6
SCALE_CONTROL_MIN = 1.7
SCALE_TRIES = 5
MEMORY_SLACK_KIB = 1024

NGINX_CONF = """daemon off;
master_process off;
pid /tmp/%(id)s.pid;
error_log stderr warn;
events { worker_connections 2048; }
http {
    access_log off;
    sendfile on;
    default_type application/octet-stream;
    client_body_temp_path /tmp/%(id)s-body;
    proxy_temp_path /tmp/%(id)s-proxy;
    fastcgi_temp_path /tmp/%(id)s-fastcgi;
    uwsgi_temp_path /tmp/%(id)s-uwsgi;
    scgi_temp_path /tmp/%(id)s-scgi;
    server { listen %(port)d; root %(root)s; }
}
"""


class Skip(Exception):
    """What the test needs is not there."""


class Options:
    """How much to do, and where."""

    def __init__(self, args, folder):
        self.long = args.long
        self.native = args.native
        self.build = pathlib.Path(args.build).resolve()
        self.folder = pathlib.Path(folder)
        self.requests = 10000 if args.long else 300
        self.rounds = 2 if args.long else 1
        self.idle_s = 60 if args.long else 0

    def files(self):
        """Pages by name, with their content: made once, the largest in the long form only."""
        sizes = {"empty": 0, "small": 1024, "large": 1 << 20}
        if self.long:
            sizes["huge"] = 100 << 20
        root = self.folder / "www"
        contents = {name: clients.value_of(name.encode(), size) if size else b""
                    for name, size in sizes.items()}
        contents["index.html"] = HELLO.encode()
        if not root.exists():
            root.mkdir()
            for name, content in contents.items():
                (root / name).write_bytes(content)
        return root, contents


def program(name):
    """The path of an installed program; a link stays one, as redis looks at its own name."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        raise Skip(f"{name} is not installed")
    return pathlib.Path(path)


def built(options, name):
    """A program that our makefile builds."""
    path = options.build / name
    if not path.exists():
        raise Skip(f"{path} is not built")
    return path


def start(options, where, path, args=(), env=None, memory="128M", dirs=None, seconds=900):
    """Starts a program natively or in a machine; its guest port is 8080, natively {port}."""
    kind, cpus = where
    port = free_port()
    if options.native:
        args = [arg.replace("{port}", str(port)) for arg in args]
        env = {name: value.replace("{port}", str(port)) for name, value in (env or {}).items()}
        return Machine([str(path), *args], port, env)
    args = [arg.replace("{port}", "8080") for arg in args]
    env = {name: value.replace("{port}", "8080") for name, value in (env or {}).items()}
    config = json.dumps({"Args": args, "Env": env, "MapDirs": dirs or {},
                         "RunConfig": {"Memory": memory}})
    file = pathlib.Path(tempfile.mkdtemp(dir=options.folder)) / "config.json"
    file.write_text(config)
    return Machine(ops_command(options.build / "ops", kind, cpus, port, path, file, seconds), port)


def drive(options, machine, answers, load):
    """Waits for the first answer, then loads, rests, and loads again; how many requests."""
    machine.wait_until(answers, START_SECONDS)
    total = 0
    for turn in range(options.rounds):
        if turn > 0:
            time.sleep(options.idle_s)
        total += load(machine.port)
        machine.check_alive()
    return f"{total} requests"


def http_hello(options, machine):
    return drive(options, machine, clients.answers_http,
                 lambda port: clients.wrk(port, "/", HELLO, options.requests))


def c_server(options, where, libc):
    path = built(options, f"examples/c/server-{libc}")
    env = {"PORT": "{port}", "THREADS": str(where[1])}
    return start(options, where, path, env=env, memory="64M"), http_hello


def go_server(options, where):
    path = built(options, "examples/go/server")
    return start(options, where, path, env={"PORT": "{port}"}), http_hello


def web_load(options, small_name, connections=clients.WRK_CONNECTIONS):
    """Files of each size compared, then many requests for a small one."""
    _, contents = options.files()

    def load(port):
        done = 0
        for name, content in contents.items():
            times = 1 if len(content) > 1 << 20 else 5
            done += clients.compare_file(port, f"/{name}", content, times)
        return done + clients.wrk(port, f"/{small_name}", contents[small_name].decode(),
                                  options.requests, connections)

    def run(same_options, machine):
        return drive(same_options, machine, clients.answers_http, load)

    return run


def nginx(options, where):
    path = program("nginx")
    root, _ = options.files()
    conf_dir = pathlib.Path(tempfile.mkdtemp(dir=options.folder))
    if options.native:
        port = free_port()
        (conf_dir / "nginx.conf").write_text(
            NGINX_CONF % {"id": f"nginx-{port}", "port": port, "root": root})
        machine = Machine([str(path), "-e", "stderr", "-c", str(conf_dir / "nginx.conf")], port)
    else:
        (conf_dir / "nginx.conf").write_text(
            NGINX_CONF % {"id": "nginx", "port": 8080, "root": "/srv/www"})
        machine = start(options, where, path, ["-e", "stderr", "-c", "/conf/nginx.conf"],
                        dirs={str(conf_dir): "/conf", str(root): "/srv/www"})
    return machine, web_load(options, "small")


def python(options, where):
    path = program("python3").resolve()
    root, _ = options.files()
    served = str(root) if options.native else "/srv/www"
    library = pathlib.Path(f"/usr/lib/{path.name}")
    machine = start(options, where, path,
                    ["-u", "-m", "http.server", "--directory", served, "{port}"], memory="256M",
                    dirs={str(root): "/srv/www", str(library): str(library)})
    return machine, web_load(options, "small", PYTHON_CONNECTIONS)


def redis(options, where):
    path = program("redis-server")
    machine = start(options, where, path,
                    ["--save", "", "--protected-mode", "no", "--port", "{port}", "--dir", "/tmp"])

    def load(port):
        return (clients.redis_benchmark(port, options.requests) +
                clients.redis_data(port, min(options.requests, 2000)))

    return machine, lambda _, running: drive(options, running, clients.answers_redis, load)


def memcached(options, where):
    path = program("memcached")
    machine = start(options, where, path,
                    ["-u", "root", "-p", "{port}", "-U", "0", "-m", "64", "-t", "4"])
    return machine, lambda _, running: drive(
        options, running, clients.answers_memcached,
        lambda port: clients.memcached_data(port, options.requests))


def leak(options, where):
    """1,000 connections at once, ten times over: the kernel's counts end where they began."""
    machine = start(options, where, built(options, "test/app/counts"), env={"PORT": "{port}"})
    connections = CONNECTIONS if options.long else CONNECTIONS // 5

    def differs(name, before, now):
        if options.native:
            return name == "descriptors" and before != now
        if name.endswith(":"):
            return now is None or abs(before - now) > MEMORY_SLACK_KIB
        return before != now

    def run(_, running):
        running.wait_until(clients.answers_counts, START_SECONDS)
        clients.connection_storm(running.port, connections)
        time.sleep(1)
        before = clients.counts(running.port)
        if not options.native and "TCP.inuse" not in before:
            raise Failure(f"the kernel counts no connections: only {sorted(before)}")
        for _ in range(ROUNDS):
            clients.connection_storm(running.port, connections)
        left = clients.settle(running.port, before, differs, 90)
        if left:
            raise Failure(f"before and after differ: {left}")
        compared = "descriptors only" if options.native else f"{len(before)} counts"
        return f"{ROUNDS} x {connections} connections, {compared} equal"

    return machine, run


def scale_ratio(machine):
    """How much faster than one thread two are, as test/app/cpu_scale says."""
    try:
        status = machine.wait_end(300)
    finally:
        machine.stop()
    times = [int(line.split()[3]) for line in machine.console if line.startswith("threads ")]
    if status != 0 or len(times) != 2:
        raise Failure(f"cpu_scale ended with status {status}")
    return times[0] / times[1]


def scale(options, where):
    """The same work with one thread and with two, in the machine and, as a control, natively.

    Other load on this computer slows two threads more than one, in the machine or out of it. A bad
    try counts only if the controls right before and after it show two free CPUs; if there is none
    such either, nothing is proved and the test is skipped. One good try is enough; all are printed.
    """
    if where[1] != 2:
        raise Skip("needs two CPUs")
    path = built(options, "test/app/cpu_scale")
    tried = []
    conclusive = False
    control = scale_ratio(Machine([str(path), "2"], 0))
    for _ in range(SCALE_TRIES):
        before = control
        ratio = before if options.native else scale_ratio(start(options, where, path, ["2"]))
        tried.append(f"{ratio:.2f} (natively {before:.2f})")
        if ratio >= SCALE_MIN:
            return None, lambda _, __: "two threads are faster than one: " + ", ".join(tried)
        control = scale_ratio(Machine([str(path), "2"], 0))
        conclusive |= min(before, control) >= SCALE_CONTROL_MIN
    if not conclusive:
        raise Skip("this computer has no two free CPUs just now: " + ", ".join(tried))
    raise Failure(f"two threads are faster than one only {', '.join(tried)}, wanted {SCALE_MIN}")


def touch(options, where):
    """2 GiB mapped and 200 MiB of it touched in a machine of 256 MiB."""
    machine = start(options, where, built(options, "test/app/touch"), memory="256M")

    def run(_, running):
        status = running.wait_end(300)
        if status != 0 or "ok" not in running.console:
            raise Failure(f"status {status}")
        return "2 GiB mapped, 200 MiB touched"

    return machine, run


TESTS = {
    "c-musl": lambda options, where: c_server(options, where, "musl"),
    "c-glibc": lambda options, where: c_server(options, where, "glibc"),
    "nginx": nginx,
    "redis": redis,
    "memcached": memcached,
    "python": python,
    "go": go_server,
    "leak": leak,
    "scale": scale,
    "touch": touch,
}


def run_one(name, options, where):
    """'passed', 'failed' or 'skipped', after printing a line."""
    label = f"{name} natively" if options.native else f"{name} on {where[0]}, {where[1]} CPUs"
    begin = time.monotonic()
    machine = None
    try:
        machine, run = TESTS[name](options, where)
        try:
            said = run(options, machine)
        finally:
            if machine:
                machine.stop()
    except Skip as reason:
        print(f"skipped {label}: {reason}", flush=True)
        return "skipped"
    except Exception as error:  # pylint: disable=broad-except
        kind = "" if isinstance(error, Failure) else f"{type(error).__name__}: "
        print(f"FAILED  {label}: {kind}{error}", flush=True)
        if machine:
            print(machine.last_lines(), flush=True)
        return "failed"
    print(f"ok      {label}: {said}, {time.monotonic() - begin:.1f} s", flush=True)
    return "passed"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--quick", action="store_true", help="a few hundred requests; the default")
    form.add_argument("--long", action="store_true", help="10,000 requests, 60 s idle, again")
    parser.add_argument("--native", action="store_true", help="on Linux, to prove the test")
    parser.add_argument("--build", default=TOP / "build", help="where make has put things")
    parser.add_argument("--machine", choices=["microvm", "q35"])
    parser.add_argument("--cpus", type=int, choices=[1, 2])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TESTS))
    args = parser.parse_args()
    for name in args.names:
        if name not in TESTS:
            parser.error(f"no test is called '{name}': {', '.join(TESTS)}")

    chosen = MACHINES if args.long or args.machine or args.cpus else MACHINES_QUICK
    places = [("native", 2)] if args.native else \
        [(kind, cpus) for kind, cpus in chosen
         if args.machine in (None, kind) and args.cpus in (None, cpus)]
    counted = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory(prefix="soliton-app-") as folder:
        options = Options(args, folder)
        for name in args.names or TESTS:
            for where in places:
                counted[run_one(name, options, where)] += 1
    print(f"{counted['passed']} passed, {counted['failed']} failed, {counted['skipped']} skipped")
    return 1 if counted["failed"] or not counted["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
