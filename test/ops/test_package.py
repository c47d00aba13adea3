# SPDX-License-Identifier: Apache-2.0
"""Packages: made of programs and directories, shown, deleted, and what of them gets into images."""

import json
import os
import shutil
import subprocess

from place import debugfs, extract, test, tool

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'


def packages(place):
    done = place.run("pkg", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {(row["name"], row["version"]): row for row in json.loads(done.stdout)}


def directory(place, name="mine", **keys):
    """A directory as people make them for `pkg add`."""
    folder = place.folder / name
    (folder / "sysroot/bin").mkdir(parents=True)
    place.compile(folder / "sysroot/bin/app", HELLO, "-static")
    (folder / "sysroot/data").write_text("data")
    (folder / "package.json").write_text(json.dumps({"Program": "/bin/app", **keys}))
    return folder


@test
def from_run_packs_program_libraries_and_files(place):
    place.write("etc/app.conf", "x=1\n")
    done = place.run("pkg", "from-run", "--name", "web", "--version", "1.0~rc1", "-a", "first",
                     "-e", "A=b", "-c", place.config({"Files": ["etc/app.conf"],
                                                      "Description": "a test"}), "/usr/bin/env")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "web_1.0-rc1\n", done.stdout
    folder = place.home / "packages/web_1.0-rc1"
    said = json.loads((folder / "package.json").read_text())
    assert said["Program"] == "/usr/bin/env" and said["Args"] == ["first"], said
    assert said["Version"] == "1.0~rc1" and said["Description"] == "a test", said
    for name in ("usr/bin/env", "lib64/ld-linux-x86-64.so.2", "etc/app.conf"):
        assert (folder / "sysroot" / name).exists(), name
    assert not (folder / "sysroot/etc/soliton/manifest").exists()
    row = packages(place)["web", "1.0~rc1"]
    assert row["program"] == "/usr/bin/env" and row["path"] == str(folder), row


@test
def a_package_needs_nothing_else_of_this_machine(place):
    """Its image is whole: what is in it runs in a root of its own."""
    if os.geteuid() == 0:
        place.compile("prog/hello", HELLO)
        place.run("pkg", "from-run", "--name", "x", "prog/hello")
        shutil.rmtree(place.folder / "prog")
        folder = place.home / "packages/x"
        program = json.loads((folder / "package.json").read_text())["Program"]
        done = subprocess.run([tool("chroot"), str(folder / "sysroot"), program],
                              capture_output=True, text=True, check=False)
        assert done.stdout == "hello\n", done.stderr
    place.compile("prog/hello", HELLO)
    done = place.run("pkg", "from-run", "--name", "y", "prog/hello")
    program = json.loads((place.home / "packages/y/package.json").read_text())["Program"]
    image = extract(place.build("--package", "y"), 2)
    assert debugfs(image, f"cat {program}") == (place.folder / "prog/hello").read_bytes()


@test
def a_program_that_its_package_lost_is_not_this_machines(place):
    folder = directory(place, Program="/usr/bin/true")
    (folder / "sysroot/usr/bin").mkdir(parents=True)
    (folder / "sysroot/bin/app").rename(folder / "sysroot/usr/bin/true")
    done = place.run("pkg", "add", str(folder), "--name", "mine")
    assert done.returncode == 0, done
    (place.home / "packages/mine/sysroot/usr/bin/true").unlink()
    place.fails("build", "-o", "x.img", "--package", "mine",
                says=["package 'mine' has no '/usr/bin/true'"])


@test
def a_program_from_outside_the_target_root_is_told(place):
    place.compile("prog", HELLO, "-static")
    (place.folder / "root").mkdir()
    done = place.run("build", "-o", "x.img", "-r", "root", str(place.folder / "prog"))
    assert done.returncode == 0 and "/prog' is not below 'root'" in done.stderr, done


@test
def add_takes_a_directory_with_all_its_keys(place):
    folder = directory(place, Version="2", Args=["a"], RunConfig={"Memory": "64M"})
    done = place.run("pkg", "add", folder, "--name", "app:3.1")
    assert done.returncode == 0 and done.stdout == "app_3.1\n", done.stderr
    said = json.loads((place.home / "packages/app_3.1/package.json").read_text())
    assert said["Version"] == "3.1" and said["RunConfig"] == {"Memory": "64M"}, said
    image = extract(place.build("--package", "app"), 2)
    assert debugfs(image, "cat /data") == b"data"


@test
def add_understands_packages_of_ops(place):
    """package.manifest, with the program beside it and a relative "Program"."""
    folder = place.folder / "node_v1"
    (folder / "sysroot/lib").mkdir(parents=True)
    place.compile(folder / "node", HELLO, "-static")
    (folder / "package.manifest").write_text(json.dumps({"Program": "node_v1/node",
                                                         "Version": "v1"}))
    done = place.run("pkg", "add", folder, "--name", "node")
    assert done.returncode == 0 and done.stdout == "node_v1\n", done.stderr
    image = extract(place.build("--package", "node:v1"), 2)
    assert debugfs(image, "cat /node_v1/node") == (folder / "node").read_bytes()


@test
def the_newest_version_is_meant_without_one(place):
    for version in ("1.9", "1.10", "1.2"):
        folder = directory(place, name=f"d{version}")
        (folder / "sysroot/data").write_text(version)
        assert place.run("pkg", "add", folder, "--name", f"app:{version}").returncode == 0
    for word, wanted in (("app", b"1.10"), ("app:1.2", b"1.2"), ("app_1.9", b"1.9")):
        assert debugfs(extract(place.build("--package", word), 2), "cat /data") == wanted


@test
def config_and_command_line_go_before_a_package(place):
    folder = directory(place, Env={"A": "package", "B": "package", "C": "package"}, Cwd="/one",
                       Args=["one"])
    place.run("pkg", "add", folder, "--name", "app")
    place.config({"Env": {"B": "config", "C": "config"}, "Cwd": "/two"})
    image = extract(place.build("--package", "app", "-c", "config.json", "-e", "C=line", "two"), 2)
    manifest = debugfs(image, "cat /etc/soliton/manifest").decode()
    for line in ("env A=package", "env B=config", "env C=line", "cwd /two", "arg one\narg two"):
        assert line + "\n" in manifest, (line, manifest)


@test
def list_and_search_find_by_what_packages_say(place):
    assert place.run("pkg", "list").stdout.startswith("no packages")
    assert place.run("pkg", "list", "--json").stdout.strip() == "[]"
    for name, language in (("alpha", "c"), ("beta", "python")):
        place.run("pkg", "add", directory(place, name=name, Language=language))
    assert set(packages(place)) == {("alpha", ""), ("beta", "")}
    done = place.run("pkg", "list", "-l", "-s", "ALPH|gamma", "--json")
    assert [row["name"] for row in json.loads(done.stdout)] == ["alpha"], done.stdout
    done = place.run("pkg", "search", "pyth", "--json")
    assert [row["name"] for row in json.loads(done.stdout)] == ["beta"], done.stdout
    assert set(json.loads(done.stdout)[0]) == {"name", "version", "language", "created", "program",
                                               "path", "description"}
    place.fails("pkg", "search", "(", says=["'(' is not a regular expression"])


@test
def describe_and_contents_show_a_package(place):
    folder = directory(place, Version="1", Description="what it is", Args=["-x"],
                       RunConfig={"Ports": ["8080:80"]})
    (folder / "README.md").write_text("# Read me\n")
    (folder / "sysroot/link").symlink_to("data")
    place.run("pkg", "add", folder)
    done = place.run("pkg", "describe", "mine")
    for text in ("what it is", "/bin/app", "-x", "8080:80", "# Read me"):
        assert text in done.stdout, (text, done.stdout)
    record = json.loads(place.run("pkg", "describe", "mine:1", "--json").stdout)
    assert record["program"] == "/bin/app" and record["version"] == "1", record
    assert place.run("pkg", "contents", "mine").stdout == "/bin/\n/bin/app\n/data\n/link -> data\n"
    rows = json.loads(place.run("pkg", "contents", "mine", "--json").stdout)
    assert [row["type"] for row in rows] == ["dir", "file", "file", "link"], rows
    assert rows[3]["target"] == "data" and rows[2]["size"] == 4, rows


@test
def delete_removes_a_package_and_says_so(place):
    place.run("pkg", "add", directory(place), "--name", "app:1")
    place.run("pkg", "add", place.folder / "mine", "--name", "app:2")
    place.fails("pkg", "delete", "app", says=["nobody can be asked"])
    done = place.run("pkg", "delete", "app", "--yes")
    assert done.returncode == 0 and "'app_2' is deleted" in done.stderr, done.stderr
    assert set(packages(place)) == {("app", "1")}
    place.run("pkg", "delete", "-y", "app:1")
    assert not packages(place)
    place.fails("pkg", "delete", "app", "-y", says=["no package 'app'"])


@test
def a_package_is_replaced_only_when_told(place):
    folder = directory(place)
    place.run("pkg", "add", folder, "--name", "app")
    place.fails("pkg", "add", folder, "--name", "app", says=["there is a package 'app' already"])
    (folder / "sysroot/data").write_text("new")
    done = place.run("pkg", "add", folder, "--name", "app", "--replace")
    assert done.returncode == 0, done.stderr
    assert (place.home / "packages/app/sysroot/data").read_text() == "new"
    assert not list((place.home / "tmp").glob("*/*"))


@test
def load_runs_a_package(place):
    place.run("pkg", "add", directory(place), "--name", "app")
    done = place.run("pkg", "load", "app", "--kernel", place.kernel, "--dry-run", "-p", "8080")
    assert done.returncode == 0 and "qemu-system" in done.stdout, done.stderr
    done = place.run("pkg", "load")
    assert done.returncode == 2 and "no package is given" in done.stderr, done.stderr


@test
def a_package_has_no_say_on_this_machine(place):
    secret = place.write("secret", "TOP SECRET")
    for number, (keys, says) in enumerate([
            ({"Files": [str(secret)]}, ["\"Files\"", "not in the package"]),
            ({"Dirs": [str(place.folder)]}, ["\"Dirs\"", "not in the package"]),
            ({"MapDirs": {str(secret): "/x"}}, ["\"MapDirs\"", "not in the package"]),
            ({"Mounts": {"./": "/x"}}, ["folder of this machine"]),
            ({"LocalFilesParentDirectory": "/", "Files": ["etc/passwd"]}, ["\"LocalFilesPar"]),
            ({"RunConfig": {"AtExit": "touch done"}}, ["\"AtExit\""])]):
        place.run("pkg", "add", directory(place, name=f"p{number}", **keys))
        place.fails("build", "--package", f"p{number}", "-o", "x.img", says=says)
    # What it names as an argument is in its tree, or nowhere.
    place.run("pkg", "add", directory(place, name="args", Args=[str(secret)]))
    image = extract(place.build("--package", "args"), 2)
    assert debugfs(image, f"cat {secret}") == b""
    place.run("pkg", "add", directory(place, name="files", Files=["/data"]))
    place.build("--package", "files")


@test
def bad_packages_are_refused(place):
    place.fails("pkg", "add", "missing", says=["'missing'", "No such file"])
    (place.folder / "empty").mkdir()
    place.fails("pkg", "add", "empty", says=["it has no package.json"])
    folder = directory(place, name="a", Prog="x")
    place.fails("pkg", "add", folder, says=["package.json", "unknown key \"Prog\""])
    folder = directory(place, name="b")
    (folder / "package.json").write_text("{}")
    place.fails("pkg", "add", folder, says=["names no \"Program\""])
    folder = directory(place, name="c")
    (folder / "sysroot/bin/app").unlink()
    place.fails("pkg", "add", folder, says=["its program '/bin/app' is not in sysroot/"])
    folder = directory(place, name="d")
    place.fails("pkg", "add", folder, "--name", "../x", says=["package name '../x'"])
    place.fails("pkg", "add", folder, "--name", "x" * 70, says=["more than 64 letters"])
    place.fails("pkg", "from-run", "/no/such", says=["'/no/such'"])
    place.fails("run", "--package", "none", says=["no package 'none'"])
    place.fails("pkg", "frobnicate", says=["frobnicate"], status=2)
    place.run("pkg", "add", directory(place, name="hello"))
    done = place.run("run", "--package", "helo")
    assert "no package 'helo'\nhint: did you mean 'hello" in done.stderr, done
    os.mkfifo(directory(place, name="pipe") / "README.md")
    place.fails("pkg", "add", "pipe", says=["README.md' is not a regular file"])


@test
def a_damaged_package_is_named_and_hides_no_other(place):
    place.run("pkg", "add", directory(place), "--name", "good")
    bad = place.home / "packages/bad"
    bad.mkdir()
    (bad / "package.json").write_text("{")
    done = place.run("pkg", "list")
    assert "good" in done.stdout and "warning: package 'bad'" in done.stderr, done
    place.fails("run", "--package", "bad", says=["bad/package.json"])
