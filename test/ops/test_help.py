# SPDX-License-Identifier: Apache-2.0
"""What ops says about itself."""

from place import test


@test
def help_goes_to_stdout(place):
    for args in (["help"], ["help", "run"], ["run", "--help"], ["version"]):
        done = place.run(*args)
        assert done.returncode == 0 and done.stdout and not done.stderr, (args, done)


@test
def dry_run_prints_the_command_and_makes_nothing(place):
    before = place.listing()
    done = place.run("run", "--dry-run", "-p", "8080:80", "-m", "1G", "--smp", "2",
                     "--accel", "tcg", "--append", "a b", "/usr/bin/true")
    assert done.returncode == 0, done.stderr
    for part in ("qemu-system-x86_64 ", " -m 1024M ", " -smp 2 ", "hostfwd=tcp:127.0.0.1:8080-:80",
                 "microvm", "-accel tcg", " -append 'a b' "):
        assert part in done.stdout, (part, done.stdout)
    assert place.listing() == before
    done = place.run("run", "--dry-run", "--machine", "q35", "/usr/bin/true")
    assert "virtio-blk-pci" in done.stdout


@test
def help_lists_what_the_command_takes(place):
    attended = ("--timeout SECONDS", "--dry-run")
    for command, lists in (("run", True), ("pkg load", True), ("deploy", False),
                           ("instance create", False)):
        said = place.run(*command.split(), "--help").stdout
        assert [option in said for option in attended] == [lists, lists], (command, said)
    for command in (["deploy", "/usr/bin/true"], ["instance", "create", "none"]):
        for option in (["--timeout", "5"], ["--dry-run"]):
            done = place.run(*command, *option)
            assert done.returncode == 1 and f"{option[0]} needs somebody" in done.stderr, done
            assert "hint: `ops run`" in done.stderr, done
    said = place.run("image", "create", "--help").stdout
    assert "--timeout SECONDS" in said and "--dry-run" not in said, said
