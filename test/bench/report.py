# SPDX-License-Identifier: Apache-2.0
"""Writes SPECIFICATION.md, docs/performance.md and its plots from results of run.py.

    report.py RESULTS.json

Every promised number stands with its target, what was measured and what the peer needs; what trails
is marked and not left out. gnuplot draws the plots.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

OURS, PEER = "soliton", "linux"

# What is promised: text, how to find our figure and the peer's, the unit, and when it holds.
KERNEL = "kernel instructions"


class Target:
    """One promise."""

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


def scale(load, system):
    def rate(results, cpus):
        return results["load"][f"{load}/{cpus}"][system]["rate"]["median"]
    return lambda results: rate(results, 2) / rate(results, 1)


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
    Target("epoll_wait, 1 ready of 10,000", "within 10 % of 1 ready of 10",
           micro("epoll_1_of_10000", OURS), micro("epoll_1_of_10", OURS),
           lambda o, p: o <= 1.1 * p),
    Target("start of QEMU to the first byte of nginx, microvm", "at most a tenth of the Linux "
           "guest's", boot("microvm/512M/1", OURS, "first_byte_s"),
           boot("microvm/512M/1", PEER, "first_byte_s"), lambda o, p: o <= p / 10, "s"),
    Target("kernel entry to the program, microvm", "at most 2 million instructions",
           boot("microvm/512M/1", OURS, "entry_instructions"),
           boot("microvm/512M/1", PEER, "entry_instructions"), lambda o, p: o <= 2e6),
    Target("kernel entry to the program, q35", "at most 3 million instructions",
           boot("q35/512M/1", OURS, "entry_instructions"),
           boot("q35/512M/1", PEER, "entry_instructions"), lambda o, p: o <= 3e6),
    Target("the same with 8 GiB as with 128 MiB, q35", "within 10 %",
           boot("q35/8G/1", OURS, "entry_instructions"),
           boot("q35/128M/1", OURS, "entry_instructions"), lambda o, p: o <= 1.1 * p),
    Target("idle TCP connection", "at most 1 KiB of kernel memory", memory("connection", OURS),
           memory("connection", PEER), lambda o, p: o <= 1024),
    Target("what `ops run` of an unchanged program adds before QEMU starts", "at most 50 ms",
           tool("warm_run_ms"), nothing, lambda o, p: o <= 50),
    Target("an image of a 20 MB program", "at most 0.3 s", tool("image_20mb_s"), nothing,
           lambda o, p: o <= 0.3, "s"),
    Target("an image of a 1 GB tree", "at disk speed: at most 1.5 times `cp -r` of it",
           tool("image_1gb_to_cp"), nothing, lambda o, p: o <= 1.5, "x"),
    Target("nginx on 2 CPUs against 1", "at least 1.7 times the requests a second",
           scale("http_small", OURS), scale("http_small", PEER), lambda o, p: o >= 1.7, "x"),
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


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def times(ours, peer):
    """How we stand, so that a reader sees at a glance where we trail."""
    if not ours or not peer:
        return "–"
    factor = peer / ours
    return f"{factor:.1f}x less" if factor >= 1 else f"**{1 / factor:.1f}x more**"


def performance(results, plots):
    systems = list(results["systems"])
    lines = ["# Performance, side by side", "",
             "Made by `./dev bench --report`; never edited by hand.",
             "[SPECIFICATION.md](../SPECIFICATION.md) has the promises,",
             "[benchmarks.md](benchmarks.md) how to read and repeat all this. Where we trail, the",
             "figure is bold.", ""]
    if "load" in results:
        lines += ["## Requests a second, and latency", ""]
        lines += table(["load / CPUs", "system", "requests/s", "ratio to Linux", "spread", "p50 ms",
                        "p99 ms", "p99.9 ms"],
                       [[key, name, f"{run['rate']['median']:,.0f}",
                         f"{run['ratio']['median']:.2f}", f"{run['ratio']['spread']:.0%}",
                         f"{run['p50_ms']}", f"{run['p99_ms']}", f"{run['p999_ms'] or '–'}"]
                        for key, runs in results["load"].items() for name, run in runs.items()])
    if "requests" in results:
        lines += ["## Instructions and exits for a request", ""]
        lines += table(["load", "system", "kernel", "user", "ports", "MMIO", "hlt", "iretq"],
                       [[key, name, f"{run['kernel']:,.0f}", f"{run['user']:,.0f}",
                         f"{run['ports']:.3f}", f"{run['mmio']:.3f}" if "mmio" in run else "–",
                         f"{run['halts']:.3f}",
                         f"{run['interrupts']:.3f}"]
                        for key, runs in results["requests"].items() for name, run in runs.items()])
    if "micro" in results:
        lines += ["## Kernel instructions for one operation", ""]
        names = list(results["micro"][systems[0]])
        lines += table(["operation", *systems, "we need"],
                       [[name, *(f"{results['micro'][system].get(name, {}).get('kernel', 0):,.0f}"
                                 for system in systems),
                         times(results["micro"][OURS][name]["kernel"],
                               results["micro"].get(PEER, {}).get(name, {}).get("kernel"))]
                        for name in names])
    if "boot" in results:
        lines += ["## Start of QEMU to the first byte of nginx", ""]
        lines += table(["machine / RAM / CPUs", "system", "seconds", "spread",
                        "million kernel instructions to main()"],
                       [[key, name, f"{run['first_byte_s']['median']:.3f}",
                         f"{run['first_byte_s']['spread']:.0%}",
                         f"{run['entry_instructions'] / 1e6:,.2f}"] if run else
                        [key, name, "does not serve", "–", "–"]
                        for key, runs in results["boot"].items() for name, run in runs.items()])
    if "memory" in results:
        lines += ["## Memory", ""]
        lines += table(["system", "idle", "a connection", "a thread", "least RAM"],
                       [[name, f"{run.get('idle', 0) / 2**20:.1f} MiB",
                         f"{run.get('connection', 0):,} B", f"{run.get('thread', 0):,} B",
                         f"{run['least_mib']} MiB" if run["least_mib"] else "–"]
                        for name, run in results["memory"].items()])
    if "size" in results:
        lines += ["## Size", ""]
        lines += table(["what", "bytes"], [[name, f"{size:,}"]
                                           for name, size in results["size"].items()])
    if "ops" in results:
        lines += ["## ops", ""]
        lines += table(["what", "figure"], [[name, f"{value:,}"]
                                            for name, value in results["ops"].items()])
    for name, title in plots:
        lines += [f"![{title}](performance/{name}.svg)", ""]
    return "\n".join(lines)


def bars(results, group, pick, title, path):
    """A bar chart: a cluster for each key, a bar for each system."""
    systems = [name for name in results["systems"] if name in (OURS, PEER)]
    with tempfile.NamedTemporaryFile("w", suffix=".dat") as data:
        data.write("load " + " ".join(systems) + "\n")
        for key, runs in results[group].items():
            values = [pick(runs.get(system)) for system in systems]
            data.write(f'"{key}" ' + " ".join(str(value) for value in values) + "\n")
        data.flush()
        plot(path, title, ["set style data histograms", "set style fill solid 0.8",
                           "set xtics rotate by -35", "set logscale y", "set yrange [1:*]",
                           "set ylabel 'logarithmic'",
                           f"plot for [i=2:{len(systems) + 1}] '{data.name}' using i:xtic(1) "
                           "title columnheader(i)"])


def plot(path, title, commands):
    script = ["set terminal svg noenhanced size 900,420 font 'sans,11' background 'white'",
              f"set output '{path}'", f"set title \"{title}\"", "set grid ytics",
              "set key top right", *commands]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def curves(results, path):
    """Time to the first byte by RAM."""
    systems = [name for name in results["systems"] if name in (OURS, PEER)]
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for system in systems:
            for kind in ("microvm", "q35"):
                rows = [(ram_mib(key.split("/")[1]), runs[system]["first_byte_s"]["median"])
                        for key, runs in results["boot"].items()
                        if key.startswith(kind) and key.endswith("/1") and runs.get(system)]
                file = pathlib.Path(folder) / f"{system}-{kind}"
                file.write_text("".join(f"{mib} {seconds}\n" for mib, seconds in sorted(rows)))
                if rows:
                    parts.append(f"'{file}' with linespoints title '{system}, {kind}'")
        plot(path, "start of QEMU to the first byte of nginx, by RAM",
             ["set xlabel 'MiB'", "set ylabel 's'", "set logscale xy", "plot " + ", ".join(parts)])


def ram_mib(text):
    return int(text[:-1]) * (1024 if text.endswith("G") else 1)


def plots_make(results, folder):
    """Draws what there are figures for; (name, title) of each."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if "load" in results:
        bars(results, "load", lambda run: run["rate"]["median"] if run else 0,
             "requests a second", folder / "throughput.svg")
        bars(results, "load", lambda run: run["p99_ms"] if run else 0,
             "99 of 100 requests are answered within, ms", folder / "latency.svg")
        made += [("throughput", "requests a second"), ("latency", "latency")]
    if "requests" in results:
        bars(results, "requests", lambda run: run["kernel"] if run else 0,
             "kernel instructions for a request", folder / "instructions.svg")
        made.append(("instructions", "kernel instructions for a request"))
    if "boot" in results:
        curves(results, folder / "boot.svg")
        made.append(("boot", "time to the first byte by RAM"))
    return made


def write(results, top):
    """All the documents."""
    made = plots_make(results, top / "docs" / "performance")
    (top / "SPECIFICATION.md").write_text(specification(results))
    (top / "docs" / "performance.md").write_text(performance(results, made))


if __name__ == "__main__":
    write(json.loads(pathlib.Path(sys.argv[1]).read_text()),
          pathlib.Path(__file__).resolve().parents[2])
