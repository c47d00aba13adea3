# SPDX-License-Identifier: Apache-2.0
"""What is promised, and SPECIFICATION.md: each promise with its target, what was measured, what the
peer needs, and whether it holds."""

OURS, PEER = "soliton", "linux"


class Target:
    """One promise: text, how to find our figure and the peer's, when it holds, and the unit."""

    def __init__(self, what, promise, ours, peer, holds, unit=""):
        self.what, self.promise, self.unit = what, promise, unit
        self.ours, self.peer, self.holds = ours, peer, holds


def requests(load, system):
    return lambda results: results["requests"][load][system]["kernel"]


def ratio(load):
    return lambda results: results["load"][load][OURS]["ratio"]["median"]


def micro(name, system):
    return lambda results: results["micro"][system][name]["kernel"]


def boot(key, system, what):
    if what == "first_byte_s":
        return lambda results: results["boot"][key][system][what]["median"]
    return lambda results: results["boot"][key][system][what]


def rate(load, system):
    return lambda results: results["load"][load][system]["rate"]["median"]


def against(one, other):
    return lambda results: one(results) / other(results)


def memory(name, system):
    return lambda results: results["memory"][system][name]


def tool(name):
    return lambda results: results["ops"][name]


def nothing(_results):
    return None


TARGETS = [
    Target("nginx, 1 KiB, keep-alive, 1 CPU", "at most 12,000 instructions of the kernel a request",
           requests("http_small", OURS), requests("http_small", PEER), lambda o, p: o <= 12000),
    Target("nginx, 1 KiB, keep-alive, 1 CPU", "at least 1.8 times the Linux guest's requests a "
           "second", ratio("http_small/1"), nothing, lambda o, p: o >= 1.8, "x"),
    Target("redis GET, 1 CPU", "at most 6,500 instructions of the kernel a request",
           requests("redis_get", OURS), requests("redis_get", PEER), lambda o, p: o <= 6500),
    Target("redis GET, 1 CPU", "at least 1.7 times the Linux guest's requests a second",
           ratio("redis_get/1"), nothing, lambda o, p: o >= 1.7, "x"),
    Target("redis GET, 16 in a pipeline, 1 CPU", "at most 650 instructions of the kernel a request",
           requests("redis_get_16", OURS), requests("redis_get_16", PEER), lambda o, p: o <= 650),
    Target("redis GET, 16 in a pipeline, 1 CPU", "at least 1.2 times the Linux guest's requests a "
           "second", ratio("redis_get_16/1"), nothing, lambda o, p: o >= 1.2, "x"),
    Target("nginx, a connection per request", "at most a third of the Linux guest's instructions",
           requests("http_close", OURS), requests("http_close", PEER), lambda o, p: o <= p / 3),
    Target("getpid", "at most half of the Linux guest's instructions", micro("getpid", OURS),
           micro("getpid", PEER), lambda o, p: o <= p / 2),
    Target("read of 1 byte from /dev/null", "at most half of the Linux guest's instructions",
           micro("read_null", OURS), micro("read_null", PEER), lambda o, p: o <= p / 2),
    Target("epoll_wait, 1 ready of 10,000 against 1 of 10", "at most 1.1 times the instructions",
           against(micro("epoll_1_of_10000", OURS), micro("epoll_1_of_10", OURS)),
           against(micro("epoll_1_of_10000", PEER), micro("epoll_1_of_10", PEER)),
           lambda o, p: o <= 1.1, "x"),
    Target("start of QEMU to the first byte of nginx, microvm", "at most a tenth of the Linux "
           "guest's", boot("microvm/512M/1", OURS, "first_byte_s"),
           boot("microvm/512M/1", PEER, "first_byte_s"), lambda o, p: o <= p / 10, "s"),
    Target("kernel entry to the program, microvm", "at most 2 million instructions",
           boot("microvm/512M/1", OURS, "entry_instructions"),
           boot("microvm/512M/1", PEER, "entry_instructions"), lambda o, p: o <= 2e6),
    Target("kernel entry to the program, q35", "at most 3 million instructions",
           boot("q35/512M/1", OURS, "entry_instructions"),
           boot("q35/512M/1", PEER, "entry_instructions"), lambda o, p: o <= 3e6),
    Target("the same with 8 GiB against 128 MiB, q35", "at most 1.1 times the instructions",
           against(boot("q35/8G/1", OURS, "entry_instructions"),
                   boot("q35/128M/1", OURS, "entry_instructions")),
           against(boot("q35/8G/1", PEER, "entry_instructions"),
                   boot("q35/128M/1", PEER, "entry_instructions")),
           lambda o, p: o <= 1.1, "x"),
    Target("idle TCP connection", "at most 1 KiB of kernel memory", memory("connection", OURS),
           memory("connection", PEER), lambda o, p: o <= 1024),
    Target("what `ops run` of an unchanged program adds before QEMU starts", "at most 50 ms",
           tool("warm_run_ms"), nothing, lambda o, p: o <= 50),
    Target("the same of Python, whose library has thousands of files", "at most 50 ms",
           tool("warm_run_python3_ms"), nothing, lambda o, p: o <= 50),
    Target("an image of a 20 MB program", "at most 0.3 s", tool("image_20mb_s"), nothing,
           lambda o, p: o <= 0.3, "s"),
    Target("an image of a 1 GB tree", "at disk speed: at most 1.5 times `cp -r` of it",
           tool("image_1gb_to_cp"), nothing, lambda o, p: o <= 1.5, "x"),
    Target("nginx on 2 CPUs against 1", "at least 1.7 times the requests a second",
           against(rate("http_small/2", OURS), rate("http_small/1", OURS)),
           against(rate("http_small/2", PEER), rate("http_small/1", PEER)),
           lambda o, p: o >= 1.7, "x"),
    Target("our C server on 2 CPUs against 1", "at least 1.7 times the requests a second",
           against(rate("http_c/2", OURS), rate("http_c/1", OURS)),
           against(rate("http_c/2", PEER), rate("http_c/1", PEER)), lambda o, p: o >= 1.7, "x"),
]


def find(getter, results):
    """A figure, or None when the run did not take it."""
    try:
        return getter(results)
    except (KeyError, TypeError):
        return None


def shown(value, unit):
    if value is None:
        return "–"
    if unit in ("x", "s"):
        return f"{value:.2f} {unit}"
    return f"{value:,.0f}"


def verdict(target, ours, peer):
    if ours is None:
        return "not measured"
    try:
        return "holds" if target.holds(ours, peer) else "**misses**"
    except TypeError:
        return "not measured"


def specification(results):
    machine = results["machine"]
    lines = ["# What we promise", "",
             "Made by `./dev bench --report` from its results; never edited by hand. Each promise",
             "is held by a benchmark of [test/bench](test/bench/run.py). Counts of instructions",
             "repeat; rates are ratios to a Linux guest with the same program, image, machine and",
             "load, taken in turn.", "",
             f"Last measured {machine['date']}: {machine['qemu']}, {machine['accelerator']}, "
             f"{machine['cpus']} CPUs, wire: {results['wire']}; peer: "
             f"{results['systems'].get(PEER, 'none')}.", "",
             "| what | promise | measured | Linux guest | |", "|---|---|---|---|---|"]
    for target in TARGETS:
        ours, peer = find(target.ours, results), find(target.peer, results)
        lines.append(f"| {target.what} | {target.promise} | {shown(ours, target.unit)} | "
                     f"{shown(peer, target.unit)} | {verdict(target, ours, peer)} |")
    return "\n".join(lines) + "\n"
