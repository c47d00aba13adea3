# SPDX-License-Identifier: Apache-2.0
"""Wrong command lines, configurations, archives and disks: tables of what is said of each.

Every one of them has to end with exit status 1 or 2, one line that names what is wrong and why, and
a hint where there is an obvious next step; nothing is left behind. Run with an ops that was built
with sanitizers, this also shows that none of it touches memory it should not.
"""

import re
import shlex
import tarfile

from place import test

# Command line, exit status, what the line says, whether a hint follows.
COMMAND_LINES = (
    ("frobnicate", 2, "unknown command 'frobnicate'", True),
    ("compose up", 2, "unknown command 'compose'", True),
    ("imge list", 2, "unknown command 'imge'", True),
    ("image frob", 2, "unknown command 'image frob'", True),
    ("run", 2, "no program is given", True),
    ("run --", 2, "no program is given", True),
    ("run --nothing /usr/bin/true", 2, "option '--nothing' is not known", True),
    ("run -Z /usr/bin/true", 2, "option '-Z' is not known", True),
    ("run -p", 2, "option '-p' needs a value", True),
    ("run -p x /usr/bin/true", 2, "say 8080, 8080:80 or 8000-8010", True),
    ("run -p 0 /usr/bin/true", 2, "say 8080, 8080:80 or 8000-8010", True),
    ("run -p 70000 /usr/bin/true", 2, "say 8080, 8080:80 or 8000-8010", True),
    ("run -p 80-70 /usr/bin/true", 2, "say 8080, 8080:80 or 8000-8010", True),
    ("run -p 80:80-90 /usr/bin/true", 2,
     "the two ranges of '80:80-90' have different lengths", True),
    ("run -p 80,80 /usr/bin/true", 2, "port 80 of this machine is forwarded twice", True),
    ("run -m 1X /usr/bin/true", 2, "say 128M or 1G", True),
    ("run -m -5 /usr/bin/true", 2, "say 128M or 1G", True),
    ("run -m 1 /usr/bin/true", 1, "the least is 24 MiB", False),
    ("run -m 99999G /usr/bin/true", 1, "the most is 1048576 MiB", False),
    ("run --smp two /usr/bin/true", 2, "'two' is not a number", True),
    ("run --smp 0 /usr/bin/true", 1, "there can be 1 to 64", False),
    ("run --smp 100000 /usr/bin/true", 1, "there can be 1 to 64", False),
    ("run -e A /usr/bin/true", 2, "'A' is not NAME=VALUE", True),
    ("run -e =x /usr/bin/true", 2, "'=x' is not NAME=VALUE", True),
    ("run --machine toaster /usr/bin/true", 1, "there are microvm and q35", False),
    ("run --accel warp /usr/bin/true", 1, "there are auto, kvm and tcg", False),
    ("run --timeout soon /usr/bin/true", 2, "'soon' is not a number", True),
    ("run --mounts data /usr/bin/true", 1, "'data' is not VOLUME:/PATH or VOLUME:/PATH:ro", False),
    ("run --mounts data:relative /usr/bin/true", 1,
     "'data:relative' is not VOLUME:/PATH or VOLUME:/PATH:ro", False),
    ("run --mounts none:/data /usr/bin/true", 1, "there is no volume for 'none:/data'", True),
    ("run --secret A=/no/such/file /usr/bin/true", 1,
     "cannot read secret '/no/such/file': No such file or directory", False),
    ("run --secret a/b=/etc/passwd /usr/bin/true", 2,
     "'a/b=/etc/passwd' is not NAME=FILE with a name of letters, digits, '-', '_' and '.'", True),
    ("run --ip-address 300.1.1.1 /usr/bin/true", 2, "'300.1.1.1' is not an IPv4 address", True),
    ("run --netmask 255.0.255.0 --ip-address 10.0.0.1 /usr/bin/true", 1,
     "say 255.255.255.0", False),
    ("run --gateway 10.0.0.1 /usr/bin/true", 1, "a gateway or netmask without an address", True),
    ("run -c /no/such/config /usr/bin/true", 1,
     "cannot read '/no/such/config': No such file or directory", False),
    ("run -c / /usr/bin/true", 1, "it is a directory", False),
    ("run /no/such/program", 1,
     "'/no/such/program' cannot be read: No such file or directory", False),
    ("run /etc", 1, "it is a directory", False),
    ("run /etc/passwd", 1, "'/etc/passwd' is not an ELF file", False),
    ("run /dev/null", 1, "it is not a regular file", False),
    ("run --kernel /etc/passwd /usr/bin/true", 1, "kernel '/etc/passwd' is not an ELF file", False),
    ("run --kernel /no/such /usr/bin/true", 1,
     "cannot read kernel '/no/such': No such file or directory", False),
    ("run -r /no/such/root true", 1, "'true' cannot be read: No such file or directory", False),
    ("run --package none", 1, "there is no package 'none'", True),
    ("run -g 99999 /usr/bin/true", 2, "99999 is more than 65535", True),
    ("build", 2, "no program is given", True),
    ("build -o /no/such/dir/x /usr/bin/true", 1,
     "cannot make a file in '/no/such/dir': No such file or directory", False),
    ('build -o "" /usr/bin/true', 2, "an empty value", True),
    ("image create -i ../x /usr/bin/true", 1,
     "it takes letters, digits, '-', '_' and '.', not '-' or '.' first", False),
    ('image create -i "" /usr/bin/true', 2, "an empty value", True),
    ("image create -i .hidden /usr/bin/true", 1,
     "it takes letters, digits, '-', '_' and '.', not '-' or '.' first", False),
    ("build --secret a=/etc/passwd /usr/bin/true", 2, "an image never holds a secret", True),
    ("image create --secret a=/etc/passwd /usr/bin/true", 2, "an image never holds a secret", True),
    ("image create -t nowhere /usr/bin/true", 1, "there is no provider 'nowhere'", True),
    ("image search", 2, "an argument is missing", True),
    ('image search "["', 2, "Invalid regular expression", True),
    ("image delete", 2, "neither a name nor --older-than is given", True),
    ("image delete none", 1, "there is no image 'none'", True),
    ("image delete --older-than soon", 2, "say 12h, 3d, 1w, 2m (months) or 1y", True),
    ("image delete --older-than 3d x", 1, "there is no image 'x'", True),
    ("image resize none 1G", 1, "there is no image 'none'", True),
    ("image resize none", 2, "too few arguments", True),
    ("image cat none", 2, "too few arguments", True),
    ("image cat none /x", 1, "there is no image 'none'", True),
    ("image ls none", 1, "there is no image 'none'", True),
    ("image tree none", 1, "there is no image 'none'", True),
    ("image cp none", 2, "too few arguments", True),
    ("image cp none:/x .", 1, "there is no image 'none'", True),
    ("image env none", 1, "there is no image 'none'", True),
    ("image env /etc/passwd", 1, "there is no ext4 filesystem in it", False),
    ("image sync none -t x", 1, "there is no provider 'x'", True),
    ("volume create", 2, "an argument is missing", True),
    ("volume create ../x", 1,
     "it takes letters, digits, '-', '_' and '.', not '-' or '.' first", False),
    ("volume create v -s 1T", 2, "say 128M or 1G", True),
    ("volume create v -d /no/such", 1, "cannot read '/no/such': No such file or directory", False),
    ("volume create v --label thislabelismuchtoolongforanext4", 1,
     "label 'thislabelismuchtoolongforanext4' is longer than 16 letters", False),
    ("volume delete none", 1, "there is no volume 'none'", True),
    ("volume info none", 1, "there is no volume 'none'", True),
    ("volume ls none", 1, "there is no volume 'none'", True),
    ("volume attach none none", 1, "there is no volume 'none'", True),
    ("volume detach none none", 1, "there is no volume 'none'", True),
    ("instance create", 2, "an argument is missing", True),
    ("instance create none", 1, "there is no image 'none'", True),
    ("instance list x", 2, "one argument too many: 'x'", True),
    ("instance delete none", 1, "there is no instance 'none'", True),
    ("instance delete", 2, "an argument is missing", True),
    ("instance start none", 1, "there is no instance 'none'", True),
    ("instance stop none", 1, "there is no instance 'none'", True),
    ("instance stop --grace soon none", 2, "say 10s, 500ms or 2m", True),
    ("instance reboot none", 1, "there is no instance 'none'", True),
    ("instance logs none", 1, "there is no instance 'none'", True),
    ("instance logs", 2, "an argument is missing", True),
    ("instance stats none", 1, "there is no instance 'none'", True),
    ("instance wait none", 1, "there is no instance 'none'", True),
    ("instance inspect none", 1, "there is no instance 'none'", True),
    ("pkg search", 2, "an argument is missing", True),
    ('pkg search "("', 1, "Unmatched ( or \\(", False),
    ("pkg add /no/such", 1, "cannot read it: No such file or directory", False),
    ("pkg describe none", 1, "there is no package 'none'", True),
    ("pkg contents none", 1, "there is no package 'none'", True),
    ("pkg delete none", 1, "there is no package 'none'", True),
    ("pkg load none", 1, "there is no package 'none'", True),
    ("pkg from-run /no/such", 1, "'/no/such' cannot be read: No such file or directory", False),
    ("pkg from-oci /no/such", 1, "cannot read '/no/such': No such file or directory", False),
    ("pkg from-oci /etc/passwd", 1, "Unrecognized archive format", False),
    ("pkg from-deb", 2, "an argument is missing", True),
    ("pkg from-deb /etc/passwd.deb", 1,
     "cannot read '/etc/passwd.deb': No such file or directory", False),
    ("pkg from-docker nginx", 1, "packages come from files", True),
    ("deploy /no/such", 1, "'/no/such' cannot be read: No such file or directory", False),
    ("deploy --health-timeout soon /usr/bin/true", 2, "say 10s, 500ms or 2m", True),
    ("explain Memroy", 1, "there is no key 'Memroy'", True),
    ("explain zzzzzz", 1, "there is no key 'zzzzzz'", True),
    ("doctor x", 2, "one argument too many: 'x'", True),
    ("completion", 2, "there are bash, zsh and fish", True),
    ("completion tcsh", 2, "there are bash, zsh and fish", True),
    ("man frob", 2, "there is no page for 'frob'", True),
    ("man -o /dev/null/x", 1, "Not a directory", False),
    ("help frob", 2, "unknown command 'frob'", True),
    ("help image frob", 2, "unknown command 'image frob'", True),
    ("run --memry 5 /usr/bin/true", 2, "option '--memry' is not known", True),
    ("run --dry-run=3 /usr/bin/true", 2, "option '--dry-run=3' takes no value", True),
    ("run --arch arm64 /usr/bin/true", 2, "the kernel is for amd64 only", True),
    ("run --consoles +vga /usr/bin/true", 2, "not supported", True),
    ("run --ipv6-address ::1 /usr/bin/true", 2, "the kernel speaks IPv4 only so far", True),
    ("run --persist /usr/bin/true", 2, "nothing would persist", True),
    ("run --memory= /usr/bin/true", 2, "say 128M or 1G", True),
    ("completion --names x", 1, "there are no names of 'x'", False),
)

