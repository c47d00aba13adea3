# SPDX-License-Identifier: Apache-2.0
"""`make install`: what it puts where, and that ops runs from there."""

import json
import subprocess

from place import TOP, Skip, test


def make(place, *words):
    """Runs make on the build that the ops under test is of; it must have nothing to build."""
    build = place.ops.parent
    command = ["make", "-s", "-C", str(TOP), f"B={build}"]
    if subprocess.run([*command, "-q", "all"], capture_output=True, check=False).returncode != 0:
        raise Skip("there is something to build: run `make` first")
    return subprocess.run([*command, *words], capture_output=True, text=True, check=False)


@test
def install_puts_all_in_place_and_uninstall_takes_it_away(place):
    top = place.folder / "dest dir"
    where = [f"DESTDIR={top}", "PREFIX=/opt/soliton"]
    done = make(place, "install", *where)
    assert done.returncode == 0 and not done.stderr, done.stderr
    prefix = top / "opt/soliton"
    for name in ("bin/ops", "lib/soliton/soliton.elf", "lib/soliton/soliton.debug",
                 "share/man/man1/ops.1", "share/man/man1/ops-run.1", "share/man/man5/ops-config.5",
                 "share/bash-completion/completions/ops", "share/zsh/site-functions/_ops",
                 "share/fish/vendor_completions.d/ops.fish"):
        assert (prefix / name).stat().st_size > 0, name
    run_installed(place, prefix)
    (prefix / "share/man/man1/other.1").write_text("not ours")
    done = make(place, "uninstall", *where)
    assert done.returncode == 0, done.stderr
    left = [str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()]
    assert left == ["share/man/man1/other.1"], left


def run_installed(place, prefix):
    """The installed ops finds its kernel, from wherever it is called."""
    def run(*words):
        return subprocess.run([prefix / "bin/ops", *words], capture_output=True, text=True,
                              cwd=place.folder, env=place.env, check=False)

    version = json.loads(run("version", "--json").stdout)
    assert version["kernel"] == str(prefix / "lib/soliton/soliton.elf"), version
    done = run("build", "-o", "x.img", "/usr/bin/true")
    assert done.returncode == 0 and done.stdout == "x.img\n", done
