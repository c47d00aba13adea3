# SPDX-License-Identifier: Apache-2.0
"""How ops talks: to terminals, to pipes, to programs, and to those who want quiet."""

import os
import pty
import re
import subprocess

from place import test

BOLD = b"\033[1m"


def on_terminal(place, *args, stderr_too=False, env=None):
    """What ops writes when stdout, and perhaps stderr, is a terminal of 80 columns."""
    master, slave = pty.openpty()
    os.set_inheritable(slave, True)
    process = subprocess.Popen(place.command(*args), stdout=slave, stdin=subprocess.DEVNULL,
                               stderr=slave if stderr_too else subprocess.DEVNULL,
                               cwd=place.folder, env={**place.env, "TERM": "xterm", **(env or {})})
    os.close(slave)
    written = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # The other end is closed.
            break
        if not part:
            break
        written += part
    os.close(master)
    assert process.wait() == 0, written
    return written


def every_command(place):
    """All commands, those of groups included."""
    for name in re.findall(r"^  (\S+) ", place.run("help").stdout, re.M):
        text = place.run("help", name).stdout
        members = re.findall(r"^  (\S+) ", text, re.M) if "COMMAND [ARGUMENT" in text else []
        if members:
            yield from ([name, member] for member in members)
        else:
            yield [name]


@test
def colours_only_on_terminals_that_want_them(place):
    assert BOLD in on_terminal(place, "explain", "Nics")
    assert BOLD not in on_terminal(place, "explain", "Nics", env={"NO_COLOR": "1"})
    assert BOLD in on_terminal(place, "explain", "Nics", env={"NO_COLOR": ""})
    assert BOLD not in on_terminal(place, "explain", "Nics", env={"TERM": "dumb"})
    assert "\033" not in place.run("explain").stdout
    assert b"\033" not in on_terminal(place, "explain", "--json")


@test
def every_command_has_help_and_the_common_options(place):
    commands = list(every_command(place))
    assert len(commands) > 30, commands
    for command in commands:
        by_help = place.run("help", *command).stdout
        by_option = place.run(*command, "--help")
        assert by_option.returncode == 0 and by_option.stdout == by_help, command
        for part in ("usage: ops " + " ".join(command), "--json", "--quiet", "--verbose", "--help"):
            assert part in by_help, (command, part)
        about = by_help.splitlines()[2]
        assert about[0].islower() and about.endswith("."), (command, about)


@test
def unknown_options_are_misuse_everywhere(place):
    for command in every_command(place):
        place.fails(*command, "--no-such-option", says=["no-such-option"], status=2)


@test
def quiet_leaves_errors_and_results(place):
    place.config({"NanosVersion": "1"})
    done = place.run("build", "-q", "-c", "config.json", "-o", "x.img", "/usr/bin/true")
    assert (done.stdout, done.stderr) == ("x.img\n", ""), done
    done = place.run("build", "-q", "/no/such/program")
    assert done.returncode == 1 and done.stderr.startswith("ops: "), done


@test
def no_progress_where_nobody_looks(place):
    place.write("data/file", b"x" * (1 << 20))
    done = place.run("volume", "create", "-d", "data", "-s", "8M", "vol")
    assert done.returncode == 0 and "\r" not in done.stderr, done
    assert b"\r\033[K" not in on_terminal(place, "version", stderr_too=True)
