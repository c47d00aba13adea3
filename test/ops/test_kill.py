# SPDX-License-Identifier: Apache-2.0
"""ops is killed at any moment: there is the old state or the new, and the next ops cleans up."""

import json
import os
import random
import signal
import subprocess
import time

from place import SECONDS_MAX, test
from test_instance import RUNS, machines, no_machine_stays, wait_for

KILLS = 200


class Kills:
    """Runs commands, kills most of them on the way, and looks at what is left."""

    def __init__(self, place, seed):
        self.place = place
        self.random = random.Random(seed)
        self.seconds = {}  # How long a command takes when nobody kills it.
        self.landed = 0    # Kills that came before the end.

    def command(self):
        name = f"n{self.random.randrange(4)}"
        image = self.random.choice(["a", "b"])
        return self.random.choice([
            ("instance", "create", "--accel", "tcg", "-m", "24", "--append", RUNS, "-e", "A=b",
             "-i", name, "base"),
            ("instance", "create", "--accel", "tcg", "-m", "24", "--append", RUNS, "-i", name,
             image),
            ("instance", "delete", name),
            ("instance", "stop", "--grace", "0", name),
            ("instance", "start", name),
            ("image", "create", "-i", image, "/usr/bin/true"),
            ("image", "delete", "--yes", image),
            ("volume", "create", "-s", "8M", f"v{image}"),
            ("volume", "delete", "--yes", f"v{image}"),
            ("deploy", "-i", "d", "--accel", "tcg", "-m", "24", "--append", RUNS, "--grace", "0",
             "/usr/bin/true"),
            ("run", "--accel", "tcg", "-m", "24", "--append", "boot_ns 5%exit 0%", "/usr/bin/true"),
        ])

    def kill_one(self):
        command = self.command()
        kind = command[:1] if command[0] in ("run", "deploy") else command[:2]
        usual = self.seconds.get(kind, 0.2)
        start = time.monotonic()
        process = subprocess.Popen(self.place.command(*command), cwd=self.place.folder,
                                   env=self.place.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, said = process.communicate(timeout=self.random.uniform(0, 1.1 * usual))
            assert process.returncode in (0, 1), (command, process.returncode, said)
            if process.returncode == 0:
                self.seconds[kind] = time.monotonic() - start
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            self.landed += 1

    def rows(self, group):
        done = self.place.run(group, "list", "--json")
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    def check(self):
        """What holds whatever was killed."""
        home = self.place.home
        running = {int(row["id"]) for row in self.rows("instance")
                   if row["state"] in ("starting", "running", "stopping") and row["id"]}
        for pid in machines(self.place):
            if pid not in running:
                # It may have been about to end, or belong to a run that was killed.
                wait_for(lambda pid=pid: pid not in machines(self.place) or pid in {
                    int(row["id"] or 0) for row in self.rows("instance")})
        for row in self.rows("instance"):
            assert row["state"] in ("starting", "running", "stopping", "exited", "failed"), row
            assert "instance.json" not in (row["reason"] or ""), row
        for row in self.rows("image"):
            with open(home / "images" / f"{row['name']}.img", "rb") as file:
                file.seek(512)
                assert file.read(8) == b"EFI PART", row
        for row in self.rows("volume"):
            with open(home / "volumes" / f"{row['name']}.img", "rb") as file:
                file.seek(1024 + 56)
                assert file.read(2) == b"\x53\xef", row

    def end(self):
        """Everything there is can be removed, and then nothing is there."""
        # What a killed command left goes with the next that changes volumes: let there be one.
        done = self.place.run("volume", "create", "-s", "8M", "last")
        assert done.returncode == 0, done
        for group in ("instance", "image", "volume"):
            for row in self.rows(group):
                yes = [] if group == "instance" else ["--yes"]
                done = self.place.run(group, "delete", *yes, row["name"])
                assert done.returncode == 0, (row, done)
        assert not machines(self.place)
        home = self.place.home
        left = [path for folder in ("instances", "images", "volumes", "tmp")
                for path in (home / folder).glob("*") if path.name != ".lock"]
        assert not left, left
        done = self.place.run("run", "--accel", "tcg", "--append", "exit 0%", "/usr/bin/true")
        assert done.returncode == 0, done
        left = [path for path in (home / "run").glob("*") if path.name != ".lock"]
        assert not left, left


@test
def killed_at_any_moment_leaves_the_old_state_or_the_new(place):
    seed = int(os.environ.get("OPS_TEST_SEED", time.time()))
    print(f"OPS_TEST_SEED={seed}")
    done = place.run("image", "create", "-i", "base", "/usr/bin/true")
    assert done.returncode == 0, done
    kills = Kills(place, seed)
    with no_machine_stays(place):
        deadline = time.monotonic() + 3 * SECONDS_MAX
        tries = 0
        while kills.landed < KILLS:
            assert time.monotonic() < deadline, f"{kills.landed} of {KILLS} kills"
            kills.kill_one()
            tries += 1
            if tries % 5 == 0:
                kills.check()
        kills.check()
        kills.end()
