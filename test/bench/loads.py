# SPDX-License-Identifier: Apache-2.0
"""What is measured: servers from Debian and ours, and the clients that load them.

A load runs once for its requests, their rate and their latencies (Result), against a guest that
serves. Clients run at the host's end of the wire.
"""

import dataclasses
import json
import pathlib
import re
import shutil

from guest import BenchError, Program

CONNECTIONS = 50
PERCENTILES = ("50", "75", "90", "95", "99", "99.5", "99.9")
MEMORY_ARGS = ["10000", "1000"]  # Connections and threads.
SIZES = {"1k": 1 << 10, "16k": 16 << 10, "1m": 1 << 20}
WRK_SCRIPT = pathlib.Path(__file__).with_name("latency.lua")

NGINX_CONF = """daemon off;
master_process off;
pid /run/nginx.pid;
error_log stderr warn;
worker_processes {cpus};
events {{ worker_connections 16384; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    server {{ listen 80; root /srv/www; }}
}}
"""


@dataclasses.dataclass
class Result:
    """What one run of a load gave."""

    requests: int
    rate: float  # Requests a second.
    latency_ms: dict  # By the percentile, as text: those of PERCENTILES.
    max_ms: float


@dataclasses.dataclass
class Load:
    """A server and a client."""

    name: str
    title: str
    program: str  # A key of PROGRAMS.
    client: object  # Called with guest and seconds; returns a Result.
    cpus: tuple = (1,)


def connections_of(guest, wanted=CONNECTIONS):
    """How many connections a client opens: no more than the wire takes at once."""
    return str(min(wanted, guest.way.connections_max))


def wrk(path, connections=CONNECTIONS, close=False):
    """A client: so many connections, one request after the other on each."""
    def run(guest, seconds):
        url = f"http://{guest.way.host}:{guest.way.port(guest.program.port)}{path}"
        header = ["-H", "Connection: close"] if close else []
        out = guest.run(["wrk", "-t1", "-c", connections_of(guest, connections), f"-d{seconds}s",
                         "--timeout", "10s", "-s", str(WRK_SCRIPT), *header, url])
        said = json.loads(out.splitlines()[-1])
        if said["errors"]:
            raise BenchError(f"{guest.program.name}: wrk had {said['errors']} errors: {out}")
        return Result(said["requests"], said["requests"] / said["seconds"], said["latency_ms"],
                      said["max_ms"])
    return run


def redis_latency(said):
    """Percentiles from redis-benchmark's list of `N% <= MS milliseconds`, which is denser than
    ours: the first that is not below."""
    listed = re.findall(r"^([0-9.]+)% <= ([0-9.]+) milliseconds \(cum", said, re.M)
    steps = sorted((float(percent), float(ms)) for percent, ms in listed)
    return {name: next((ms for percent, ms in steps if percent >= float(name)), steps[-1][1])
            for name in PERCENTILES}


def redis(command, pipeline):
    """A client: redis-benchmark, about `seconds` long, judged by the run before on this guest; in
    front of the first there is a short one."""
    def bench(guest, requests):
        out = guest.run(["redis-benchmark", "-h", guest.way.host, "-p",
                         str(guest.way.port(guest.program.port)), "-t", command, "-c",
                         connections_of(guest), "-P", str(pipeline), "-n", str(requests),
                         "--precision", "3"])
        rate = re.search(r"throughput summary: ([0-9.]+) requests per second", out)
        if not rate:
            raise BenchError(f"{guest.program.name}: redis-benchmark said {out[-500:]}")
        latency = redis_latency(out)
        most = re.findall(r"^100.000% <= ([0-9.]+) milli", out, re.M)
        return Result(requests, float(rate.group(1)), latency,
                      float(most[0]) if most else latency[PERCENTILES[-1]])

    def run(guest, seconds):
        known = guest.rates.get((command, pipeline)) or bench(guest, 1000 * pipeline).rate
        result = bench(guest, max(int(known * seconds), 1000 * pipeline))
        guest.rates[command, pipeline] = result.rate
        return result
    return run


def memcached(guest, seconds):
    """A client: test/bench/memload, gets of keys that it has set."""
    port = guest.way.port(guest.program.port)
    out = guest.run([str(guest.tools / "memload"), guest.way.host, str(port),
                     connections_of(guest), str(seconds)])
    said = json.loads(out)
    return Result(said["requests"], said["rate"], said["latency_ms"], said["max_ms"])


