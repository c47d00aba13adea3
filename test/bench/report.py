#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes SPECIFICATION.md, docs/performance.md and its plots from results of run.py.

    report.py RESULTS.json [FOLDER]

FOLDER is the top of a tree, ours without it. What trails is marked and not left out, and so is what
could not be measured.
"""

import json
import pathlib
import statistics
import sys

import compare
import plots
import promises
from promises import OURS, PEER

TOP = pathlib.Path(__file__).resolve().parents[2]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def spread_text(spread):
    return f"{spread:.0%}, **wide**" if spread > compare.WIDE else f"{spread:.0%}"


def against(factor):
    """How we stand, so that a reader sees at a glance where we trail."""
    if not factor:
        return "–"
    return f"{factor:.{1 if factor > 2 else 2}f}x" if factor >= 1 else f"**{factor:.2f}x**"


def glance(results):
    """Groups of comparisons, and each that trails by name."""
    rows = [row for row in compare.rows(results) if row.factor]
    names = dict.fromkeys(row.group for row in rows)
    lines = []
    for name in names:
        factors = [row.factor for row in rows if row.group == name]
        worst = min((row for row in rows if row.group == name), key=lambda row: row.factor)
        lines.append([name, f"{sum(factor >= 1 for factor in factors)} of {len(factors)}",
                      against(statistics.median(factors)),
                      f"{against(worst.factor)}: {worst.what}"])
    trails = [f"* {row.group}: {row.what}: {against(row.factor)}" for row in rows if row.factor < 1]
    wide = [f"* {row.group}: {row.what}: {row.wide:.0%}" for row in rows if row.wide]
    return [*table(["what", "we lead in", "the middle one", "the least"], lines),
            *(["We trail in:", "", *trails, ""] if trails else ["We trail in none of these.", ""]),
            *(["The spread of these ratios is wide, so take them as rough:", "", *wide, ""]
              if wide else [])]


def load(results):
    def ratio(run):
        found = run.get("ratio")
        return [f"{found['median']:.2f}", spread_text(found["spread"])] if found else ["–", "–"]

    def row(key, name, run):
        ms = run["latency_ms"]
        return [compare.title(key), name, f"{run['rate']['median']:,.0f}",
                spread_text(run["rate"]["spread"]), *ratio(run),
                *(f"{ms[percent]:,.2f}" for percent in ("50", "99", "99.9"))]

    rows = [row(key, name, run) for key, runs in results["load"].items()
            for name, run in runs.items()]
    return table(["load", "system", "requests/s", "spread", "ratio to Linux", "its spread",
                  "p50 ms", "p99 ms", "p99.9 ms"], rows) + two_cpus(results)


def two_cpus(results):
    """What a second CPU gives, where both were measured."""
    rows = []
    for key, runs in results["load"].items():
        name, _, cpus = key.partition("/")
        if cpus != "2":
            continue
        ones = results["load"].get(f"{name}/1", {})
        gains = [f"{runs[system]['rate']['median'] / ones[system]['rate']['median']:.2f}x"
                 if system in runs and system in ones else "–" for system in (OURS, PEER)]
        rows.append([compare.title(f"{name}/1"), *gains])
    if not rows:
        return []
    return ["### Two CPUs against one", "",
            "nginx runs as one process with one thread, on both systems alike: a second CPU can",
            "only take the kernel's part of its work. The C and the Go server have a thread for",
            f"each. The load generator shares this computer's {results['machine']['cpus']} CPUs "
            "with the machine, so",
            "that a guest of 2 never had 2 to itself.", "",
            *table(["load", OURS, PEER], rows)]


def requests(results):
    def exit_text(run, name):
        return f"{run[name]:.3f}" if name in run else "–"

    return table(["load", "system", "kernel", "user", "ports", "device memory", "hlt",
                  "interrupts", "iretq"],
                 [[compare.title(key), name, f"{run['kernel']:,.0f}", f"{run['user']:,.0f}",
                   *(exit_text(run, part) for part in ("ports", "mmio", "halts", "eois",
                                                       "interrupts"))]
                  for key, runs in results["requests"].items() for name, run in runs.items()])


def micro(results):
    systems = [system for system in results["systems"] if system in results["micro"]]
    names = dict.fromkeys(name for system in systems for name in results["micro"][system])

    def kernel(system, name):
        return results["micro"].get(system, {}).get(name, {}).get("kernel")

    def shown(value):
        return "–" if value is None else f"{value:,.0f}"

    return table(["operation", *systems, "fewer"],
                 [[name, *(shown(kernel(system, name)) for system in systems),
                   against(compare.less(kernel(OURS, name), kernel(PEER, name)))]
                  for name in names])


def connections(results):
    return table(["idle connections", "system", "kernel", "user"],
                 [[f"{int(count):,}", name, f"{run['kernel']:,.0f}", f"{run['user']:,.0f}"]
                  for count, runs in results["connections"].items() for name, run in runs.items()])


def boot(results):
    return table(["machine / RAM / CPUs", "system", "seconds", "spread",
                  "million kernel instructions to main()"],
                 [[key, name, f"{run['first_byte_s']['median']:.3f}",
                   spread_text(run["first_byte_s"]["spread"]),
                   f"{run['entry_instructions'] / 1e6:,.2f}"]
                  for key, runs in results["boot"].items() for name, run in runs.items() if run])


def crash(results):
    return [
        "From the request that crashes a server to the first byte of its next life. Ours starts",
        "the whole machine again, kernel and program, in a new layout of memory; the Linux guest's",
        "init starts only the process again, and whatever the crash did to its kernel stays. Where",
        "the machine ends with its program, a supervisor on the host starts QEMU again at once.",
        "", *table(["way back", "system", "seconds", "spread", "what starts again"],
                   [[key, name, f"{run['seconds']['median']:.3f}",
                     spread_text(run["seconds"]["spread"]), run["how"]]
                    for key, runs in results["crash"].items() for name, run in runs.items()])]


def memory(results):
    return table(["system", "idle", "a connection", "a thread", "least RAM"],
                 [[name, f"{run.get('idle', 0) / 2**20:.1f} MiB",
                   f"{run.get('connection', 0):,} B", f"{run.get('thread', 0):,} B",
                   f"{run['least_mib']} MiB" if run.get("least_mib") else "–"]
                  for name, run in results["memory"].items()])


def figures(group):
    return lambda results: table(["what", "figure"], [[name, f"{value:,}"] for name, value
                                                      in results[group].items()])


def failures(results):
    return table(["what", "why"], [[name, " ".join(why.split())[:200].replace("|", "\\|")]
                                   for name, why in results["failures"].items()])


# By group of the results: title, what stands under it.
SECTIONS = [
    ("load", "Requests a second, and latency", load),
    ("requests", "Instructions and exits for a request", requests),
    ("micro", "Kernel instructions for one operation", micro),
    ("connections", "A request beside idle connections", connections),
    ("boot", "Start of QEMU to the first byte of nginx", boot),
    ("crash", "Crash to serving again", crash),
    ("memory", "Memory", memory),
    ("size", "Size, in bytes", figures("size")),
    ("ops", "ops", figures("ops")),
    ("failures", "What could not be measured", failures),
]


def performance(results, made):
    def shown(group):
        return [line for name, caption in made.get(group, [])
                for line in (f"![{caption}](performance/{name}.svg)", "")]

    systems = "; ".join(f"{name}: {version}" for name, version in results["systems"].items())
    plan = results.get("plan", {})
    lines = ["# Performance, side by side", "",
             "Made by `./dev bench --report`; never edited by hand.",
             "[SPECIFICATION.md](../SPECIFICATION.md) has the promises,",
             "[benchmarks.md](benchmarks.md) how to read and repeat all this. Where we trail, the",
             "figure is bold.", "", f"Systems: {systems}.", "",
             f"Rates are medians of {plan.get('pairs', '?')} runs of {plan.get('seconds', '?')} s, "
             f"boots of {plan.get('boots', '?')}, on {results['machine'].get('cpu', 'a CPU')} "
             f"({results['machine']['cpus']} CPUs), {results['machine']['accelerator']}; the "
             "spread is the distance of the extremes, as a part of the median.", "",
             "## At a glance", "", *glance(results), *shown("glance")]
    for group, title, section in SECTIONS:
        if results.get(group):
            lines += [f"## {title}", "", *section(results), *shown(group)]
    return "\n".join(lines).rstrip() + "\n"


def write(results, top):
    """All the documents."""
    made = plots.make(results, top / "docs" / "performance")
    (top / "SPECIFICATION.md").write_text(promises.specification(results))
    (top / "docs" / "performance.md").write_text(performance(results, made))


if __name__ == "__main__":
    write(json.loads(pathlib.Path(sys.argv[1]).read_text()),
          pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else TOP)
