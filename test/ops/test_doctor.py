# SPDX-License-Identifier: Apache-2.0
"""`ops doctor`, `ops version`, `ops profile`: what is here, and what is missing."""

import json
import shutil

from place import test


@test
def doctor_names_what_is_missing_and_how_to_get_it(place):
    before = place.listing()
    done = place.run("doctor", env={"PATH": "/nowhere"})
    assert done.returncode == 1 and not done.stderr, done
    lines = done.stdout.splitlines()
    assert any(line.split()[:2] == ["missing", "qemu"] for line in lines), done.stdout
    checks = {check["check"]: check for check in json.loads(
        place.run("doctor", "--json", env={"PATH": "/nowhere"}).stdout)}
    assert checks["qemu"]["state"] == "missing", checks["qemu"]
    if shutil.which("apt-get"):
        fix = json.loads(place.run("doctor", "-j", env={"PATH": "/usr/bin:/bin"}).stdout)
        assert all("apt-get install" in check["fix"] for check in fix
                   if check["state"] == "missing" and check["check"] == "qemu")
    assert place.listing() == before


@test
def doctor_sees_a_home_that_cannot_be(place):
    done = place.run("doctor", env={"OPS_HOME": "/dev/null/home"})
    assert done.returncode == 1
    assert any(line.split()[:2] == ["missing", "home"] for line in done.stdout.splitlines())


@test
def doctor_takes_no_words(place):
    for command in ("doctor", "version", "profile"):
        place.fails(command, "x", says=["'x'"], status=2)


@test
def version_and_profile_say_what_ops_works_with(place):
    version = json.loads(place.run("version", "--json").stdout)
    profile = json.loads(place.run("profile", "--json").stdout)
    assert version["version"] == profile["version"] and profile["arch"] == "amd64"
    assert profile["kernel_id"] == version["kernel_id"]
    assert profile["home"] == str(place.home)
    assert place.run("version").stdout.startswith(f"ops {version['version']}\n")
    assert "QEMU version:" in place.run("profile").stdout
