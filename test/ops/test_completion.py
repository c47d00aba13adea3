# SPDX-License-Identifier: Apache-2.0
"""Shell completion and manual pages: made from the list of commands, so they cannot lag behind."""

import pathlib
import re
import shutil
import subprocess

from place import SECONDS_MAX, Skip, test


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


# A shell at a terminal that writes what it would offer between two NULs, and ends.
ZSH_SETUP = r"""
PS1=
autoload -Uz compinit
compinit -u -D
source $SCRIPT
bindkey '^M' undefined
bindkey '^J' undefined
bindkey '^I' complete-word
unset zle_bracketed_paste
null-line() { print -n -r -- $'\0' }
compprefuncs=(null-line)
comppostfuncs=(null-line exit)
zstyle ':completion:*' insert-tab false
compadd()
{
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    typeset -a offered
    builtin compadd -A offered "$@"
    print -r -l -- $offered
    builtin compadd "$@"
}
print -n -r -- READY
"""

ZSH_DRIVE = r"""
zmodload zsh/zpty || exit 1
zpty -b shell zsh -f -i
zpty -w shell "source $SETUP"
zpty -r shell text $'*READY'
zpty -w -n shell "$LINE"$'\t'
zpty -r shell text $'*\0*\0'
print -r -- ${${text#*$'\0'}%$'\0'*}
zpty -d shell
"""


def path_with_ops(place):
    return {**place.env, "PATH": f"{place.ops.parent}:{place.env['PATH']}"}


def zsh_complete(place, line):
    """What zsh offers at the end of a line when tab is pressed."""
    env = {**path_with_ops(place), "LINE": line, "TERM": "dumb",
           "SCRIPT": str(place.write("ops.zsh", place.run("completion", "zsh").stdout)),
           "SETUP": str(place.write("setup.zsh", ZSH_SETUP))}
    done = subprocess.run([shell("zsh"), "-f", "-c", ZSH_DRIVE], capture_output=True, text=True,
                          cwd=place.folder, env=env, check=True, timeout=SECONDS_MAX,
                          stdin=subprocess.DEVNULL)
    return {word.strip() for word in done.stdout.split("\n")} - {""}


def fish_complete(place, line):
    """What fish offers, without what it says of each."""
    script = place.write("ops.fish", place.run("completion", "fish").stdout)
    done = subprocess.run([shell("fish"), "--no-config", "-c",
                           f"source {script}; complete -C '{line}'"], capture_output=True,
                          text=True, cwd=place.folder, env=path_with_ops(place), check=True,
                          timeout=SECONDS_MAX)
    assert not done.stderr, done.stderr
    return {offered.split("\t")[0] for offered in done.stdout.splitlines()}


def offers_what_fits(place, complete_line):
    """The same cases in the shells that have an engine of their own."""
    place.write("a file.json", "")
    (place.folder / "a_folder").mkdir()
    for name in ("web", "worker", "db"):
        place.write(f"home/images/{name}.img", "")
    for line, wanted, unwanted in (
            ("ops ver", {"version"}, {"volume", "run"}),
            ("ops image ", set(commands(place, "image")), {"run", "stop"}),
            ("ops instance re", {"reboot"}, {"create"}),
            ("ops run --conf", {"--config"}, {"--port"}),
            ("ops instance stop --gr", {"--grace"}, {"--health"}),
            ("ops image delete w", {"web", "worker"}, {"db"}),
            ("ops image delete web w", {"worker"}, {"db"}),
            ("ops instance create d", {"db"}, {"web"}),
            ("ops completion z", {"zsh"}, {"bash"}),
            ("ops explain RunConfig.Mem", {"RunConfig.Memory"}, {"RunConfig.CPUs"}),
            ("ops volume create -d a", {"a_folder/"}, {"a file.json"}),
            ("ops run -c a", {"a file.json"}, set()),
            ("ops run --accel ", set(), {"a file.json"}),
            ("ops nothing ", set(), {"run"})):
        offered = complete_line(place, line)
        plain = {word.rstrip("=/").replace("\\", "") for word in offered}
        assert {word.rstrip("/") for word in wanted} <= plain, (line, offered)
        assert not unwanted & plain, (line, offered)


@test
def zsh_completes_at_its_own_prompt(place):
    offers_what_fits(place, zsh_complete)


@test
def fish_completes_as_it_would_at_its_prompt(place):
    offers_what_fits(place, fish_complete)


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
