# SPDX-License-Identifier: Apache-2.0
"""Images that are kept: looked into, changed, listed, removed."""

import json
import os
import pathlib
import random
import signal
import subprocess
import time

from place import debugfs, digest, e2fsck, extract, partition, test, tool


def create(place, name="web", *args):
    """Makes an image; returns its file."""
    done = place.run("image", "create", "/usr/bin/true", "-i", name, *args)
    assert done.returncode == 0 and done.stdout == f"{name}\n", done
    return place.home / "images" / f"{name}.img"


def good(place, *args, **options):
    """Runs a command that has to work; returns its stdout."""
    done = place.run(*args, **options)
    assert done.returncode == 0, done
    return done.stdout


def check_disk(image):
    """Both the table and the filesystem are as others want them."""
    e2fsck(extract(image, 2))
    done = subprocess.run([tool("sgdisk"), "-v", str(image)], capture_output=True, text=True,
                          check=True)
    assert "No problems found" in done.stdout, done.stdout


@test
def image_is_created_listed_and_deleted(place):
    assert good(place, "image", "list") == "There are no images.\n"
    assert good(place, "image", "list", "--json") == "[]\n"
    create(place, "web", "-e", "A=b=c")
    create(place, "db")
    listed = json.loads(good(place, "image", "list", "--json"))
    assert [image["name"] for image in listed] == ["db", "web"], listed
    assert set(listed[0]) == {"name", "size", "used", "created", "id"}, listed
    assert listed[0]["used"] < listed[0]["size"] == os.path.getsize(listed[0]["id"])
    lines = good(place, "image", "list").splitlines()
    assert lines[0].split() == ["NAME", "SIZE", "USED", "CREATED"], lines
    assert lines[1].startswith("db ") and "just now" in lines[1], lines
    assert [line.split()[0] for line in good(place, "image", "search", "^w").splitlines()[1:]] == \
        ["web"]
    assert "A=b=c\n" in good(place, "image", "env", "web")
    envs = json.loads(good(place, "image", "env", "web", "-j"))
    assert {"name": "A", "value": "b=c"} in envs, envs

    place.fails("image", "create", "/usr/bin/true", "-i", "web", says=["'web' already"])
    good(place, "image", "create", "/usr/bin/true", "-i", "web", "--replace")
    place.fails("image", "delete", "web", says=["nobody can be asked"])
    good(place, "image", "delete", "web", "--yes")
    place.fails("image", "delete", "web", "--yes", says=["there is no image 'web'"])
    assert sorted(path.name for path in (place.home / "images").iterdir()) == \
        [".lock", "db.img", "db.json"]


@test
def image_is_deleted_by_age(place):
    for name, days in (("new", 0), ("old", 8), ("older", 40)):
        create(place, name)
        description = place.home / "images" / f"{name}.json"
        description.write_text(json.dumps({"created": int(time.time()) - days * 86400}))
    good(place, "image", "delete", "new", "old", "--lru", "1w", "--assume-yes")
    assert not (place.home / "images/old.img").exists()
    good(place, "image", "delete", "--older-than", "1m", "-y")
    left = json.loads(good(place, "image", "list", "-j"))
    assert [image["name"] for image in left] == ["new"], left
    place.fails("image", "delete", "-y", says=["neither a name nor"], status=2)
    place.fails("image", "delete", "--older-than", "soon", says=["'soon' is not an age"], status=2)


@test
def image_shows_what_is_in_it(place):
    create(place)
    assert "hosts\n" in good(place, "image", "ls", "web", "/etc")
    assert good(place, "image", "cat", "web", "/etc/hosts", "/etc/host.conf") == \
        "127.0.0.1 localhost\n::1 localhost\nmulti on\n"
    assert "  true\n" in good(place, "image", "tree", "web", "/usr")
    rows = json.loads(good(place, "image", "ls", "web", "/usr/bin", "--json"))
    assert rows[0]["path"] == "/usr/bin/true" and rows[0]["mode"] == "-rwxr-xr-x", rows
    assert rows[0]["size"] == os.path.getsize("/usr/bin/true") and rows[0]["type"] == "file", rows
    paths = [row["path"] for row in json.loads(good(place, "image", "tree", "web", "-j"))]
    assert "/usr/bin/true" in paths and "/etc/soliton/manifest" in paths, paths
    place.fails("image", "cat", "web", "/nothing", says=["'/nothing'", "No such file"])
    place.fails("image", "cat", "web", "/etc", says=["'/etc'", "directory"])
    place.fails("image", "ls", "web", "/nothing", says=["'/nothing'", "No such file"])
    place.fails("image", "ls", "none", says=["no image 'none'"])