def found(name):
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")


class Programs:
    """Makes the images, each once, in `folder`."""

    def __init__(self, build, folder, packer):
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(folder)
        self.packer = packer  # soliton.Soliton
        self.made = {}

    def get(self, name, cpus):
        key = (name, cpus)
        if key not in self.made:
            program, config = getattr(self, name)(cpus)
            if not program.path or not pathlib.Path(program.path).exists():
                raise BenchError(f"{name} is not installed")
            path = self.folder / f"{name}-{cpus}.json"
            config.setdefault("Env", program.env)
            if program.guest:
                config["Program"] = program.guest
            path.write_text(json.dumps(config))
            program.image = str(self.folder / f"{name}-{cpus}.img")
            self.packer.image(program.image, program, path)
            self.made[key] = program
        return self.made[key]

    def nginx(self, cpus):
        root = self.folder / "www"
        root.mkdir(exist_ok=True)
        for name, size in SIZES.items():
            (root / name).write_bytes(b"x" * size)
        (root / "index.html").write_text("Hello from nginx\n")
        (self.folder / "nginx.conf").write_text(NGINX_CONF.format(cpus=cpus))
        program = Program("nginx", found("nginx"), ["-e", "stderr", "-c", "/etc/nginx.conf"], 80)
        return program, {"MapDirs": {str(self.folder / "nginx.conf"): "/etc",
                                     str(root): "/srv/www"}}

    def redis(self, _cpus):
        args = ["--save", "", "--protected-mode", "no", "--maxclients", "20000"]
        return Program("redis", found("redis-server"), args, 6379, request=b"PING\r\n"), {}

    def memcached(self, cpus):
        args = ["-u", "root", "-t", str(cpus), "-m", "64"]
        return Program("memcached", found("memcached"), args, 11211, request=b"version\r\n"), {}

    def go(self, cpus):
        path = self.build / "examples" / "go" / "server"
        env = {"PORT": "8080", "GOMAXPROCS": str(cpus)}
        return Program("go", str(path), [], 8080, guest="/srv/go", env=env), {}

    def c(self, cpus):
        path = self.build / "examples" / "c" / "server-musl"
        env = {"PORT": "8080", "THREADS": str(cpus)}
        return Program("c", str(path), [], 8080, guest="/srv/c", env=env), {}

    def crash(self, _cpus):
        """Crashes when told to, and is started again in the same machine."""
        path = self.build / "test" / "bench" / "crash"
        return Program("crash", str(path), [], 80, guest="/srv/crash", respawn=True), \
            {"Crash": "restart"}

    def crash_end(self, _cpus):
        """The same, but the machine ends with it."""
        path = self.build / "test" / "bench" / "crash"
        return Program("crash-end", str(path), [], 80, guest="/srv/crash"), {"Crash": "halt"}

    def memory(self, _cpus):
        path = self.build / "test" / "bench" / "memory"
        return Program("memory", str(path), MEMORY_ARGS, 80, guest="/srv/memory"), {}

    def micro(self, _cpus):
        path = self.build / "test" / "bench" / "micro"
        return Program("micro", str(path), [], 80, guest="/srv/micro"), {}


LOADS = [
    Load("http_small", "nginx, 1 KiB, keep-alive", "nginx", wrk("/1k"), (1, 2)),
    Load("http_16k", "nginx, 16 KiB, keep-alive", "nginx", wrk("/16k")),
    Load("http_1m", "nginx, 1 MiB, keep-alive", "nginx", wrk("/1m")),
    Load("http_close", "nginx, 1 KiB, a connection per request", "nginx", wrk("/1k", close=True)),
    Load("http_c", "our static C server, keep-alive", "c", wrk("/"), (1, 2)),
    Load("http_go", "Go net/http, keep-alive", "go", wrk("/"), (1, 2)),
    Load("redis_set", "redis SET", "redis", redis("set", 1)),
    Load("redis_get", "redis GET", "redis", redis("get", 1)),
    Load("redis_set_16", "redis SET, 16 in a pipeline", "redis", redis("set", 16)),
    Load("redis_get_16", "redis GET, 16 in a pipeline", "redis", redis("get", 16)),
    Load("memcached_get", "memcached get", "memcached", memcached, (1, 2)),
]


def load_find(name):
    for load in LOADS:
        if load.name == name:
            return load
    names = ", ".join(load.name for load in LOADS)
    raise BenchError(f"no load '{name}'; there are: {names}, micro")