# A configuration, and what is said of it behind the name of the file.
CONFIGS = (
    ('', ":1:0: '[' or '{' expected near end of file"),
    ('{', ":1:1: string or '}' expected"),
    ('[]', ":1: not an object"),
    ('{"Args": ["a"],}', ":1:16: string or '}' expected"),
    ('{"Args": []} x', ":1:14: end of file expected"),
    ('{"Args": [], "Args": []}', ":1:19: duplicate object key"),
    ('{"Args": ["\\u0000"]}', ":1:"),
    ('{"Args": "a"}', ':1: "Args": not a list'),
    ('{"Args": [1]}', ':1: "Args": entry 1: not a text in quotes'),
    ('{"Args": ["a",\n\n1]}', ':3: "Args": entry 2: not a text in quotes'),
    ('{"Argz": []}', ':1: unknown key "Argz"; did you mean "Args"?'),
    ('{\n"RunConfig":\n{"CPU": 1}}', ':3: "RunConfig": unknown key "CPU"; did you mean "CPUs"?'),
    ('{"Memory": 1}', ':1: unknown key "Memory"; did you mean "RunConfig.Memory"?'),
    ('{"": 1}', ':1: unknown key ""'),
    ('{"Env": []}', ':1: "Env": not an object'),
    ('{"Env": {"A": 1}}', ':1: "Env": "A": not a text in quotes'),
    ('{"Env": {"A=B": ""}}', ':1: "Env": "A=B" cannot be the name of a variable'),
    ('{"Env": {"": ""}}', ':1: "Env": "" cannot be the name of a variable'),
    ('{"MapDirs": {"a": "b"}}', ':1: "MapDirs": "b" is not an absolute path'),
    ('{"MapDirs": {"/no/such/*": "/x"}}', "MapDirs: cannot read '/no/such/*'"),
    ('{"Files": ["/no/such"]}', "Files: cannot read '/no/such': No such file or directory"),
    ('{"Dirs": ["/etc/passwd"]}', "Dirs: '/etc/passwd' is not a directory"),
    ('{"Mounts": {"": "/p"}}', ':1: "Mounts": a volume without a name'),
    ('{"Mounts": {"v": "p"}}', ':1: "Mounts": "p" is not an absolute path'),
    ('{"Tmpfs": ["relative"]}', "relative"),
    ('{"Cwd": "relative"}', "relative"),
    ('{"Hostname": "' + 65 * "a" + '"}', 65 * "a"),
    ('{"Kernel": ""}', ':1: "Kernel": an empty text'),
    ('{"Kernel": null}', ':1: "Kernel": not a text in quotes'),
    ('{"Limits": {"nofil": 1}}', "nofil"),
    ('{"Limits": {"nofile": -1}}', ':1: "Limits": "nofile": not a number or "unlimited"'),
    ('{"Log": "loud"}', ":1: \"Log\": 'loud' is none of error, warn, info, debug"),
    ('{"Crash": "burn"}', "burn"),
    ('{"Debugflags": ["fault"]}', ":1: \"Debugflags\": entry 1: 'fault' is not supported"),
    ('{"Klibs": ["ntp"]}', ':1: "Klibs": not supported'),
    ('{"Uefi": true}', ':1: "Uefi": not supported'),
    ('{"Exit": "burn"}', "burn"),
    ('{"ManifestPassthrough": {"noaslr": true}}', '"ManifestPassthrough": "noaslr": not supported'),
    ('{"ManifestPassthrough": {"cwdd": "/"}}', 'unknown key "cwdd"; did you mean "cwd"?'),
    ('{"ManifestPassthrough": {"en1": {"mtu": 10}}}', "an MTU of 10"),
    ('{"NameServers": ["x"]}', ":1: \"NameServers\": entry 1: 'x' is not an IPv4 address"),
    ('{"RunConfig": 1}', ':1: "RunConfig": not an object'),
    ('{"RunConfig": {"Memory": "lots"}}', "'lots' is not a size: say 128M or 1G"),
    ('{"RunConfig": {"Memory": -1}}', ':1: "RunConfig": "Memory": not a number'),
    ('{"RunConfig": {"Memory": "1M"}}', "1 MiB of memory are too little"),
    ('{"RunConfig": {"CPUs": 1000}}', "1000 CPUs: there can be 1 to 64"),
    ('{"RunConfig": {"CPUs": "two"}}', ':1: "RunConfig": "CPUs": not a number'),
    ('{"RunConfig": {"Ports": ["x"]}}', "'x' is not a port"),
    ('{"RunConfig": {"Ports": [70000]}}', "'70000' is not a port"),
    ('{"RunConfig": {"Ports": [true]}}', "entry 1: not a port"),
    ('{"RunConfig": {"Accel": "warp"}}', "unknown accelerator 'warp'"),
    ('{"RunConfig": {"GdbPort": 0}}', ':1: "RunConfig": "GdbPort": 0 is not a port'),
    ('{"RunConfig": {"IPAddress": "1.2.3"}}', "'1.2.3' is not an IPv4 address"),
    ('{"RunConfig": {"Gateway": "1.2.3.4"}}', "a gateway or netmask without an address"),
    ('{"RunConfig": {"Nics": [{}, {}]}}', '"Nics" has 2 interfaces'),
    ('{"CloudConfig": {"Zones": ""}}', 'unknown key "Zones"; did you mean "Zone"?'),
    ('{"CloudConfig": {"Spot": "yes"}}', ':1: "CloudConfig": "Spot": not true or false'),
    ('{"TargetConfig": []}', ':1: "TargetConfig": not an object'),
)


