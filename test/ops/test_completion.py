# SPDX-License-Identifier: Apache-2.0
"""Shell completion and manual pages: made from the list of commands, so they cannot lag behind."""

import pathlib
import re
import shutil
import subprocess

from place import Skip, test


def shell(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f"{name} is not installed")
    return path


def complete(place, *words):
    """What bash offers for the last word of a command line."""
    script = place.write("ops.bash", place.run("completion", "bash").stdout)
    quoted = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        [shell("bash"), "--norc", "-c", f'source {script}; ops() {{ "{place.ops}" "$@"; }}; '
         f'COMP_WORDS=(ops {quoted}) COMP_CWORD={len(words)}; _ops; '
         'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True, text=True, cwd=place.folder, env=place.env, check=True)
    assert not done.stderr, done.stderr
    return set(done.stdout.split("\n")) - {""}


def commands(place, *group):
    """The commands that the overview lists."""
    text = place.run("help", *group).stdout
    return re.findall(r"^  (\S+) ", text, re.M)


@test
def completion_knows_commands_and_options(place):
    assert complete(place, "ver") == {"version"}
    assert set(commands(place)) == complete(place, "")
    assert "create" in complete(place, "image", "") and "run" not in complete(place, "image", "")
    assert "--config" in complete(place, "run", "--c")
    assert complete(place, "run", "--accel", "") == set()
    assert complete(place, "completion", "z") == {"zsh"}
    assert complete(place, "explain", "RunConfig.Mem") == {"RunConfig.Memory"}


@test
def completion_offers_files_where_files_go(place):
    place.write("a file.json", "")
    (place.folder / "a folder").mkdir()
    assert complete(place, "run", "-c", "a") == {"a file.json", "a folder"}
    assert complete(place, "run", "-r", "a") == {"a folder"}
    assert complete(place, "run", "a") == {"a file.json", "a folder"}
    assert complete(place, "doctor", "a") == set()
    assert complete(place, "doctor", "--", "a") == {"a file.json", "a folder"}


@test
def completion_offers_the_images_there_are(place):
    for name in ("web", "worker", "db"):
        place.write(f"home/images/{name}.img", "")
    assert complete(place, "image", "delete", "w") == {"web", "worker"}
    assert complete(place, "instance", "create", "d") == {"db"}
    assert complete(place, "instance", "stop", "w") == set()


@test
def completion_scripts_are_ones(place):
    for name in ("bash", "zsh", "fish"):
        done = place.run("completion", name)
        assert done.returncode == 0 and not done.stderr, done
        script = place.write(f"script.{name}", done.stdout)
        for command in commands(place):
            assert command in done.stdout, (name, command)
        path = shutil.which(name)
        if path:
            subprocess.run([path, "-n", script], check=True)
    place.fails("completion", "tcsh", says=["tcsh"], status=2)
    place.fails("completion", says=["no shell"], status=2)
    place.fails("completion", "--names", "x", says=["'x'"])


@test
def man_pages_are_there_for_every_command(place):
    done = place.run("man", "-o", "man")
    assert done.returncode == 0 and not done.stdout and not done.stderr, done
    pages = {str(page.relative_to(place.folder / "man"))
             for page in (place.folder / "man").rglob("*.?")}
    for command in commands(place):
        assert f"man1/ops-{command}.1" in pages, command
    assert {"man1/ops.1", "man1/ops-instance-create.1", "man5/ops-config.5"} <= pages
    assert place.run("man", "run").stdout == (place.folder / "man/man1/ops-run.1").read_text()
    assert place.run("man").stdout == (place.folder / "man/man1/ops.1").read_text()
    place.fails("man", "nothing", says=["nothing"], status=2)
    place.fails("man", "-o", "/dev/null/x", says=["/dev/null"])


@test
def man_pages_please_groff_and_mandoc(place):
    place.run("man", "-o", "man")
    pages = sorted(map(str, pathlib.Path(place.folder / "man").rglob("*.?")))
    groff = shutil.which("groff")
    mandoc = shutil.which("mandoc")
    if not groff and not mandoc:
        raise Skip("neither groff nor mandoc is installed")
    for page in pages:
        if groff:
            done = subprocess.run([groff, "-man", "-Tutf8", "-ww", "-z", page],
                                  capture_output=True, text=True, check=True)
            assert not done.stderr, done.stderr
    if mandoc:
        subprocess.run([mandoc, "-Tlint", "-Wwarning", *pages], check=True)
