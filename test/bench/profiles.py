# SPDX-License-Identifier: Apache-2.0
"""Where a kernel's instructions go: a list of functions, and a flame graph as SVG.

The counts are exact, of every block of code, but have no call stacks. For our kernel the graph
stands a function on its file and that on its folder; Linux' functions lie side by side.
"""

import collections
import html
import pathlib
import re
import subprocess

import loads

ROWS = 40
WIDTH, HEIGHT = 1200, 20
LETTER = 6.5
LEAST = 0.4  # Narrower boxes, in pixels, are left out.
COLORS = ("#f2b134", "#ed8a3f", "#d95d39", "#f0c987")


def files_by_function(debug):
    """Source file by function, from the line table."""
    done = subprocess.run(["nm", "-l", str(debug)], capture_output=True, text=True, check=True)
    pairs = re.findall(r"^[0-9a-f]+ [tT] (\S+)\t(?:\S*?/)?((?:kernel|lib)/\S+?):\d+$",
                       done.stdout, re.M)
    return dict(pairs)


def tree_of(functions, files):
    """Nested counters: folder, file, function."""
    tree = collections.defaultdict(lambda: collections.defaultdict(dict))
    for name, count in functions.items():
        path = files.get(re.sub(r"\.(part|constprop|isra|cold).*", "", name), "")
        folder, _, file = path.rpartition("/")
        tree[folder][file][name] = count
    return tree


class Flame:
    """Boxes that stand on each other."""

    def __init__(self, title, total):
        self.scale = WIDTH / total
        self.boxes = []
        self.depth = 0
        self.box(0, 0, total, title, total)

    def box(self, depth, start, count, name, total):
        width = count * self.scale
        if width < LEAST:
            return
        self.depth = max(self.depth, depth)
        text = html.escape(name[:int(width / LETTER)]) if width > 3 * LETTER else ""
        color = COLORS[sum(name.encode()) % len(COLORS)]
        tip = html.escape(f"{name}: {count:.1f} ({100 * count / total:.1f} %)")
        self.boxes.append((depth, f'<g><title>{tip}</title><rect x="{start * self.scale:.1f}" '
                           f'y="%d" width="{width:.1f}" height="{HEIGHT - 1}" fill="{color}"/>'
                           f'<text x="{start * self.scale + 3:.1f}" y="%d">{text}</text></g>'))

    def svg(self):
        rows = self.depth + 1
        lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {rows * HEIGHT}" '
                 'font-family="monospace" font-size="11">']
        for depth, box in self.boxes:
            top = (rows - 1 - depth) * HEIGHT
            lines.append(box % (top, top + HEIGHT - 6))
        return "\n".join(lines + ["</svg>", ""])


def flame(title, functions, files):
    total = sum(functions.values())
    graph = Flame(title, total)
    at = 0
    tree = tree_of(functions, files)
    for folder in sorted(tree):
        sums = {file: sum(inside.values()) for file, inside in tree[folder].items()}
        first = 1
        if folder:
            graph.box(1, at, sum(sums.values()), folder, total)
            first = 2
        for file in sorted(sums):
            if file:
                graph.box(first, at, sums[file], file, total)
            for name, count in sorted(tree[folder][file].items(), key=lambda item: -item[1]):
                graph.box(first + bool(file), at, count, name, total)
                at += count
    return graph.svg()


def show(bench, args, setup):
    """Prints the functions of args.system under args.profile, and draws them."""
    load = loads.load_find(args.profile)
    system = next((each for each in bench.systems if each.name == args.system), None)
    if not system:
        raise loads.BenchError(f"no system '{args.system}'; there are: " +
                               ", ".join(each.name for each in bench.systems))
    functions = bench.profile(system, load, setup, 3)
    total = sum(functions.values())
    print(f"{load.title} on {system.version()}: {total:.0f} kernel instructions a request")
    for name, count in sorted(functions.items(), key=lambda item: -item[1])[:ROWS]:
        print(f"{count:10.1f} {100 * count / total:5.1f} %  {name}")
    if args.svg:
        is_ours = hasattr(system, "build")
        files = files_by_function(system.build / "soliton.debug") if is_ours else {}
        title = f"{load.title}: {total:.0f} kernel instructions a request"
        pathlib.Path(args.svg).write_text(flame(title, functions, files))