def wrong(place, args, status, says, hint=None):
    """What does not hold of a command line, or None."""
    before = place.listing()
    done = place.run(*args)
    lines = done.stderr.splitlines()
    if done.returncode != status:
        return f"status {done.returncode}: {done.stderr}"
    if done.stdout or not lines or not lines[0].startswith("ops: ") or says not in lines[0]:
        return f"not {says!r}: {done.stdout}{done.stderr}"
    if len(lines) > 2 or (len(lines) == 2 and not lines[1].startswith("hint: ")):
        return f"too many lines: {done.stderr}"
    if hint is not None and hint != (len(lines) == 2):
        return f"hint {len(lines) == 2}: {done.stderr}"
    if re.search(r" (ops|docker|apt|apt-get) [a-z]", re.sub("`.*?`", "", "".join(lines[1:]))):
        return f"a command that does not look like one: {lines[1]}"
    if place.listing() != before:
        return f"left behind: {place.listing() ^ before}"
    return None


def all_wrong(place, rows):
    """Rows of (name, args, status, says, hint): reports all that are not as they should be."""
    found = [f"{name}\n    {fault}" for name, *row in rows if (fault := wrong(place, *row))]
    assert not found, "\n".join(["", *found])


@test
def wrong_command_lines(place):
    all_wrong(place, ((line, shlex.split(line), status, says, hint)
                      for line, status, says, hint in COMMAND_LINES))


