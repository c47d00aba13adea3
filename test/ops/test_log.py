# SPDX-License-Identifier: Apache-2.0
"""What is kept of what an instance prints."""

import pathlib

from place import test
from test_instance import machines, no_machine_stays, wait_for
from test_serve import logs, ops

TALKER = r"""
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    for (int i = 0; i < 60000; i++)
        printf("line %d of what it has to say, which is much more than anybody keeps\n", i);
    puts("done");
    fflush(stdout);
    pause();
    return 0;
}
"""


def keepers(place):
    """The processes that keep what the instances of a place print: their titles."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if (entry / "comm").read_text() == "ops-keeper\n" and \
                    str(place.home) in (entry / "environ").read_text():
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


@test
def no_more_is_kept_of_an_instance_than_was_said(place):
    with no_machine_stays(place):
        place.compile("talker", TALKER)
        assert ops(place, "image", "create", "talker").returncode == 0
        done = ops(place, "instance", "create", "--log-size", "1M", "-m", "64", "-e", "KEY=secret",
                   "-i", "web", "talker")
        assert done.returncode == 0, done
        wait_for(lambda: logs(place, "web").endswith("done\n"))
        folder = place.home / "instances/web"
        kept = sum(path.stat().st_size for path in folder.glob("console.log*"))
        assert (1 << 19) < kept <= 1 << 20, kept
        lines = logs(place, "web").splitlines()[1:-1]
        first = int(lines[0].split()[1])
        assert [int(line.split()[1]) for line in lines] == list(range(first, 60000)), lines[:3]
        titles = keepers(place)
        assert len(titles) == 1 and "keeps what instance web prints" in titles[0], titles
        assert "secret" not in titles[0], titles
        assert ops(place, "instance", "stop", "--grace", "0", "web").returncode == 0
        assert not keepers(place) and not machines(place)
        assert logs(place, "web").endswith("done\n")
        assert ops(place, "instance", "start", "web").returncode == 0
        assert (folder / "console.log.1").exists()
        assert ops(place, "instance", "delete", "web").returncode == 0
        assert not keepers(place)


@test
def sizes_of_logs_that_cannot_be(place):
    for size, status in (("0", 1), ("2000000G", 1), ("much", 2)):
        place.fails("instance", "create", "--log-size", size, "web", says=["log"], status=status)
