# SPDX-License-Identifier: Apache-2.0
"""Packages of container images: layers, what they say of how they are run, and hostile ones."""

import gzip
import io
import json
import os
import struct
import subprocess
import tarfile
import time

from oci import MANIFEST, Layout, docker_archive, entry, hard_link, link, tar
from place import debugfs, extract, test

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char cwd[256];
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    printf(" %s %s\n", getenv("NAME"), getcwd(cwd, sizeof(cwd)));
    return 0;
}
"""


def program(place):
    """A static program, as bytes."""
    return place.compile("program", PROGRAM, "-static").read_bytes()


def layout(place, *layers, config=None, name="layout", **options):
    made = Layout(place.folder / name)
    made.add(list(layers), config or {"Entrypoint": ["/app"]}, **options)
    return made


def package(place, path, *options):
    """Makes a package, which must work; returns its folder."""
    done = place.run("pkg", "from-oci", *options, path)
    assert done.returncode == 0, done.stderr
    return place.home / "packages" / done.stdout.strip()


def description(folder):
    return json.loads((folder / "package.json").read_text())


@test
def oci_layout_becomes_a_package(place):
    made = layout(place, tar(entry("bin"), entry("bin/app", program(place)), entry("srv", None)),
                  config={"Entrypoint": ["app"], "Cmd": ["-x", "a b"],
                          "Env": ["PATH=/bin", "NAME=value=2"], "WorkingDir": "/srv/deep",
                          "User": "1000:50", "ExposedPorts": {"80/tcp": {}, "5353/udp": {}}},
                  ref="shop:2.1")
    folder = package(place, made.folder)
    assert folder.name == "shop_2.1"
    said = description(folder)
    assert said["Program"] == "/bin/app" and said["Args"] == ["-x", "a b"], said
    assert said["Env"]["NAME"] == "value=2" and said["Cwd"] == "/srv/deep", said
    assert said["RunConfig"] == {"Ports": ["8080:80"], "UDPPorts": ["5353"]}, said
    assert said["User"] == "1000:50", said
    assert (folder / "sysroot/srv/deep").is_dir()
    image = extract(place.build("--package", "shop"), 2)
    assert debugfs(image, "cat /bin/app") == (place.folder / "program").read_bytes()
    manifest = debugfs(image, "cat /etc/soliton/manifest").decode()
    assert "program /bin/app\n" in manifest and "arg a b\n" in manifest, manifest
    assert "env NAME=value=2\n" in manifest and "cwd /srv/deep\n" in manifest, manifest


@test
def oci_archive_and_docker_save_give_the_same(place):
    layer = tar(entry("app", program(place)), entry("etc/x", "x"))
    made = layout(place, layer)
    first = package(place, made.archive(place.folder / "layout.tar"), "--name", "one")
    second = package(place, docker_archive(place.folder / "saved.tar", [layer],
                                           {"Cmd": ["/app"]}), "--name", "two")
    for folder in (first, second):
        assert (folder / "sysroot/etc/x").read_text() == "x"
        assert os.access(folder / "sysroot/app", os.X_OK)
        assert description(folder)["Program"] == "/app"
    assert second.name == "two_1.0"


@test
def layers_cover_and_take_away(place):
    app = entry("app", program(place))
    below = tar(app, entry("gone", "1"), entry("kept", "1"), entry("changed", "1"),
                entry("dir"), entry("dir/a", "1"), entry("dir/b", "1"), entry("opaque"),
                entry("opaque/old", "1"), entry("opaque/sub"), entry("opaque/sub/old", "1"),
                entry("becomes_dir", "1"), entry("becomes_file"), entry("becomes_file/x", "1"),
                entry("whole/sub/x", "1"))
    above = tar(entry(".wh.gone", ""), entry("changed", "2"), entry("dir/.wh.a", ""),
                entry("opaque/new", "2"), entry("opaque/.wh..wh..opq", ""),
                entry("opaque/sub/new", "2"), entry("becomes_dir"), entry("becomes_dir/x", "2"),
                entry("becomes_file", "2"), entry(".wh.whole", ""), entry("same", "2"),
                entry(".wh.same", ""), hard_link("linked", "changed"), link("soft", "/changed"))
    root = package(place, layout(place, below, above).folder, "--name", "x") / "sysroot"
    assert not (root / "gone").exists() and (root / "kept").read_text() == "1"
    assert (root / "changed").read_text() == "2" and (root / "linked").read_text() == "2"
    assert sorted(os.listdir(root / "dir")) == ["b"]
    assert sorted(os.listdir(root / "opaque")) == ["new", "sub"]
    assert sorted(os.listdir(root / "opaque/sub")) == ["new"]
    assert (root / "becomes_dir/x").read_text() == "2"
    assert (root / "becomes_file").read_text() == "2"
    assert not (root / "whole").exists() and (root / "same").read_text() == "2"
    assert os.readlink(root / "soft") == "/changed"
    assert not any(".wh." in name for _, _, names in os.walk(root) for name in names)


@test
def emptying_a_directory_many_times_costs_once(place):
    """Five thousand files of this layer, and as many marks that nothing older is to be in there."""
    marks = [entry("dir/.wh..wh..opq", "")] * 5000
    above = tar(*(entry(f"dir/{i}", "") for i in range(5000)), *marks,
                entry("dir/deep/new", ""), entry("dir/deep/.wh..wh..opq", ""))
    below = tar(entry("app", program(place)), entry("dir/old", "1"), entry("dir/deep/old", "1"))
    start = time.monotonic()
    root = package(place, layout(place, below, above).folder, "--name", "x") / "sysroot"
    assert time.monotonic() - start < 20
    assert len(os.listdir(root / "dir")) == 5001 and not (root / "dir/old").exists()
    assert os.listdir(root / "dir/deep") == ["new"]


@test
def names_that_are_not_ascii_survive(place):
    folder = package(place, layout(place, tar(entry("app", program(place)),
                                              entry("größe/日本", "x"))).folder, "--name", "x")
    assert (folder / "sysroot/größe/日本").read_text() == "x"


@test
def the_right_machine_is_chosen(place):
    made = layout(place, tar(entry("app", b"arm")), platform="arm64", architecture="arm64")
    made.add([tar(entry("app", program(place)))], {"Cmd": ["/app"]}, platform="amd64")
    folder = package(place, made.folder, "--name", "x")
    assert (folder / "sysroot/app").read_bytes() != b"arm"


@test
def an_index_in_an_index_is_followed(place):
    made = Layout(place.folder / "layout")
    inner = made.manifest([tar(entry("app", program(place)))], {"Cmd": ["/app"]})
    inner["platform"] = {"os": "linux", "architecture": "amd64"}
    attestation = {**inner, "platform": {"os": "unknown", "architecture": "unknown"}}
    index = "application/vnd.oci.image.index.v1+json"
    made.index([made.blob({"schemaVersion": 2, "manifests": [attestation, inner]}, index)])
    assert description(package(place, made.folder, "--name", "x"))["Program"] == "/app"


@test
def one_of_several_images_is_named(place):
    made = layout(place, tar(entry("app", program(place))), ref="a:1")
    made.add([tar(entry("app", program(place)), entry("second", "2"))], {"Cmd": ["/app"]},
             ref="b:1")
    place.fails("pkg", "from-oci", made.folder, says=["several images", "a:1, b:1"])
    folder = package(place, made.folder, "--ref", "b:1")
    assert folder.name == "b_1" and (folder / "sysroot/second").exists()


@test
def newer_archives_of_docker_name_the_image(place):
    """Since Docker 25 they are OCI layouts, with the tag alone as the standard name."""
    made = layout(place, tar(entry("app", program(place))))
    made.images[0]["annotations"] = {"io.containerd.image.name": "docker.io/library/shop:7",
                                     "org.opencontainers.image.ref.name": "7"}
    made.index(made.images)
    (made.folder / "manifest.json").write_text("[]")
    assert package(place, made.archive(place.folder / "saved.tar")).name == "shop_7"


@test
def a_kill_leaves_no_package_or_a_whole_one(place):
    files = [entry(f"f{number}", os.urandom(20000)) for number in range(200)]
    made = layout(place, tar(entry("app", program(place)), *files))
    for number in range(12):
        child = subprocess.Popen(place.command("pkg", "from-oci", "--name", f"x{number}",
                                               made.folder),
                                 env=place.env, cwd=place.folder, stdout=subprocess.DEVNULL)
        try:
            child.wait(0.01 * number)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for folder in (place.home / "packages").glob("[!.]*"):
        assert len(list((folder / "sysroot").iterdir())) == 201, folder
        assert description(folder)["Program"] == "/app"
    package(place, made.folder, "--name", "last")
    assert not list((place.home / "tmp").glob("*/*"))


# ENTRYPOINT, CMD, and the program and arguments that come of them.
ENTRIES = [
    (None, ["/app", "x"], "/app", ["x"]),
    (["/app"], ["x"], "/app", ["x"]),
    (["/bin/sh", "-c", "/app -x 'a b' \"c\""], None, "/app", ["-x", "a b", "c"]),
    (["/bin/sh", "-c", "exec /app"], ["ignored"], "/app", []),
    (["/usr/bin/tini", "-g", "--", "/app"], ["x"], "/app", ["x"]),
    (["/script.py"], ["x"], "/app", ["/script.py", "x"]),
    (["/opt/env.py"], None, "/app", ["/opt/env.py"]),
]


@test
def entry_points_are_taken_apart(place):
    files = [entry("app", program(place)), entry("script.py", "#!/app\n"),
             entry("opt/env.py", "#! /usr/bin/env app\n")]
    for number, (entrypoint, cmd, path, args) in enumerate(ENTRIES):
        config = {"Entrypoint": entrypoint, "Cmd": cmd, "Env": ["PATH=/"]}
        made = layout(place, tar(*files), config=config, name=f"layout{number}")
        said = description(package(place, made.folder, "--name", f"x{number}"))
        assert (said["Program"], said.get("Args", [])) == (path, args), (entrypoint, said)


# ENTRYPOINT, CMD, what the message says, and the hint.
REFUSED_ENTRIES = [
    (None, None, "names nothing to run", "--program PATH"),
    (["/bin/sh", "-c", "a && b"], None, "a shell command, 'a && b'", "--program PATH"),
    (["/bin/bash"], None, "runs a shell, '/bin/bash'", "--program PATH"),
    (["/entry.sh"], ["app", "x"], "'/entry.sh' is a shell script", "--program app"),
    (["/nothing"], None, "'/nothing' is not in the image", ""),
    (["nothing"], None, "not in the image, where PATH is", ""),
    (["/loop"], None, "scripts of scripts without an end", ""),
]


@test
def entry_points_that_cannot_run_are_explained(place):
    files = [entry("app", program(place)), entry("entry.sh", "#!/bin/sh\nexec \"$@\"\n"),
             entry("loop", "#!/loop\n")]
    for number, (entrypoint, cmd, says, hint) in enumerate(REFUSED_ENTRIES):
        config = {"Entrypoint": entrypoint, "Cmd": cmd}
        made = layout(place, tar(*files), config=config, name=f"layout{number}")
        place.fails("pkg", "from-oci", "--name", "x", made.folder, says=[says])
        done = place.run("pkg", "from-oci", "--name", "x", made.folder)
        assert hint in done.stderr, done.stderr
    config = {"Entrypoint": ["/entry.sh"], "Cmd": ["app", "x"], "Env": ["PATH=/"]}
    made = layout(place, tar(*files), config=config, name="last")
    said = description(package(place, made.folder, "--name", "y", "--program", "app"))
    assert said["Program"] == "/app" and said["Args"] == ["x"], said


@test
def an_image_has_no_say_in_the_terminal(place):
    file = tar(entry("app", program(place)))
    made = layout(place, file, config={"Cmd": ["/x\x1b[31m\nops: \u009b2J"]}, name="a")
    place.fails("pkg", "from-oci", made.folder, says=["'/x?[31m?ops: ??2J' is not in the image"])
    made = layout(place, file, config={"Cmd": ["/bin/sh", "-c", "/app '\x1b[2J'"]}, name="b")
    done = place.run("pkg", "from-oci", made.folder)
    assert done.returncode == 0 and "'/app '?[2J''" in done.stderr, done.stderr


@test
def users_are_looked_up_in_the_image(place):
    files = tar(entry("app", program(place)),
                entry("etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:33:44::/var/www:/bin/sh\n"),
                entry("etc/group", "root:x:0:\nstaff:x:50:\n"))
    for number, (user, ids) in enumerate([("web", "33:44"), ("web:staff", "33:50"), ("7", "7:0"),
                                          ("7:staff", "7:50"), ("root", None), ("", None)]):
        made = layout(place, files, config={"Cmd": ["/app"], "User": user}, name=f"l{number}")
        said = description(package(place, made.folder, "--name", f"x{number}"))
        assert said.get("User") == ids, (user, said)
    made = layout(place, files, config={"Cmd": ["/app"], "User": "nobody"}, name="last")
    place.fails("pkg", "from-oci", made.folder, says=["USER is 'nobody'"])


def bomb():
    """A small archive that unpacks to 400 MiB of zeros."""
    out = io.BytesIO()
    info = tarfile.TarInfo("bomb")
    info.size = 400 << 20
    zeros = bytes(1 << 20)
    with gzip.GzipFile(fileobj=out, mode="w", compresslevel=9, mtime=0) as file:
        file.write(info.tobuf())
        for _ in range(400):
            file.write(zeros)
        file.write(bytes(1024))
    return out.getvalue()


DEEP = "/".join(["d"] * 70)

# A layer that is refused, and what the one line says.
HOSTILE = [
    ("absolute", tar(entry("/etc/passwd", "x")), ["'/etc/passwd'", "absolute path"]),
    ("above", tar(entry("../x", "x")), ["'../x'", "leads out of the archive"]),
    ("above_inside", tar(entry("a/../../x", "x")), ["'a/../../x'", "leads out"]),
    ("above_dir", tar(entry("a/..")), ["'a/../'", "leads out"]),
    ("through_absolute", tar(link("l", "/tmp"), entry("l/x", "x")),
     ["'l/x'", "leads through a link out of the archive"]),
    ("through_relative", tar(entry("a"), link("a/l", "../.."), entry("a/l/x", "x")),
     ["'a/l'", "leads out of the archive"]),
    ("through_two", tar(link("one", "two/.."), link("two", "/"), entry("one/x", "x")),
     ["'one/x'", "leads through"]),
    ("climbing_link", tar(link("l", "../../../etc/passwd")), ["'l'", "a link that leads out"]),
    ("loop", tar(link("a", "b"), link("b", "a"), entry("a/x", "x")), ["'a/x'"]),
    ("hard_absolute", tar(hard_link("h", "/etc/passwd")), ["'h'", "hard link", "absolute"]),
    ("hard_above", tar(hard_link("h", "../../etc/passwd")), ["'h'", "hard link", "leads out"]),
    ("hard_through", tar(link("l", "/etc"), hard_link("h", "l/passwd")),
     ["'h'", "hard link", "through a link"]),
    ("hard_missing", tar(hard_link("h", "nothing")), ["'h'", "does not exist"]),
    ("hard_climbing", tar(entry("a"), link("a/l", "../etc"), hard_link("h", "a/l")),
     ["'h'", "hard link", "leads out of the archive from there"]),
    ("hard_dir", tar(entry("d"), hard_link("h", "d")), ["'h'", "hard link"]),
    ("device", tar(entry("null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3)),
     ["'null'", "is a device"]),
    ("disk", tar(entry("sda", b"", type=tarfile.BLKTYPE, devmajor=8)), ["'sda'", "is a device"]),
    ("pipe", tar(entry("p", b"", type=tarfile.FIFOTYPE)), ["'p'", "neither file"]),
    ("whiteout_of_dots", tar(entry(".wh...", "")), ["'.wh...'", "takes away nothing"]),
    ("whiteout_above", tar(entry("../.wh.x", "")), ["leads out of the archive"]),
    ("long_name", tar(entry("n" * 300, "x")), ["too long a name"]),
    ("deep", tar(entry(DEEP + "/x", "x")), ["lies too deep"]),
    ("in_a_file", tar(entry("f", "x"), entry("f/x", "x")), ["'f/x'", "no directory"]),
    ("truncated", tar(entry("f", b"x" * 5000))[:2000], ["damaged"]),
    ("control_letters", tar(entry("/a\nb\x1b[2J", "x")), ["'/a?b?[2J'"]),
    ("no_tar", b"this is no archive at all" * 100, []),
]


@test
def hostile_layers_are_refused_by_name(place):
    app = tar(entry("app", program(place)))
    for name, layer, says in HOSTILE:
        made = layout(place, app, layer, name=name)
        place.fails("pkg", "from-oci", made.folder, says=["cannot make a package", *says])
    assert not list((place.home / "packages").glob("[!.]*"))
    assert not list((place.home / "tmp").glob("*/*"))


def sparse(name, size):
    """A file that is one hole."""
    return entry(name, b"0\n" + bytes(510), pax_headers={
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name,
        "GNU.sparse.realsize": str(size)})


@test
def holes_count_as_what_they_are_read_as(place):
    app = entry("app", program(place))
    folder = package(place, layout(place, tar(app, sparse("hole", 1 << 30))).folder)
    assert (folder / "sysroot/hole").stat().st_size == 1 << 30
    made = layout(place, tar(app), *(tar(sparse(str(i), 40 << 30)) for i in range(2)), name="many")
    place.fails("pkg", "from-oci", made.folder, says=["'1'", "larger than any archive"])


@test
def a_bomb_is_refused(place):
    made = Layout(place.folder / "layout")
    item = made.manifest([tar(entry("app", "x"))], {"Cmd": ["/app"]})
    manifest = json.loads(made.path(item["digest"]).read_text())
    manifest["layers"] = [made.blob(bomb(), "application/vnd.oci.image.layer.v1.tar+gzip")]
    made.index([made.blob(manifest, MANIFEST)])
    place.fails("pkg", "from-oci", made.folder, says=["'bomb'", "is a bomb"])


def damaged(made, change):
    """Changes the manifest's text without its digest, or a blob's bytes."""
    change(made)
    return made


def flip_layer(made):
    manifest = json.loads(made.path(made.images[0]["digest"]).read_text())
    path = made.path(manifest["layers"][0]["digest"])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_layer(made):
    manifest = json.loads(made.path(made.images[0]["digest"]).read_text())
    path = made.path(manifest["layers"][0]["digest"])
    path.write_bytes(path.read_bytes()[:-1])


def other_descriptor(**fields):
    return lambda made: made.index([{**made.images[0], **fields}])


# What is done to a good layout, and what the one line says.
DAMAGE = [
    ("layer_flipped", flip_layer, ["damaged", "hashes to something else"]),
    ("layer_cut", cut_layer, ["bytes, not"]),
    ("digest_path", other_descriptor(digest="sha256:../../../../etc/passwd"), ["is damaged"]),
    ("digest_kind", other_descriptor(digest="md5:abc"), ["is not of SHA-256"]),
    ("digest_missing", other_descriptor(digest=None), ["\"digest\" is missing"]),
    ("size", other_descriptor(size=-1), ["\"size\": not a number"]),
    ("blob_missing", other_descriptor(digest="sha256:" + "0" * 64), ["blob sha256:000000000000"]),
    ("index_text", lambda made: (made.folder / "index.json").write_text("{"), ["line 1"]),
    ("index_list", lambda made: (made.folder / "index.json").write_text("[]"), ["not an object"]),
    ("index_empty", lambda made: made.index([]), ["no image for linux/amd64"]),
    ("arm_only", other_descriptor(platform={"os": "linux", "architecture": "arm64"}),
     ["no image for linux/amd64"]),
    ("windows", other_descriptor(platform={"os": "windows", "architecture": "amd64"}),
     ["no image for linux/amd64"]),
]


@test
def damaged_layouts_are_refused(place):
    app = tar(entry("app", program(place)))
    for name, change, says in DAMAGE:
        made = layout(place, app, name=name)
        change(made)
        place.fails("pkg", "from-oci", made.folder, says=says)
    made = layout(place, app, name="arm", architecture="arm64")
    place.fails("pkg", "from-oci", made.folder, says=["is for arm64"])


@test
def what_is_no_image_is_said(place):
    place.fails("pkg", "from-oci", "missing.tar", says=["'missing.tar'", "No such file"])
    (place.folder / "empty").mkdir()
    place.fails("pkg", "from-oci", "empty", says=["neither an OCI image layout"])
    place.write("text", "hello\n" * 1000)
    place.fails("pkg", "from-oci", "text", says=["'text'"])
    place.write("zero", b"")
    place.fails("pkg", "from-oci", "zero", says=["'zero'"])
    place.fails("pkg", "from-docker", "nginx:1", says=["no daemon"])
    place.fails("pkg", "from-oci", status=2, says=[])


@test
def no_program_is_started_for_an_archive(place):
    lrzip = place.write("bin/lrzip", "#!/bin/sh\ntouch started\n")
    lrzip.chmod(0o755)
    path = place.write("image.lrz", b"LRZI\x00\x06" + bytes(4000))
    place.fails("pkg", "from-oci", path, says=["image.lrz"],
                env={"PATH": f"{lrzip.parent}:{os.environ['PATH']}"})


@test
def hostile_archives_of_docker_save_are_refused(place):
    layer = tar(entry("app", program(place)))
    saved = docker_archive(place.folder / "good.tar", [layer], {"Cmd": ["/app"]})
    good = {}
    with tarfile.open(saved) as archive:
        for info in archive:
            good[info.name] = archive.extractfile(info).read()
    cases = [
        ({"manifest.json": json.dumps([{"Config": "../../etc/passwd", "Layers": []}])},
         ["leads out of the archive"]),
        ({"manifest.json": json.dumps([{"Config": "/etc/passwd", "Layers": []}])},
         ["absolute path"]),
        ({"manifest.json": json.dumps([{"Config": "config.json", "Layers": ["../x"]}])},
         ["leads out of the archive"]),
        ({"manifest.json": json.dumps([{"Config": "config.json", "Layers": []}])},
         ["tells of 1 layers, and there are 0"]),
        ({"manifest.json": "[]"}, ["no image for linux/amd64"]),
        ({"manifest.json": "{}"}, ["not a list"]),
        ({"0/layer.tar": tar(entry("other", "x"))}, ["hashes to something else"]),
        ({"0/layer.tar": bomb()}, ["layer 1", "is a bomb"]),
    ]
    for number, (changes, says) in enumerate(cases):
        path = place.write(f"case{number}.tar", tar(*(
            entry(name, changes.get(name, data)) for name, data in good.items())))
        place.fails("pkg", "from-oci", path, says=says)


@test
def an_image_runs_in_the_machine_of_its_package(place):
    """What is in package.json gets to QEMU: the ports of EXPOSE."""
    made = layout(place, tar(entry("app", program(place))),
                  config={"Cmd": ["/app"], "ExposedPorts": {"8080/tcp": {}}})
    package(place, made.folder, "--name", "x")
    done = place.run("run", "--dry-run", "--package", "x")
    assert done.returncode == 0 and "8080" in done.stdout, (done.stdout, done.stderr)
