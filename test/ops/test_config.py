# SPDX-License-Identifier: Apache-2.0
"""Configurations: which is read, what wins, what is said of them."""

from place import debugfs, extract, test
from test_instance import RUNS, no_machine_stays

TRUE = "/usr/bin/true"


def manifest(place, *args, **options):
    """The lines of the manifest in an image that `ops build` makes."""
    root = extract(place.build(*args, **options), 2)
    return debugfs(root, "cat /etc/soliton/manifest").decode().splitlines()


@test
def config_names_the_line_of_what_is_wrong(place):
    place.config('{\n  "Args": [],\n  "RunConfig": {\n    "Memory": "1G",\n    "CPU": 2\n  }\n}')
    place.fails("build", "-c", "config.json", TRUE,
                says=['config.json:5: "RunConfig": unknown key "CPU"; did you mean "CPUs"?'])
    place.config('{\n  "Memory": "1G"}')
    place.fails("build", "-c", "config.json", TRUE, says=['did you mean "RunConfig.Memory"?'])


@test
def config_of_the_environment_or_the_home_is_the_default(place):
    place.write(".opsrc", '{"Env": {"FROM": "home"}}')
    place.write("default.json", '{"Env": {"FROM": "default"}}')
    place.write("named.json", '{"Env": {"FROM": "named"}}')
    assert "env FROM=home" in manifest(place, TRUE)
    env = {"OPS_DEFAULT_CONFIG": "default.json"}
    assert "env FROM=default" in manifest(place, TRUE, env=env)
    assert "env FROM=named" in manifest(place, "-c", "named.json", TRUE, env=env)
    place.fails("build", TRUE, says=["none.json", "No such file"],
                env={"OPS_DEFAULT_CONFIG": "none.json"})


@test
def config_is_read_before_the_command_line_wherever_it_stands(place):
    place.config({"Env": {"A": "config", "B": "config"}, "Cwd": "/tmp"})
    lines = manifest(place, "-e", "A=line", TRUE, "-c", "config.json")
    assert "env A=line" in lines and "env B=config" in lines and "cwd /tmp" in lines, lines


@test
def config_of_several_files_lies_one_over_the_other(place):
    place.write("a.json", '{"Env": {"A": "1", "B": "1"}}')
    place.write("b.json", '{"Env": {"B": "2"}}')
    lines = manifest(place, "-c", "a.json", "-c", "b.json", TRUE)
    assert "env A=1" in lines and "env B=2" in lines, lines


@test
def config_has_variables_only_when_asked(place):
    place.config('{"Env": {"A": "$X-${X}"}}')
    env = {"X": 'one "two"'}
    assert "env A=$X-${X}" in manifest(place, "-c", "config.json", TRUE, env=env)
    rendered = 'env A=one "two"-one "two"'
    assert rendered in manifest(place, "-c", "config.json", "--render-config", TRUE, env=env)
    assert rendered in manifest(place, "-c", "config.json", TRUE,
                                env={**env, "ops_render_config": "true"})
    place.fails("build", "--render-config", "-c", "config.json", TRUE,
                says=["config.json:1:", "no variable 'X'"])


@test
def config_notes_what_has_no_meaning(place):
    place.config({"NanosVersion": "0.1.50", "Force": False})
    done = place.run("build", "-o", "x.img", "-c", "config.json", TRUE)
    assert done.returncode == 0 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith('ops: note: config.json: "NanosVersion" has no meaning here: ')
    done = place.run("build", "-q", "-o", "x.img", "-c", "config.json", TRUE)
    assert done.returncode == 0 and not done.stderr, done.stderr


@test
def launch_options_that_make_no_sense(place):
    for args in (["--secret", ".x=file"], ["--secret", "a/b=file"], ["--secret", "A="],
                 ["--ip-address", "1.2.3"], ["--gateway", "x"], ["--arch", "arm64"],
                 ["--consoles", "+net"], ["--ipv6-address", "::1"], ["--udp", "0"]):
        place.fails("run", *args, TRUE, says=[args[0], ""], status=2)


@test
def config_network_is_in_the_manifest(place):
    place.config({"NameServers": ["1.1.1.1"], "RunConfig": {"IPAddress": "10.0.0.5",
                                                            "Gateway": "10.0.0.1"}})
    lines = manifest(place, "-c", "config.json", "--netmask", "255.255.0.0", TRUE)
    for line in ("network static", "ip 10.0.0.5/16", "gateway 10.0.0.1", "dns 1.1.1.1"):
        assert line in lines, (line, lines)
    place.fails("build", "--gateway", "10.0.0.1", TRUE, says=["gateway", "without an address"])


