# SPDX-License-Identifier: Apache-2.0
"""From a crash to the next served byte.

Two ways to come back. In the machine: ours starts itself again, kernel and program, in a new layout
of memory; in the Linux guest an init starts the program again, and the kernel lives on. Anew: the
machine ends with its program, and a supervisor on the host starts it again at once.
"""

import threading

import measure
from guest import Setup

CLIENT_SECONDS = 60


class Supervisor:
    """Starts a machine again whenever it ends."""

    def __init__(self, guest):
        self.guest = guest
        self.starts = 0
        self.is_done = False
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while True:
            self.guest.process.wait()
            if self.is_done:
                return
            self.starts += 1
            self.guest.start()

    def __enter__(self):
        self.guest.supervised = True
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_done = True
        self.guest.process.terminate()
        self.thread.join(10)


class Way:
    """One way to come back."""

    def __init__(self, name, program, how):
        self.name = name
        self.program = program  # A method of loads.Programs.
        self.how = how  # By the system's name.

    def has(self, system):
        return system.name in self.how

    def once(self, bench, system):
        """Seconds, and how often the machine was started again."""
        program = bench.programs.get(self.program, 1)
        with bench.guest(system, program, Setup()) as guest:
            guest.first_byte()
            with Supervisor(guest) as supervisor:
                out = guest.run(guest.script("crash_client.py", CLIENT_SECONDS))
            return round(float(out), 4), supervisor.starts

    def measure(self, bench, system, runs):
        """Each run in a machine of its own: whoever crashes again and again is made to wait."""
        taken = [self.once(bench, system) for _ in range(runs)]
        starts = sum(count for _, count in taken)
        how = "a new machine, by a supervisor" if starts else self.how[system.name]
        return {"seconds": measure.summary([seconds for seconds, _ in taken]), "how": how}


WAYS = [
    Way("in the machine", "crash",
        {"soliton": "the machine starts itself again: kernel and program, in a new layout",
         "linux": "init starts the program again, in the kernel that ran it"}),
    Way("anew", "crash_end", {"soliton": "", "linux": ""}),
]
