# SPDX-License-Identifier: Apache-2.0
"""Volumes: made, looked into, changed, and given to machines."""

import json
import os
import re
import subprocess

from place import debugfs, e2fsck, extract, test, tool


def good(place, *args, **options):
    """Runs a command that has to work; returns its stdout."""
    done = place.run(*args, **options)
    assert done.returncode == 0, done
    return done.stdout


def volume(place, name):
    return place.home / "volumes" / f"{name}.img"


@test
def volume_is_created_listed_and_deleted(place):
    assert json.loads(good(place, "volume", "list", "-j")) == []
    record = json.loads(good(place, "volume", "create", "data", "-s", "64M", "--json"))
    assert record["name"] == record["label"] == "data" and record["size"] == 64 << 20, record
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", record["uuid"]), record
    assert record["attached_to"] is None and record["used"] < 1 << 20, record
    e2fsck(volume(place, "data"))
    other = json.loads(good(place, "volume", "create", "other", "-s", "64M", "--label", "logs",
                            "-j"))
    assert other["label"] == "logs" and other["uuid"] != record["uuid"], other
    lines = good(place, "volume", "list").splitlines()
    assert lines[0].split()[:5] == ["NAME", "LABEL", "SIZE", "USED", "CREATED"], lines
    assert json.loads(good(place, "volume", "info", "data", "-j")) == record
    done = subprocess.run([tool("dumpe2fs"), "-h", volume(place, "data")], capture_output=True,
                          text=True, check=True)
    assert "has_journal" in done.stdout and "metadata_csum" in done.stdout, done.stdout
    place.fails("volume", "create", "data", says=["'data' already"])
    place.fails("volume", "delete", "data", says=["nobody can be asked"])
    good(place, "volume", "delete", "data", "--yes")
    assert not volume(place, "data").exists()
    place.fails("volume", "info", "data", says=["no volume 'data'"])
    place.fails("volume", "delete", "data", "-y", says=["no volume 'data'"])


@test
def volume_that_cannot_be(place):
    file = place.write("file", "x")
    place.fails("volume", "create", "tiny", "-s", "1M", says=["1 MiB", "too little"])
    place.fails("volume", "create", "x", "-d", "/no/such", says=["/no/such", "No such file"])
    place.fails("volume", "create", "x", "-d", file, says=["not a directory"])
    place.fails("volume", "create", "../x", says=["../x"])
    place.fails("volume", "create", "x", "--label", "much-longer-than-a-label", says=["longer"])
    place.fails("volume", "create", "x", "--label", "a b", says=["label"])
    place.fails("volume", "create", says=[""], status=2)
    place.fails("volume", "create", "x", "-s", "big", says=["big"], status=2)
    place.write("big/file", os.urandom(4 << 20))
    place.fails("volume", "create", "x", "-s", "6M", "-d", "big", says=["too little"])
    place.fails("volume", "create", "x", "-t", "nimbus", says=["nimbus"])
    large = place.write("large/file", "")
    os.truncate(large, 9 << 40)
    place.fails("volume", "create", "v", "-d", "large", says=["large/file' is larger than"])


@test
def volume_holds_a_directory(place):
    place.write("site/index.html", "hello")
    place.write("site/deep/er/file", os.urandom(100000))
    (place.folder / "site/link").symlink_to("index.html")
    good(place, "volume", "create", "site", "-d", "site")
    path = volume(place, "site")
    e2fsck(path)
    assert debugfs(path, "cat /index.html") == b"hello"
    assert debugfs(path, "cat /deep/er/file") == (place.folder / "site/deep/er/file").read_bytes()
    assert "deep/\n" in good(place, "volume", "ls", "site")
    assert "    file\n" in good(place, "volume", "tree", "site")
    assert good(place, "volume", "cat", "site", "/index.html") == "hello"
    good(place, "volume", "cp", "site:/index.html", "out")
    assert (place.folder / "out").read_text() == "hello"
    place.write("more/a", "a")
    good(place, "volume", "cp", "-r", "more", "site:/deep")
    assert good(place, "volume", "cat", "site", "/deep/more/a") == "a"
    e2fsck(path)
    good(place, "volume", "resize", "site", "300M")
    assert os.path.getsize(path) == 300 << 20
    e2fsck(path)


