#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws captured terminal text as an SVG picture: render_terminal.py [--title TEXT] [--prompt] > FILE

Reads the text from stdin. Of a terminal's language it knows colours (SGR 30-37, 90-97, 1, 0); other
escape sequences are left out. With --prompt lines that begin with "$ " are shown as typed. Lines
beyond 100 columns are folded. Fails on an empty input: a picture of nothing is a mistake.
"""

import argparse
import html
import re
import sys

COLUMNS = 100
CHAR_WIDTH, LINE_HEIGHT, FONT_SIZE = 8.4, 19, 14
MARGIN, BAR_HEIGHT = 16, 32
BACKGROUND, TEXT, PROMPT, BAR = "#1e2127", "#d7dae0", "#98c379", "#2c313a"
COLOURS = ["#5c6370", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"]

SGR = re.compile(r"\x1b\[([0-9;]*)m")
OTHER_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-ln-z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>])")


def spans(line):
    """[(text, colour, bold), ...]"""
    colour, bold, found = TEXT, False, []
    for number, part in enumerate(SGR.split(line)):
        if number % 2 == 0:
            if part:
                found.append((part, colour, bold))
            continue
        for code in (int(code or 0) for code in part.split(";")):
            if code == 0:
                colour, bold = TEXT, False
            elif code == 1:
                bold = True
            elif code in range(30, 38) or code in range(90, 98):
                colour = COLOURS[code % 10]
    return found


def folded(line):
    """The line in pieces of at most COLUMNS characters; a line with colours stays whole."""
    if "\x1b" in line or len(line) <= COLUMNS:
        return [line]
    return [line[at:at + COLUMNS] for at in range(0, len(line), COLUMNS)]


def clean(text):
    text = OTHER_ESCAPE.sub("", text.expandtabs(8)).replace("\r\n", "\n")
    lines = [line.rsplit("\r", 1)[-1] for line in text.split("\n")]  # A \r writes the line anew.
    while lines and not lines[-1].strip():
        lines.pop()
    return [piece for line in lines for piece in folded(line)]


def draw_line(line, baseline, prompt):
    if prompt and line.startswith("$ "):
        line = f"\x1b[32m$\x1b[0m \x1b[1m{line[2:]}"
    at, parts = MARGIN, []
    for text, colour, bold in spans(line):
        weight = ' font-weight="bold"' if bold else ""
        parts.append(f'<text x="{at:.1f}" y="{baseline}" fill="{colour}"{weight} '
                     f'textLength="{len(text) * CHAR_WIDTH:.1f}">{html.escape(text)}</text>')
        at += len(text) * CHAR_WIDTH
    return "".join(parts)


def draw(lines, title, prompt):
    columns = max(len(SGR.sub("", line)) for line in lines)
    width = round(max(columns, 40) * CHAR_WIDTH + 2 * MARGIN)
    height = BAR_HEIGHT + len(lines) * LINE_HEIGHT + 2 * MARGIN
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(title)}">')
    yield f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>'
    yield f'<path d="M0 {BAR_HEIGHT}V8a8 8 0 0 1 8-8H{width - 8}a8 8 0 0 1 8 8V{BAR_HEIGHT}z" fill="{BAR}"/>'
    for number, colour in enumerate(("#e06c75", "#e5c07b", "#98c379")):
        yield f'<circle cx="{18 + 20 * number}" cy="16" r="6" fill="{colour}"/>'
    yield '<g font-family="ui-monospace,Menlo,Consolas,monospace" xml:space="preserve">'
    yield (f'<text x="{width / 2:.0f}" y="21" fill="{COLOURS[0]}" font-size="13" '
           f'text-anchor="middle">{html.escape(title)}</text>')
    yield f'<g font-size="{FONT_SIZE}">'
    for number, line in enumerate(lines):
        yield draw_line(line, BAR_HEIGHT + MARGIN + number * LINE_HEIGHT + FONT_SIZE, prompt)
    yield "</g></g></svg>"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--title", default="soliton")
    parser.add_argument("--prompt", action="store_true")
    options = parser.parse_args()
    lines = clean(sys.stdin.read())
    if not lines:
        sys.exit("render_terminal: nothing to draw")
    print("\n".join(draw(lines, options.title, options.prompt)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
