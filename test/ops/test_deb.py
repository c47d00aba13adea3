# SPDX-License-Identifier: Apache-2.0
"""Packages of Debian packages: made here byte by byte, and one from apt if it can be had."""

import gzip
import json
import lzma
import os
import shutil
import subprocess

from oci import entry, hard_link, link, tar
from place import Skip, debugfs, extract, test

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'


def ar(*members):
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        out += data + b"\n" * (len(data) % 2)
    return out


def deb(place, name, *entries, version="1.0-1", extra="", compress=gzip.compress, suffix="gz"):
    control = (f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n{extra}"
               "Description: a test\n more of it\n")
    return place.write(f"{name}.deb", ar(
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", gzip.compress(tar(entry("./control", control)))),
        (f"data.tar.{suffix}", compress(tar(*entries)))))


def program(place):
    return place.compile("program", HELLO, "-static").read_bytes()


@test
def from_deb_packs_the_program_of_a_file(place):
    path = deb(place, "tool", entry("./usr"), entry("./usr/bin"),
               entry("./usr/bin/tool", program(place)), entry("./etc/tool/conf", "x"),
               entry("./usr/share/tool/data", "d"), entry("./usr/share/doc/tool/README", "no"),
               link("./usr/share/tool/link", "data"), compress=lzma.compress, suffix="xz")
    done = place.run("pkg", "from-deb", path, "-a", "x", "-e", "A=b")
    assert done.returncode == 0 and done.stdout == "tool_1.0-1\n", (done.stdout, done.stderr)
    folder = place.home / "packages/tool_1.0-1"
    said = json.loads((folder / "package.json").read_text())
    assert said == {"Program": "/usr/bin/tool", "Args": ["x"], "Env": {"A": "b"},
                    "Version": "1.0-1", "Description": "a test"}, said
    for name in ("etc/tool/conf", "usr/share/tool/data", "usr/share/tool/link"):
        assert (folder / "sysroot" / name).exists(), name
    assert not (folder / "sysroot/usr/share/doc").exists()
    image = extract(place.build("--package", "tool"), 2)
    assert debugfs(image, "cat /usr/bin/tool") == (place.folder / "program").read_bytes()


@test
def libraries_come_from_the_packages_given(place):
    lib = place.compile("libanswer.so.1", "int answer(void) { return 42; }\n", "-shared", "-fPIC",
                        "-nostdlib", "-Wl,-soname,libanswer.so.1")
    loader = place.compile("ld.so", "int loader;\n", "-shared", "-fPIC", "-nostdlib")
    app = place.compile("app", "int answer(void); int main(void) { return answer(); }\n",
                        "-xnone", lib, "-nostartfiles", "-nostdlib", "-Wl,-e,main",
                        "-Wl,--dynamic-linker=/lib64/ld.so")
    first = deb(place, "app", entry("./usr/bin/app", app.read_bytes()))
    second = deb(place, "libanswer1",
                 entry("./lib/x86_64-linux-gnu/libanswer.so.1", lib.read_bytes()),
                 entry("./usr/lib/unneeded", "x"))
    third = deb(place, "loader", entry("./lib64/ld.so", loader.read_bytes()))
    done = place.run("pkg", "from-deb", first, second, third)
    assert done.returncode == 0, done.stderr
    root = place.home / "packages/app_1.0-1/sysroot"
    assert (root / "usr/lib/x86_64-linux-gnu/libanswer.so.1").exists()
    assert not (root / "usr/lib/unneeded").exists()
    place.fails("pkg", "from-deb", "--name", "x", first, third,
                says=["library 'libanswer.so.1' is missing"])


@test
def which_program_is_asked_when_it_is_not_plain(place):
    code = program(place)
    several = deb(place, "several", entry("./usr/bin/a", code), entry("./usr/sbin/b", code))
    place.fails("pkg", "from-deb", several, says=["several programs: /usr/bin/a, /usr/sbin/b"])
    done = place.run("pkg", "from-deb", several, "--program", "b")
    assert done.returncode == 0, done.stderr
    none = deb(place, "none", entry("./etc/x", "x"))
    place.fails("pkg", "from-deb", none, says=["'none' has no program"])
    place.fails("pkg", "from-deb", several, "--program", "c", says=["in none of the packages"])
    longer = deb(place, "c-extra", entry("./usr/bin/c", code), entry("./usr/bin/d", code))
    assert place.run("pkg", "from-deb", longer).returncode == 0