@test
def mounts_give_a_machine_its_volumes(place):
    good(place, "volume", "create", "data", "-s", "64M")
    good(place, "volume", "create", "second", "-s", "64M", "--label", "logs")
    line = good(place, "run", "--dry-run", "--mounts", "data:/srv", "--mounts", "logs:/logs:ro",
                "/usr/bin/true")
    assert f"id=volume0,file={volume(place, 'data')},format=raw,if=none " in line, line
    assert f"file={volume(place, 'second')},format=raw,if=none,readonly=on" in line, line
    place.write("share/x", "x")
    line = good(place, "run", "--dry-run", "--mounts", "./share:/share:ro", "/usr/bin/true")
    assert f"path={place.folder}/share,security_model=none,multidevs=remap,readonly=on" in line, \
        line
    assert "mount_tag=share0" in line, line

    config = place.config({"Mounts": {"data": "/srv", "%1": "/two/deep"}})
    root = extract(place.build("-c", config, "--mounts", "absent:/absent:ro", "/usr/bin/true"), 2)
    lines = debugfs(root, "cat /etc/soliton/manifest").decode().splitlines()
    assert "mount LABEL=data /srv" in lines and "mount %1 /two/deep" in lines, lines
    assert "mount LABEL=absent /absent ro" in lines, lines
    for path in ("/srv", "/two/deep", "/absent"):
        assert b"Type: directory" in debugfs(root, f"stat {path}"), path

    place.fails("run", "--mounts", "absent:/absent", "/usr/bin/true", says=["absent:/absent"])
    place.fails("run", "--mounts", "data:srv", "/usr/bin/true", says=["'data:srv'"])
    place.fails("run", "--mounts", "data:/", "/usr/bin/true", says=["'data:/'"])
    place.fails("run", "--mounts", "data:/x:no", "/usr/bin/true", says=["'no'"])
    place.fails("run", "--mounts", "/no/such:/x", "/usr/bin/true", says=["/no/such"])


@test
def volume_belongs_to_one_instance(place):
    tool("qemu-system-x86_64")
    good(place, "volume", "create", "data", "-s", "64M")
    good(place, "volume", "create", "logs", "-s", "64M")
    good(place, "image", "create", "/usr/bin/true", "-i", "img")
    for name in ("one", "two"):
        good(place, "instance", "create", "img", "-i", name, "--append", "boot_ns 5%!",
             "--accel", "tcg")
    try:
        place.fails("volume", "attach", "one", "data", says=["'one' is running"])
        place.fails("image", "delete", "img", "-y", says=["'img'", "instance 'one'"])
        for name in ("one", "two"):
            good(place, "instance", "stop", name, "--grace", "0")
        place.fails("volume", "attach", "one", "%1:data", says=["'%1' cannot be"])
        good(place, "volume", "attach", "one", "%0:data")
        good(place, "volume", "attach", "one", "logs", "%1")
        attached = {item["name"]: item["attached_to"]
                    for item in json.loads(good(place, "volume", "list", "-j"))}
        assert attached == {"data": "one", "logs": "one"}, attached
        place.fails("volume", "attach", "two", "data", says=["instance 'one' has it"])
        place.fails("volume", "attach", "none", "data", says=["none"])
        place.fails("volume", "attach", "two", "none", says=["no volume 'none'"])
        place.fails("volume", "delete", "data", "-y", says=["instance 'one' has it"])
        good(place, "volume", "detach", "one", "data")
        place.fails("volume", "detach", "one", "data", says=["does not have it"])
        good(place, "volume", "attach", "two", "data")
    finally:
        for name in ("one", "two"):
            place.run("instance", "delete", name)
    good(place, "volume", "delete", "data", "logs", "-y")
    good(place, "image", "delete", "img", "-y")


@test
def instance_gets_the_volumes_its_image_asks_for(place):
    tool("qemu-system-x86_64")
    good(place, "volume", "create", "data", "-s", "64M")
    good(place, "image", "create", "/usr/bin/true", "-i", "img", "--mounts", "data:/data",
         "--mounts", "absent:/absent")
    create = ["instance", "create", "img", "--append", "boot_ns 5%!", "--accel", "tcg", "-i"]
    good(place, *create, "one")
    try:
        volumes = json.loads(good(place, "volume", "list", "-j"))
        assert volumes[0]["attached_to"] == "one", volumes
        place.fails(*create, "two", says=["data.img", "instance 'one' has it"])
    finally:
        place.run("instance", "delete", "one")
    volumes = json.loads(good(place, "volume", "list", "-j"))
    assert volumes[0]["attached_to"] is None, volumes
