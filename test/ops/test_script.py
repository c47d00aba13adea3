# SPDX-License-Identifier: Apache-2.0
"""Scripts: run by their interpreter, unless that is a shell. These boot the real kernel."""

import json
import os

from place import Skip, debugfs, extract, test
from test_serve import ops

SCRIPT = """import sys
print("it is", sys.argv)
sys.exit(3)
"""


def python():
    if not os.path.exists("/usr/bin/python3"):
        raise Skip("Python is not where Debian has it")
    return "/usr/bin/python3"


@test
def script_is_run_by_its_interpreter(place):
    interpreter = python()
    for first in (f"#!{interpreter}", f"#! {interpreter} -u", "#!/usr/bin/env python3",
                  "#!/usr/bin/env -S python3 -u", "#!/usr/bin/env -S python3 -I  -B ",
                  f"#!{interpreter} \t"):
        place.write("app.py", f"{first}\n{SCRIPT}")
        done = ops(place, "run", "./app.py", "--", "one", "two")
        assert (done.returncode, done.stdout) == (3, "it is ['/app.py', 'one', 'two']\n"), done
    done = ops(place, "run", str(place.folder / "app.py"))
    # The machine has a /tmp of its own.
    assert done.returncode == 3 and "['/usr/local/bin/app.py']" in done.stdout, done
    assert ops(place, "image", "create", "app.py").stdout == "app.py\n"
    row = json.loads(ops(place, "image", "list", "--json").stdout)[0]
    assert row["name"] == "app.py", row
    assert "it is" in place.run("image", "cat", "app.py", "/app.py").stdout


@test
def script_that_is_a_link_is_found_by_its_name(place):
    place.compile("root/usr/bin/interp", "int main(void) { return 0; }", "-static")
    place.write("root/opt/app-1.2/main", "#!/usr/bin/interp -x\nhello\n")
    place.write("root/tmp/hidden", "#!/usr/bin/interp -x\nhello\n")
    for name, target, where, real in (
            ("usr/bin/app", "../../opt/app-1.2/main", "/usr/bin/app", "/opt/app-1.2/main"),
            ("usr/bin/far", "/opt/app-1.2/main", "/usr/bin/far", "/opt/app-1.2/main"),
            ("tmp/lost", "../opt/app-1.2/main", "/usr/local/bin/main", "/usr/local/bin/main"),
            ("usr/bin/lost", "/tmp/hidden", "/usr/local/bin/hidden", "/usr/local/bin/hidden")):
        (place.folder / "root" / name).symlink_to(target)
        root = extract(place.build("-r", "root", "-a", "one", f"/{name}"), 2)
        lines = debugfs(root, "cat /etc/soliton/manifest").decode().splitlines()
        assert [line for line in lines if line.startswith("arg ")] == [
            "arg /usr/bin/interp", "arg -x", f"arg {where}", "arg one"], lines
        assert b"hello" in debugfs(root, f"cat {real}"), name
        assert real == where or f'"{target}"'.encode() in debugfs(root, f"stat {where}"), name


@test
def script_of_a_shell_names_what_to_run(place):
    place.write("start.sh", "#!/bin/sh\nset -e\n  exec /usr/bin/server --port 80\n")
    place.write("entry.sh", '#!/usr/bin/env bash\nexec "$@"\n')
    place.write("none.sh", "#!/bin/dash\necho hello\n")
    place.write("odd", "#!/no/such/interpreter\n")
    place.write("env", "#!/usr/bin/env no-such-program\n")
    for args, says, hint in ((["start.sh"], "script for /bin/sh", "starts: /usr/bin/server"),
                             (["entry.sh", "--", "nginx", "-x"], "script for bash", "starts: nginx"),
                             (["none.sh"], "script for /bin/dash", "the program that it starts")):
        for verb in ("run", "build"):
            done = place.run(verb, *args)
            assert done.returncode == 1 and says in done.stderr, done
            assert hint in done.stderr.splitlines()[1], done
    done = place.run("run", "true")
    assert done.returncode == 1 and "hint: there is /" in done.stderr, done
    assert "/true" in done.stderr.splitlines()[1], done
    place.fails("run", "odd", says=["/no/such/interpreter"])
    place.fails("run", "env", says=["'no-such-program'"])
