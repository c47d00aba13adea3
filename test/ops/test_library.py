# SPDX-License-Identifier: Apache-2.0
"""Libraries that a program needs, found without running it."""

import os
import pathlib
import subprocess

from place import debugfs, e2fsck, extract, run_in, test, tool


LIBRARY = "int answer(void) { return 42; }"
USER = "int answer(void); int main(void) { return answer(); }"


@test
def library_is_found_by_runpath_and_origin(place):
    place.compile("app/lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    place.compile("app/bin/user", USER, "-Lapp/lib", "-lanswer", "-Wl,-rpath,$ORIGIN/../lib")
    root = extract(place.build("app/bin/user"), 2)
    assert debugfs(root, "cat /app/lib/libanswer.so") == \
        (place.folder / "app/lib/libanswer.so").read_bytes()
    assert run_in(root, "/app/bin/user") == 42


@test
def program_below_a_mount_lies_where_the_machine_sees_it(place):
    # place.folder is below /tmp, where the machine has memory of its own.
    place.compile("app/lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    user = place.compile("app/bin/user", USER, "-Lapp/lib", "-lanswer",
                         "-Wl,-rpath,$ORIGIN/../lib")
    done = place.run("build", "-o", "test.img", user)
    assert done.returncode == 0, done.stderr
    assert f"ops: note: '{user}' is '/usr/local/bin/user'" in done.stderr, done.stderr
    root = extract(place.folder / "test.img", 2)
    assert run_in(root, "/usr/local/bin/user") == 42
    lines = debugfs(root, "cat /etc/soliton/manifest").decode().splitlines()
    assert "program /usr/local/bin/user" in lines and "arg /usr/local/bin/user" in lines, lines


@test
def file_below_a_mount_gets_a_note(place):
    file = place.write("data", "x")
    config = place.config({"Files": [str(file)]})
    done = place.run("build", "-o", "test.img", "-c", config, "/usr/bin/true")
    assert done.returncode == 0, done.stderr
    assert f"the program will not see '{file}'" in done.stderr, done.stderr


@test
def library_is_found_by_old_rpath_of_the_loader(place):
    place.compile("deep/libdeep.so", LIBRARY, "-shared", "-fPIC")
    place.compile("lib/libmiddle.so", "int answer(void); int middle(void) { return answer(); }",
                  "-shared", "-fPIC", "-Ldeep", "-ldeep")
    place.compile("user", "int middle(void); int main(void) { return middle(); }", "-Llib",
                  "-lmiddle", "-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/lib:$ORIGIN/deep",
                  "-Wl,-rpath-link,deep")
    root = extract(place.build("./user"), 2)
    assert debugfs(root, "cat /deep/libdeep.so")
    assert run_in(root, "/user") == 42


@test
def library_is_found_by_the_environment(place):
    place.compile("lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    place.compile("user", USER, "-Llib", "-lanswer")
    root = extract(place.build("./user", "-e", f"LD_LIBRARY_PATH={place.folder}/lib"), 2)
    assert debugfs(root, f"cat {place.folder}/lib/libanswer.so")


@test
def library_is_found_by_ld_so_conf_under_a_target_root(place):
    place.compile("lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    place.compile("user", USER, "-Llib", "-lanswer")
    sysroot = place.folder / "sysroot"
    for path in ("/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"):
        place.write(f"sysroot{path}", pathlib.Path(path).read_bytes()).chmod(0o755)
    place.write("sysroot/etc/ld.so.conf", "# comment\ninclude ld.so.conf.d/*.conf\n")
    place.write("sysroot/etc/ld.so.conf.d/x.conf", "/opt/answer/lib\n")
    place.write("sysroot/opt/answer/lib/libanswer.so",
                (place.folder / "lib/libanswer.so").read_bytes())
    root = extract(place.build("-r", sysroot, "./user"), 2)
    e2fsck(root)
    assert debugfs(root, "cat /opt/answer/lib/libanswer.so")
    assert run_in(root, "/user") == 42


@test
def library_cache_is_one_to_ldconfig(place):
    root = extract(place.build("/usr/bin/python3" if os.path.exists("/usr/bin/python3")
                               else "/usr/bin/true"), 2)
    place.write("cache", debugfs(root, "cat /etc/ld.so.cache"))
    done = subprocess.run([tool("ldconfig"), "-p", "-C", "cache"], capture_output=True, text=True,
                          check=True, cwd=place.folder)
    assert "libc.so.6 (libc6,x86-64) => /" in done.stdout, done.stdout
    for line in done.stdout.splitlines()[1:]:
        if "=>" in line:
            path = line.split("=>")[1].strip()
            real = os.path.realpath(path)
            assert debugfs(root, f"cat {real}") == pathlib.Path(real).read_bytes(), path


@test
def missing_library_is_named_with_who_needs_it(place):
    place.compile("lib/libanswer.so", LIBRARY, "-shared", "-fPIC")
    place.compile("user", USER, "-Llib", "-lanswer")
    place.fails("build", "./user", says=["'libanswer.so'", "needed by './user'"])
    place.compile("lib/libmiddle.so", "int answer(void); int middle(void) { return answer(); }",
                  "-shared", "-fPIC", "-Llib", "-lanswer")
    place.compile("user", "int middle(void); int main(void) { return middle(); }", "-Llib",
                  "-lmiddle", "-Wl,-rpath,$ORIGIN/lib", "-Wl,-rpath-link,lib")
    (place.folder / "lib/libanswer.so").unlink()
    place.fails("build", "./user", says=["'libanswer.so'", "libmiddle.so'"])


@test
def program_is_never_run(place):
    place.compile("trap", "#include <stdio.h>\n"
                  "__attribute__((constructor)) static void f(void)"
                  "{ fclose(fopen(\"ran\", \"w\")); }"
                  "int main(void) { return 0; }")
    place.build("./trap")
    assert not (place.folder / "ran").exists()
