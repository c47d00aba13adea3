# SPDX-License-Identifier: Apache-2.0
"""The plots of docs/performance.md, drawn by gnuplot from the results."""

import math
import pathlib
import subprocess
import sys
import tempfile

import compare
from promises import OURS, PEER

DISTRIBUTIONS = ("http_small/1", "http_16k/1", "http_close/1", "http_go/1", "redis_get/1",
                 "memcached_get/1")
COLORS = {OURS: "#1b7837", PEER: "#762a83", "linux-mitigations-off": "#c2a5cf"}
OTHER_COLOR = "#888888"
LEAD, TRAIL, EVEN = "#1b7837", "#b2182b", "#999999"
CLEAR = 0.05  # Less is neither a lead nor a trail.
ROW_HEIGHT = 15


def draw(path, commands, size="900,420"):
    """Runs gnuplot; a command may name files of a folder that is gone afterwards."""
    script = [f"set terminal svg noenhanced size {size} font 'sans,11' background 'white'",
              f"set output '{path}'", "set grid ytics", "set key top right", *commands]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def text(word):
    """A string of gnuplot's."""
    return "'" + word.replace("'", "''") + "'"


def color(system):
    return COLORS.get(system, OTHER_COLOR)


def bars(results, group, pick, title, unit, path):
    """A cluster for each key, a bar for each system."""
    systems = [name for name in results["systems"]
               if any(name in runs for runs in results[group].values())]
    lines = ["key " + " ".join(systems)]
    lowest = 1e9
    for key, runs in results[group].items():
        values = [pick(runs[system]) if runs.get(system) else None for system in systems]
        lowest = min([lowest, *(value for value in values if value)])
        lines.append(f'"{compare.title(key)}" ' + " ".join(str(value or "?") for value in values))
    floor = 10 ** math.floor(math.log10(lowest / 2))
    with tempfile.NamedTemporaryFile("w", suffix=".dat") as data:
        data.write("\n".join(lines) + "\n")
        data.flush()
        parts = [f"'{data.name}' using {i + 2}:xtic(1) title {text(system)} "
                 f"linecolor rgb '{color(system)}'" for i, system in enumerate(systems)]
        draw(path, [f"set title {text(title)}", "set style data histograms",
                    "set style histogram clustered gap 1", "set style fill solid 0.9",
                    "set xtics rotate by -35 nomirror", "set rmargin 14", "set logscale y",
                    "set format y '%.0s%c'", f"set yrange [{floor}:*]",
                    "set xrange [-0.6:*]",
                    f"set ylabel {text(unit + ', logarithmic')}", "set datafile missing '?'",
                    "set key outside top center horizontal", "plot " + ", ".join(parts)],
             "900,520")


def curves(path, title, labels, lines, commands=()):
    """Lines of points: `lines` are (title, color, dashed, [(x, y)])."""
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for i, (name, rgb, dashed, points) in enumerate(lines):
            file = pathlib.Path(folder) / str(i)
            file.write_text("".join(f"{x} {y}\n" for x, y in points))
            if points:
                parts.append(f"'{file}' with linespoints pointtype 7 linecolor rgb '{rgb}' "
                             f"dashtype {2 if dashed else 1} title {text(name)}")
        draw(path, [f"set title {text(title)}", f"set xlabel {text(labels[0])}",
                    f"set ylabel {text(labels[1])}", "set logscale x",
                    "set key outside right center", *commands, "plot " + ", ".join(parts)])


def boot(results, path):
    """Time to the first byte by RAM."""
    lines = []
    for system in (OURS, PEER):
        for kind in ("microvm", "q35"):
            points = sorted((ram_mib(key.split("/")[1]), runs[system]["first_byte_s"]["median"])
                            for key, runs in results["boot"].items()
                            if key.startswith(kind) and key.endswith("/1") and runs.get(system))
            lines.append((f"{system}, {kind}", color(system), kind == "q35", points))
    curves(path, "start of QEMU to the first byte of nginx", ("RAM, MiB", "seconds"), lines,
           ["set logscale y", "set yrange [0.1:*]", "set xtics (128, 512, 2048, 8192)"])


def ram_mib(word):
    return int(word[:-1]) * (1024 if word.endswith("G") else 1)


def connections(results, path):
    """A request of the loaded connections beside so many others."""
    lines = [(f"{system}, {part}", color(system), part == "user",
              sorted((int(count), runs[system][part])
                     for count, runs in results["connections"].items() if runs.get(system)))
             for system in (OURS, PEER) for part in ("kernel", "user")]
    curves(path, "redis GET on 50 connections, beside others that are open and idle",
           ("idle connections", "instructions for a request"), lines,
           ["set yrange [0:*]", "set format y '%.0s%c'"])


def connection_bytes(results, path):
    lines = [(system, color(system), False,
              [(int(count), size) for count, size
               in results["memory"][system].get("connection_by_count", {}).items()])
             for system in (OURS, PEER) if results["memory"].get(system)]
    curves(path, "kernel memory for an open, idle TCP connection",
           ("connections", "bytes for one"), lines, ["set yrange [0:*]"])


