# SPDX-License-Identifier: Apache-2.0
"""Images that ops builds, looked at with the tools of others."""

import os
import pathlib
import subprocess
import time

from place import debugfs, digest, e2fsck, extract, test, tool


@test
def image_is_a_valid_gpt(place):
    image = place.build("/usr/bin/true")
    done = subprocess.run([tool("sgdisk"), "-v", str(image)], capture_output=True, text=True,
                          check=True)
    assert "No problems found" in done.stdout, done.stdout
    done = subprocess.run([tool("sgdisk"), "-i", "2", str(image)], capture_output=True, text=True,
                          check=True)
    assert "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709" in done.stdout, done.stdout
    done = subprocess.run([tool("sgdisk"), "-i", "1", str(image)], capture_output=True, text=True,
                          check=True)
    assert "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" in done.stdout, done.stdout


@test
def image_root_passes_e2fsck(place):
    e2fsck(extract(place.build("/usr/bin/true"), 2))


@test
def image_boot_partition_holds_the_kernel(place):
    esp = extract(place.build("/usr/bin/true"), 1)
    out = place.folder / "kernel"
    subprocess.run([tool("mcopy"), "-i", str(esp), "::/SOLITON.ELF", str(out)], check=True)
    assert out.read_bytes() == place.kernel.read_bytes()


@test
def image_holds_program_libraries_and_manifest(place):
    root = extract(place.build("/usr/bin/true", "-e", "A=b=c", "--", "x y", "", "a\nb\\"), 2)
    assert debugfs(root, "cat /usr/bin/true") == pathlib.Path("/usr/bin/true").read_bytes()
    libc = pathlib.Path("/lib/x86_64-linux-gnu/libc.so.6")
    if libc.exists():
        assert debugfs(root, f"cat {libc}") == libc.read_bytes()
    lines = debugfs(root, "cat /etc/soliton/manifest").decode().splitlines()
    args = [line[4:] for line in lines if line.startswith("arg ")]
    assert args == ["/usr/bin/true", "x y", "", "a\\nb\\\\"], args
    assert "program /usr/bin/true" in lines and "env A=b=c" in lines
    for path in ("/tmp", "/run", "/var/tmp", "/var/log", "/dev/shm"):
        assert f"tmpfs {path}" in lines, lines
    for path in ("/proc", "/sys", "/dev", "/tmp", "/run", "/var/tmp", "/var/log"):
        assert b"Type: directory" in debugfs(root, f"stat {path}"), path
    for path in ("/etc/hosts", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf"):
        assert debugfs(root, f"cat {path}"), path


@test
def image_has_the_same_bytes_every_time(place):
    first = digest(place.build("/usr/bin/true"))
    time.sleep(1.1)
    assert digest(place.build("/usr/bin/true")) == first
    other = digest(place.build("/usr/bin/true", env={"SOURCE_DATE_EPOCH": "1700000000"}))
    assert other != first
    assert digest(place.build("/usr/bin/true", "--", "x")) != first


@test
def image_takes_source_date_epoch(place):
    root = extract(place.build("/usr/bin/true", env={"SOURCE_DATE_EPOCH": "1700000000"}), 2)
    assert b"0x6553f100" in debugfs(root, "stat /usr/bin/true")
    e2fsck(root)


@test
def image_holds_files_dirs_and_maps(place):
    place.write("data/sub/deep.txt", "deep")
    place.write("data/one.txt", "one")
    (place.folder / "data/link").symlink_to("one.txt")
    place.write("big.bin", os.urandom(5 << 20) + bytes(3 << 20) + b"end")
    place.write("empty", "")
    place.write("m/a.conf", "a")
    place.write("m/b.conf", "b")
    place.config({"Files": ["big.bin", "empty", "/etc/services" if os.path.exists("/etc/services")
                            else "/etc/passwd"],
                  "Dirs": ["data"], "MapDirs": {"m/*.conf": "/etc/app", "data": "/srv/www"}})
    root = extract(place.build("-c", "config.json", "/usr/bin/true"), 2)
    e2fsck(root)
    assert debugfs(root, "cat /big.bin") == (place.folder / "big.bin").read_bytes()
    assert debugfs(root, "cat /data/sub/deep.txt") == b"deep"
    assert debugfs(root, "cat /srv/www/sub/deep.txt") == b"deep"
    assert debugfs(root, "cat /etc/app/b.conf") == b"b"
    assert debugfs(root, "cat /empty") == b""
    assert b"Type: symlink" in debugfs(root, "stat /data/link")
    assert b'Fast link dest: "one.txt"' in debugfs(root, "stat /data/link")


@test
def image_holds_a_directory_of_many_files(place):
    for i in range(3000):
        place.write(f"many/a-rather-long-name-for-a-file-{i:05}", str(i))
    (place.folder / "many/slow").symlink_to("x" * 200)
    place.config({"Dirs": ["many"]})
    root = extract(place.build("-c", "config.json", "/usr/bin/true"), 2)
    e2fsck(root)
    assert debugfs(root, "cat /many/a-rather-long-name-for-a-file-02999") == b"2999"
    names = debugfs(root, "ls -p /many").decode().count("a-rather-long-name")
    assert names == 3000, names


@test
def image_of_a_static_program_has_no_libraries(place):
    place.compile("static", "int main(void) { return 0; }", "-static")
    root = extract(place.build("./static"), 2)
    assert b"program /static\n" in debugfs(root, "cat /etc/soliton/manifest")
    assert b"lib" not in debugfs(root, "ls /").replace(b"lost", b"")