@test
def copy_leaves_alone_what_is_in_its_way(place):
    """A directory comes by another name first. Somebody may have that one."""
    create(place)
    script = 'mkdir out.$$.tmp && touch out.$$.tmp/mine && exec "$@"'
    command = place.command("image", "cp", "-r", "web:/etc", "out")
    done = subprocess.run(["sh", "-c", script, "sh", *command], cwd=place.folder, env=place.env,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "cannot make directory" in done.stderr, done
    assert [path.name for path in place.folder.glob("out.*.tmp/*")] == ["mine"]


@test
def image_gives_files_and_takes_them(place):
    image = create(place)
    place.write("conf/a.txt", "a")
    place.write("conf/sub/b.bin", os.urandom(300000) + bytes(1 << 20) + b"end")
    (place.folder / "conf/link").symlink_to("a.txt")
    good(place, "image", "resize", "web", "64M")
    good(place, "image", "cp", "-r", "conf", "web:/srv2")
    check_disk(image)
    root = extract(image, 2)
    assert debugfs(root, "cat /srv2/sub/b.bin") == (place.folder / "conf/sub/b.bin").read_bytes()
    assert b'Fast link dest: "a.txt"' in debugfs(root, "stat /srv2/link")

    good(place, "image", "cp", "-r", "web:/srv2", "back")
    assert (place.folder / "back/sub/b.bin").read_bytes() == \
        (place.folder / "conf/sub/b.bin").read_bytes()
    assert os.readlink(place.folder / "back/link") == "a.txt"
    assert os.stat(place.folder / "back/sub/b.bin").st_blocks * 512 < 600000, "holes are filled"
    good(place, "image", "cp", "-L", "web:/srv2/link", "followed")
    assert (place.folder / "followed").read_text() == "a" and \
        not (place.folder / "followed").is_symlink()

    place.write("a.txt", "new")
    good(place, "image", "cp", "a.txt", f"{image}:/srv2")
    assert good(place, "image", "cat", "web", "/srv2/a.txt") == "new"
    good(place, "image", "cp", "web", "/srv2/a.txt", "/etc/hosts", ".")
    assert (place.folder / "hosts").read_text().startswith("127.0.0.1")
    check_disk(image)


@test
def image_has_room_for_a_little_more(place):
    image = create(place)
    for i in range(500):
        place.write(f"many/{i}", str(i))
    place.write("many/big", os.urandom(8 << 20))
    good(place, "image", "cp", "-r", "many", "web:/")
    check_disk(image)
    assert good(place, "image", "cat", "web", "/many/499") == "499"


@test
def image_copy_that_cannot_be_changes_nothing(place):
    image = create(place)
    before = digest(image)
    place.write("dir/file", "x")
    place.write("big", os.urandom(32 << 20))
    place.fails("image", "cp", "dir", "web:/", says=["'dir'", "directory"])
    place.fails("image", "cp", "web:/etc", "out", says=["'/etc'", "directory"])
    place.fails("image", "cp", "dir/file", "web:/no/such/place", says=["'/no/such'"])
    place.fails("image", "cp", "nothing", "web:/etc", says=["'nothing'", "No such file"])
    place.fails("image", "cp", "dir/file", "big", "web:/etc", says=["no room"])
    place.fails("image", "cp", "dir/file", "web:/etc/passwd/x", says=["'dir/file'"])
    place.fails("image", "cp", "-r", "dir", "web:/etc/passwd", says=["'passwd' is there"])
    place.fails("image", "cp", "-r", "web:/etc", "dir/file", says=["'dir/file' is there already"])
    place.fails("image", "cp", "web:/etc/hosts", "/no/such/folder/x", says=["/no/such/folder"])
    place.fails("image", "cp", "web:/etc/hosts", "web:/etc/x", says=["both lie on a disk"],
                status=2)
    place.fails("image", "cp", "a", "b", says=["nothing of it lies on a disk"], status=2)
    place.fails("image", "cp", "web:/a", "web:/b", "dir/file", says=["no directory"])
    assert digest(image) == before


@test
def image_becomes_larger_and_smaller(place):
    image = create(place)
    first = os.path.getsize(image)
    good(place, "image", "resize", "web", "3G")
    assert os.path.getsize(image) == 3 << 30
    assert os.stat(image).st_blocks * 512 < 64 << 20, "holes are filled"
    assert partition(image, 2)[1] > 2900 << 20
    check_disk(image)
    good(place, "image", "resize", str(image), "40M")
    assert os.path.getsize(image) == 40 << 20
    check_disk(image)
    place.fails("image", "resize", "web", "6M", says=["needs more room"])
    place.fails("image", "resize", "web", "1M", says=["needs more room"])
    place.fails("image", "resize", "web", "lots", says=["lots"], status=2)
    assert first < 40 << 20
    assert "127.0.0.1" in good(place, "image", "cat", "web", "/etc/hosts")


@test
def image_that_a_machine_writes_is_left_alone(place):
    image = create(place)
    place.write("x", "x")
    qemu = subprocess.Popen([tool("qemu-system-x86_64"), "-display", "none", "-nodefaults", "-S",
                             "-accel", "tcg", "-monitor", "stdio", "-drive",
                             f"file={image},format=raw,if=virtio"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        qemu.stdin.write("info block\n")
        qemu.stdin.flush()
        while not qemu.stdout.readline().startswith("virtio0"):
            assert qemu.poll() is None
        place.fails("image", "cp", "x", "web:/etc", says=["a machine is running"])
        good(place, "image", "ls", "web")
    finally:
        qemu.stdin.write("quit\n")
        qemu.communicate(timeout=60)
    good(place, "image", "cp", "x", "web:/etc")


@test
def image_that_is_damaged_gives_one_line(place):
    image = create(place)
    content = image.read_bytes()
    offset, size = partition(image, 2)

    def broken(name, changes, length=None):
        data = bytearray(content[:length])
        for at, what in changes:
            data[at:at + len(what)] = what
        return str(place.write(name, bytes(data)))

    superblock = offset + 1024
    for name, path, says in (
            ("no image at all", place.write("a/text", "hello"), "no ext4 filesystem"),
            ("nothing", place.write("a/empty", ""), "no ext4 filesystem"),
            ("table", broken("a/1.img", [(512 + 40, b"\xff")]), "partition table is damaged"),
            ("entries", broken("a/2.img", [(1024 + 130, b"\xff")]), "partition table is damaged"),
            ("cut off", broken("a/3.img", [], offset + 4096), "beyond the end of the disk"),
            ("magic", broken("a/4.img", [(superblock + 56, b"\0\0")]), "no ext4 filesystem"),
            ("size", broken("a/5.img", [(superblock + 4, b"\xff\xff\xff\xff")]), "larger than"),
            ("block size", broken("a/6.img", [(superblock + 24, b"\xff")]), "damaged"),
            ("inodes", broken("a/7.img", [(superblock, b"\xff\xff\xff\xff")]), "cannot be read"),
            ("directory", broken("a/8.img", [(superblock + 40, b"\1\0\0\0")]), "")):
        for verb in (["ls"], ["tree"], ["env"]):
            done = place.run("image", *verb, path)
            assert done.returncode == 1, (name, done)
            assert says in done.stderr and len(done.stderr.splitlines()) <= 2, (name, done.stderr)
    assert size > 0


def change(image, *requests):
    """Writes what no honest tool would into the root filesystem."""
    offset, _ = partition(image, 2)
    text = "".join(request + "\n" for request in requests)
    subprocess.run([tool("debugfs"), "-w", "-f", "-", f"{image}?offset={offset}"], input=text,
                   capture_output=True, text=True, check=True)


@test
def image_whose_manifest_is_large_takes_no_memory(place):
    change(create(place), f"set_inode_field /etc/soliton/manifest size {8 << 40}")
    done = place.run("instance", "create", "web", "-i", "one")
    assert done.returncode == 1 and "manifest': it is too large" in done.stderr, done.stderr


@test
def image_survives_random_damage(place):
    # Whatever changes: no crash (a signal gives a negative status), no hang, one line.
    image = create(place)
    content = image.read_bytes()
    offset, _ = partition(image, 2)
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(40):
        data = bytearray(content)
        for _ in range(rng.randrange(1, 20)):
            data[offset + rng.randrange(1 << 20)] = rng.randrange(256)
        path = str(place.write("bad.img", bytes(data)))
        for verb in (["tree", path], ["cat", path, "/etc/hosts"]):
            done = subprocess.run([str(place.ops), "image", *verb], capture_output=True,
                                  env=place.env, cwd=place.folder, timeout=60, check=False)
            assert done.returncode in (0, 1), (verb, done)
            assert len(done.stderr.splitlines()) <= 2, done.stderr


@test
def image_edit_that_is_killed_leaves_the_old_or_the_new(place):
    image = create(place)
    good(place, "image", "resize", "web", "128M")
    place.write("big", os.urandom(24 << 20))
    rng = random.Random(7)
    outcomes = set()
    before = digest(image)
    for _ in range(25):
        child = subprocess.Popen(place.command("image", "cp", "big", "web:/etc/big"),
                                 env=place.env, cwd=place.folder, stderr=subprocess.DEVNULL)
        try:
            child.wait(rng.uniform(0.0, 0.2))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
        outcomes.add(digest(image) == before)
        e2fsck(extract(image, 2))
        files = {path.name for path in (place.home / "images").iterdir()} - {"web.img.2"}
        assert files == {".lock", "web.img", "web.json"}, files
    good(place, "image", "cp", "big", "web:/etc/big")
    assert outcomes, "nothing was tried"


@test
def two_edits_at_once_both_count(place):
    create(place)
    good(place, "image", "resize", "web", "64M")
    running = []
    for i in range(6):
        place.write(f"f{i}", str(i))
        running.append(subprocess.Popen(place.command("image", "cp", f"f{i}", "web:/etc"),
                                        env=place.env, cwd=place.folder))
    assert [child.wait(60) for child in running] == [0] * 6
    names = good(place, "image", "ls", "web", "/etc").split()
    assert all(f"f{i}" in names for i in range(6)), names
    check_disk(place.home / "images/web.img")


@test
def image_sync_and_targets_that_are_not_there(place):
    create(place)
    place.fails("image", "sync", "web", says=["no target"], status=2)
    place.fails("image", "sync", "web", "-t", "onprem", says=["both 'onprem'"])
    place.fails("image", "list", "-t", "nimbus", says=["no provider 'nimbus'"])
    assert pathlib.Path(place.home / "images/web.img").exists()