def watched(results, path):
    """epoll_wait with one descriptor ready of so many."""
    lines = []
    for system in (OURS, PEER):
        names = [name for name in results["micro"].get(system, {}) if
                 name.startswith("epoll_1_of_")]
        lines.append((system, color(system), False,
                      sorted((int(name.rsplit("_", 1)[1]),
                              results["micro"][system][name]["kernel"]) for name in names)))
    curves(path, "epoll_wait, one descriptor ready", ("descriptors watched",
           "kernel instructions"), lines, ["set yrange [0:*]"])


def distribution(results, path):
    """A small plot for each of some loads: milliseconds by percentile."""
    with tempfile.TemporaryDirectory() as folder:
        commands = ["set multiplot layout 2,3 title 'how many of 100 requests are answered within "
                    "so many ms' font 'sans,13'", "set logscale y", "set key bottom right",
                    "set style data linespoints", "set yrange [*:*]"]
        for key in DISTRIBUTIONS:
            parts = []
            for system in (OURS, PEER):
                run = results["load"].get(key, {}).get(system)
                if not run:
                    continue
                file = pathlib.Path(folder) / f"{system}-{key.replace('/', '-')}"
                file.write_text("".join(f"{i} {percent} {ms}\n" for i, (percent, ms)
                                        in enumerate(run["latency_ms"].items())))
                parts.append(f"'{file}' using 1:3:xtic(2) pointtype 7 linecolor rgb "
                             f"'{color(system)}' title '{system}'")
            if parts:
                commands += [f"set title {text(compare.title(key))}",
                             "plot " + ", ".join(parts)]
        draw(path, [*commands, "unset multiplot"], "1000,640")


def glance(results, path):
    """Every comparison as a bar from 1: to the right we lead, to the left we trail."""
    rows = [row for row in compare.rows(results) if row.factor]
    with tempfile.NamedTemporaryFile("w", suffix=".dat") as data:
        for i, row in enumerate(rows):
            rgb = EVEN if abs(row.factor - 1) < CLEAR else LEAD if row.factor > 1 else TRAIL
            data.write(f'{len(rows) - i} {math.log2(row.factor):.3f} "{row.group}: {row.what}" '
                       f"{int(rgb[1:], 16)} {row.factor:.{1 if row.factor > 2 else 2}f}x\n")
        data.flush()
        name = data.name
        lowest = min(0, *(math.log2(row.factor) for row in rows)) - 1
        draw(path, [
            "set title 'ours beside the Linux guest: how many times faster, fewer or smaller "
            "(green: we lead, red: we trail)' offset -12",
            "unset key", "set style fill solid 0.9", "unset grid", "set grid xtics",
            "set lmargin 52", "set rmargin 3", f"set yrange [0:{len(rows) + 1}]",
            f"set xrange [{lowest:.1f}:*]",
            "set xtics ('1/4' -2, '1/2' -1, '1x' 0, '2x' 1, '4x' 2, '8x' 3, '16x' 4, "
            "'64x' 6, '256x' 8, '1024x' 10)", "set xtics nomirror", "set ytics nomirror scale 0",
            "set offsets 0, 1, 0, 0", "set arrow from 0, graph 0 to 0, graph 1 nohead",
            f"plot '{name}' using ($2/2):1:(abs($2)/2):(0.38):4:ytic(3) with boxxyerror "
            f"linecolor rgb variable, '{name}' using ($2 > 0 ? $2 : 0):1:5 with labels left "
            "offset 0.5,0 font 'sans,9'"], f"1000,{90 + ROW_HEIGHT * len(rows)}")


# By what the results must have: name, caption, how it is drawn.
PLOTS = [
    ("load", "throughput", "requests a second",
     lambda results, path: bars(results, "load", lambda run: run["rate"]["median"],
                                "requests a second", "requests a second", path)),
    ("load", "latency", "latency distribution", distribution),
    ("requests", "instructions", "kernel instructions for a request",
     lambda results, path: bars(results, "requests", lambda run: run["kernel"],
                                "kernel instructions for a request", "instructions", path)),
    ("boot", "boot", "time to the first byte by RAM", boot),
    ("connections", "connections", "cost of a request by idle connections", connections),
    ("memory", "connection_bytes", "memory of a connection by their number", connection_bytes),
    ("micro", "watched", "epoll_wait by watched descriptors", watched),
]


def make(results, folder):
    """Draws what there are figures for; (name, caption) of each, by group."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    wanted = [plot for plot in PLOTS if results.get(plot[0])]
    if any(row.factor for row in compare.rows(results)):
        wanted.append(("glance", "glance", "where we lead and where we trail", glance))
    for group, name, caption, plot in wanted:
        try:
            plot(results, folder / f"{name}.svg")
            made.setdefault(group, []).append((name, caption))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"bench: no plot '{name}': {error}", file=sys.stderr)
    return made