GOOD = gzip.compress(tar(entry("./control", "Package: x\nVersion: 1\n")))
HOSTILE = [
    ("empty", b"", []),
    ("no_ar", b"hello" * 100, []),
    ("no_members", b"!<arch>\n", ["control.tar or data.tar is missing"]),
    ("no_data", ar(("debian-binary", b"2.0\n"), ("control.tar.gz", GOOD)), ["is missing"]),
    ("no_control", ar(("control.tar.gz", gzip.compress(tar(entry("./x", "x")))),
                      ("data.tar.gz", GOOD)), ["no control file"]),
    ("no_package", ar(("control.tar.gz", gzip.compress(tar(entry("./control", "A: b\n")))),
                      ("data.tar.gz", GOOD)), ["names no Package"]),
    ("above", ar(("control.tar.gz", GOOD), ("data.tar.gz", tar(entry("../x", "x")))),
     ["'../x'", "leads out of the archive"]),
    ("absolute", ar(("control.tar.gz", GOOD), ("data.tar", tar(entry("/etc/x", "x")))),
     ["'/etc/x'", "absolute path"]),
    ("through", ar(("control.tar.gz", GOOD),
                   ("data.tar", tar(link("./l", "/etc"), entry("./l/x", "x")))),
     ["'l/x'", "through a link"]),
    ("hard", ar(("control.tar.gz", GOOD), ("data.tar", tar(hard_link("./h", "/etc/passwd")))),
     ["hard link"]),
    ("cut", ar(("control.tar.gz", GOOD), ("data.tar.gz", b"x" * 100))[:-60], []),
]


@test
def hostile_packages_are_refused(place):
    for name, data, says in HOSTILE:
        path = place.write(f"{name}.deb", data)
        place.fails("pkg", "from-deb", path, says=["cannot make a package", *says])
    place.fails("pkg", "from-deb", "./missing.deb", says=["No such file"])


@test
def a_link_that_a_script_would_make_stays_inside(place):
    outside = place.folder / "outside"
    outside.mkdir()
    path = deb(place, "nginx", entry("./usr/sbin/nginx", program(place)),
               entry("./etc/nginx/sites-available/default", "server {}"),
               link("./etc/nginx/sites-enabled", str(outside)))
    done = place.run("pkg", "from-deb", path)
    assert done.returncode == 0, done.stderr
    assert not os.path.lexists(outside / "default")


@test
def apt_says_what_it_cannot_do(place):
    if not shutil.which("apt-get"):
        raise Skip("apt-get is not installed")
    place.fails("pkg", "from-deb", "no-such-package-at-all", says=["apt-get", "no-such-package"])
    done = place.run("pkg", "from-deb", "x", env={"PATH": "/nowhere"})
    assert "cannot run apt-get" in done.stderr, done.stderr
    place.write("bin/apt-get", "#!/bin/sh\nkill -9 $$\n").chmod(0o755)
    place.fails("pkg", "from-deb", "nginx", says=["apt-get was killed by signal 9"],
                env={"PATH": f"{place.folder}/bin:/usr/bin:/bin"})


@test
def a_package_of_debian_runs(place):
    """With network or a full cache only: hello needs nothing but the C library."""
    if not shutil.which("apt-get"):
        raise Skip("apt-get is not installed")
    known = subprocess.run(["apt-cache", "policy", "hello"], capture_output=True, text=True,
                           check=False)
    if "Candidate:" not in known.stdout:
        raise Skip("apt knows no package 'hello'")
    done = place.run("pkg", "from-deb", "hello")
    if "Failed to fetch" in done.stderr or "resolv" in done.stderr or "fetch" in done.stderr:
        raise Skip("apt cannot download")
    assert done.returncode == 0, done.stderr
    root = place.home / "packages" / done.stdout.strip() / "sysroot"
    assert (root / "usr/bin/hello").exists()
    assert (root / "usr/lib/x86_64-linux-gnu/libc.so.6").exists()
    assert not (root / "usr/share/doc").exists()