@test
def first_argument_that_is_a_file_comes_along(place):
    place.write("data/in.txt", "hello")
    root = extract(place.build(TRUE, "data/in.txt"), 2)
    assert debugfs(root, "cat /data/in.txt") == b"hello"
    place.config({"Cwd": "/srv"})
    root = extract(place.build("-c", "config.json", TRUE, "--", "data/in.txt"), 2)
    assert debugfs(root, "cat /srv/data/in.txt") == b"hello"
    place.config({"DisableArgsCopy": True})
    for args in (["-c", "config.json"], ["--disable-args-copy"]):
        root = extract(place.build(*args, TRUE, "data/in.txt"), 2)
        assert b"in.txt" not in debugfs(root, "ls /data")
    place.build(TRUE, "/proc/cpuinfo")


@test
def config_files_count_from_their_parent_directory(place):
    place.write("dist/a/b.txt", "b")
    place.write("dist/www/c.txt", "c")
    place.config({"LocalFilesParentDirectory": "dist", "Files": ["a/b.txt"], "Dirs": ["www"]})
    root = extract(place.build("-c", "config.json", TRUE), 2)
    assert debugfs(root, "cat /a/b.txt") == b"b"
    assert debugfs(root, "cat /www/c.txt") == b"c"


@test
def config_base_volume_size_is_the_least(place):
    small = extract(place.build(TRUE), 2).stat().st_size
    place.config({"BaseVolumeSz": "64M"})
    large = extract(place.build("-c", "config.json", TRUE), 2).stat().st_size
    assert small < 64 << 20 <= large, (small, large)


@test
def config_build_dir_takes_images(place):
    (place.folder / "out").mkdir()
    place.config({"BuildDir": "out"})
    done = place.run("build", "-c", "config.json", TRUE)
    assert done.returncode == 0 and done.stdout == "out/true.img\n", done
    assert (place.folder / "out/true.img").exists()


@test
def config_of_one_interface_is_the_networks(place):
    place.config({"RunConfig": {"Nics": [{"IPAddress": "10.0.0.5", "Gateway": "10.0.0.1"}]}})
    assert "ip 10.0.0.5/24" in manifest(place, "-c", "config.json", TRUE)
    assert "ip 10.0.0.6/24" in manifest(place, "-c", "config.json", "--ip-address", "10.0.0.6", TRUE)
    place.config({"RunConfig": {"Nics": [{}, {}]}})
    place.fails("build", "-c", "config.json", TRUE, says=["2 interfaces"])


@test
def config_shows_warnings_when_asked(place):
    library = place.compile("libgone.so", "int gone(void) { return 0; }", "-shared", "-fPIC")
    user = place.compile("libuser.so", "int gone(void); int user(void) { return gone(); }",
                         "-shared", "-fPIC", "-L.", "-Wl,--no-as-needed", "-lgone")
    library.unlink()
    place.config({"Files": [str(user)], "RunConfig": {"ShowWarnings": True}})
    done = place.run("build", "-o", "x.img", "-c", "config.json", TRUE)
    assert done.returncode == 0 and "ops: warning: library" in done.stderr, done.stderr
    place.config({"Files": [str(user)]})
    done = place.run("build", "-o", "x.img", "-c", "config.json", TRUE)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    done = place.run("build", "-o", "x.img", "-c", "config.json", "--show-warnings", TRUE)
    assert "ops: warning: library" in done.stderr, done.stderr


@test
def config_of_the_programs_end_that_cannot_be(place):
    both = {"RebootOnExit": True, "ManifestPassthrough": {"idle_on_exit": True}}
    place.config(both)
    place.fails("build", "-c", "config.json", TRUE, says=["RebootOnExit", "idle_on_exit"])
    place.config({**both, "Exit": "hold"})
    lines = manifest(place, "-c", "config.json", TRUE)
    assert "exit hold" in lines and "crash restart" in lines, lines
    place.config({"RestartPause": 3600001})
    place.fails("build", "-c", "config.json", TRUE, says=['"RestartPause"', "too much"])
    place.config({"RestartPause": 0})
    assert "restart-pause 0" in manifest(place, "-c", "config.json", TRUE)


@test
def config_at_launch_is_laid_over_the_image(place):
    place.build(TRUE)
    place.config({"Hostname": "web-1", "Cwd": "/tmp", "Limits": {"nofile": 99}, "Log": "info",
                  "Crash": "hold", "RebootOnExit": True, "RestartPause": 500,
                  "RunConfig": {"Gateway": "10.0.0.1", "IPAddress": "10.0.0.5"}})
    with no_machine_stays(place):
        done = place.run("instance", "create", "-c", "config.json", "-i", "web", "-m", "64",
                         "--accel", "tcg", "--append", RUNS, "test.img")
        assert done.returncode == 0, done.stderr
        overlay = (place.home / "instances/web/overlay").read_text().splitlines()
        for line in ("hostname web-1", "cwd /tmp", "limit nofile 99", "log info", "crash hold",
                     "exit restart", "restart-pause 500", "ip 10.0.0.5/24", "gateway 10.0.0.1"):
            assert line in overlay, (line, overlay)
        place.run("instance", "delete", "web")
