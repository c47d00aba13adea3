# SPDX-License-Identifier: Apache-2.0
"""Images that `ops run` keeps: what counts as unchanged, and that nothing is torn."""

import os
import random
import signal
import subprocess
import time

from place import debugfs, e2fsck, extract, test, tool


def cached(place):
    folder = place.home / "cache/images"
    return sorted(folder.iterdir()) if folder.exists() else []


def run(place, *args, **options):
    tool("qemu-system-x86_64")
    done = place.run("run", "-v", "--append", "exit 0%", "--accel", "tcg", *args, **options)
    assert done.returncode == 0, done
    return "built in" in done.stderr


@test
def unchanged_program_is_not_built_again(place):
    place.compile("prog", "int main(void) { return 0; }", "-static")
    place.write("data/one", "one")
    config = place.config({"Dirs": ["data"]})
    assert run(place, "-c", config, "./prog")
    assert not run(place, "-c", config, "./prog")
    assert len(cached(place)) == 1
    assert run(place, "-c", config, "./prog", "--", "arg"), "arguments are in the image"
    place.write("data/one", "two")
    assert run(place, "-c", config, "./prog"), "a file changed"
    place.write("data/more", "")
    assert run(place, "-c", config, "./prog"), "a file is new"
    (place.folder / "data/more").unlink()
    assert not run(place, "-c", config, "./prog"), "as it was"
    (place.folder / "data/one").chmod(0o600)
    assert run(place, "-c", config, "./prog"), "a mode changed"
    assert run(place, "-c", config, "./prog", env={"SOURCE_DATE_EPOCH": "1700000000"})
    place.compile("prog", "int main(void) { return 1; }", "-static")
    assert run(place, "-c", config, "./prog"), "the program changed"


@test
def file_of_the_same_size_and_time_is_another(place):
    place.compile("prog", "int main(void) { return 0; }", "-static")
    place.write("data/one", "one")
    config = place.config({"Dirs": ["data"]})
    stat = os.stat(place.folder / "data/one")
    assert run(place, "-c", config, "./prog")
    (place.folder / "data/one").write_text("two")
    os.utime(place.folder / "data/one", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert run(place, "-c", config, "./prog")


@test
def image_of_before_the_computer_started_goes(place):
    # Its key holds the boot id, so nobody finds it again.
    place.compile("prog", "int main(void) { return 0; }", "-static")
    assert run(place, "./prog")
    old, = cached(place)
    os.utime(old, (1000000000, 1000000000))
    assert run(place, "./prog", "--", "other")
    assert old not in cached(place) and len(cached(place)) == 1


@test
def warm_run_is_fast(place):
    # The promise is 50 ms; what is shared with other work gets some room, the best of five none.
    place.compile("prog", "int main(void) { return 0; }", "-static")
    run(place, "./prog")
    best = 1e9
    for _ in range(5):
        done = place.run("run", "-v", "--append", "exit 0%", "./prog")
        line = [line for line in done.stderr.splitlines() if "starting the machine" in line][0]
        best = min(best, int(line.split()[-2]))
    assert best <= 50, best


@test
def killed_build_leaves_no_torn_image(place):
    place.compile("prog", "int main(void) { return 0; }", "-static")
    rng = random.Random(3)
    for i in range(15):
        place.write("data", os.urandom(1000) + bytes(100) + os.urandom(4 << 20) + bytes([i]))
        config = place.config({"Files": ["data"]})
        child = subprocess.Popen(place.command("run", "--append", "exit 0%", "-c", config,
                                               "./prog"),
                                 env=place.env, cwd=place.folder, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, 0.1))
        child.send_signal(signal.SIGKILL)
        child.wait()
    images = cached(place)
    for image in images:
        assert image.suffix == ".img", images
        root = extract(image, 2)
        e2fsck(root)
        root.unlink()


def inner(image):
    """What lies in /lib of an image's root."""
    return debugfs(extract(image, 2), "ls -p /app/lib").decode()


@test
def facts_of_a_library_end_when_it_changes(place):
    """What is kept of ELF files: a library of the same name that needs more brings more."""
    answer = "int answer(void) { return 42; }"
    place.compile("app/lib/libmore.so", "int more(void) { return 1; }", "-shared", "-fPIC")
    place.compile("app/lib/libanswer.so", answer, "-shared", "-fPIC")
    place.compile("app/prog", "int answer(void); int main(void) { return answer(); }",
                  "-Lapp/lib", "-lanswer", "-Wl,-rpath,$ORIGIN/lib")
    time.sleep(3)  # Files that changed lately are not kept.
    for _ in range(2):
        assert "libmore" not in inner(place.build("app/prog"))
    facts = place.home / "cache/facts"
    assert b"nlibanswer.so" in facts.read_bytes()
    place.compile("app/lib/libanswer.so", answer, "-shared", "-fPIC", "-Wl,--no-as-needed",
                  "-Lapp/lib", "-lmore", "-Wl,-rpath,$ORIGIN")
    assert "libmore" in inner(place.build("app/prog"))
    for damaged in (b"", b"x" * 100, facts.read_bytes()[:-1], facts.read_bytes()[::-1]):
        facts.write_bytes(damaged)
        assert "libmore" in inner(place.build("app/prog"))