@test
def wrong_configurations(place):
    args = ["build", "-c", "config.json", "/usr/bin/true"]
    rows = ((content, args, 1, says, None) for content, says in CONFIGS if place.config(content))
    all_wrong(place, rows)


@test
def wrong_disks(place):
    """A good image, damaged in ways that matter; and files that are none."""
    good = place.build("/usr/bin/true").read_bytes()
    root = good.index(b"\x53\xef", 1 << 20) - 0x438  # The superblock of the first ext4.
    disks = {
        "empty": b"",
        "text": b"hello\n",
        "zeros": bytes(1 << 20),
        "cut": good[:len(good) // 2],
        "head": good[:4096],
        "no-gpt": bytes(1024) + good[1024:1024 + 0] + good[root:root + 4096],
        "no-magic": good[:root + 0x438] + b"\0\0" + good[root + 0x43a:],
        "blocks": good[:root + 0x404] + b"\xff" * 4 + good[root + 0x408:],
        "block-size": good[:root + 0x418] + b"\xff" * 4 + good[root + 0x41c:],
        "per-group": good[:root + 0x420] + bytes(4) + good[root + 0x424:],
        "inode-size": good[:root + 0x458] + b"\xff\xff" + good[root + 0x45a:],
        "features": good[:root + 0x460] + b"\xff" * 4 + good[root + 0x464:],
    }
    for name, content in disks.items():
        place.write(f"{name}.img", content)
        for args in (["image", "ls", f"./{name}.img"], ["image", "env", f"./{name}.img"],
                     ["image", "cat", f"./{name}.img", "/etc/hosts"],
                     ["volume", "ls", f"./{name}.img"]):
            fault = wrong(place, args, 1, name)
            assert not fault, f"{name}: {args}\n    {fault}"


@test
def wrong_archives(place):
    (place.folder / "empty").mkdir()
    place.write("layout/oci-layout", '{"imageLayoutVersion": "1.0.0"}')
    place.write("garbage/oci-layout", "x")
    place.write("garbage/index.json", "x")
    place.write("list/oci-layout", '{"imageLayoutVersion": "1.0.0"}')
    place.write("list/index.json", "[]")
    place.write("none/oci-layout", '{"imageLayoutVersion": "1.0.0"}')
    place.write("none/index.json", '{"manifests": []}')
    digest = "sha256:" + "0" * 64
    place.write("gone/oci-layout", '{"imageLayoutVersion": "1.0.0"}')
    place.write("gone/index.json", '{"manifests": [{"mediaType": "application/vnd.oci.image.manifest'
                f'.v1+json", "digest": "{digest}", "size": 2}}]}}')
    place.write("up/oci-layout", '{"imageLayoutVersion": "1.0.0"}')
    place.write("up/index.json", '{"manifests": [{"mediaType": "application/vnd.oci.image.manifest'
                '.v1+json", "digest": "sha256:../../../etc/passwd", "size": 2}]}')
    with tarfile.open(place.folder / "nothing.tar", "w"):
        pass
    with tarfile.open(place.folder / "docker.tar", "w") as tar:
        tar.add(place.write("manifest.json", '[{"Config": "../../etc/passwd", "Layers": []}]'),
                "manifest.json")
    place.write("cut.tar", (place.folder / "docker.tar").read_bytes()[:700])
    place.write("text.tar", "hello")
    place.write("not.deb", "!<arch>\nrubbish")
    for name in ("empty", "layout", "garbage", "list", "none", "gone", "up", "nothing.tar",
                 "docker.tar", "cut.tar", "text.tar", "not.deb"):
        verb = "from-deb" if name.endswith(".deb") else "from-oci"
        fault = wrong(place, ["pkg", verb, f"./{name}"], 1, name)
        assert not fault, f"{name}\n    {fault}"
