# SPDX-License-Identifier: Apache-2.0
"""What an image holds beyond libraries: one case for each rule of ops/image/rules_table.c, in a
root of its own whose libraries are stubs, and beside it the case where nothing triggers any."""

import os
import py_compile
import shutil
import subprocess

from place import Skip, debugfs, extract, test

LOADER = "/lib64/ld-linux-x86-64.so.2"
LIBC = "/lib/x86_64-linux-gnu/libc.so.6"
LIBDIR = "/usr/lib/x86_64-linux-gnu"
EMPTY = "int main(void) { return 0; }\n"


def string(text):
    """A program with a text in its data."""
    return f'const char *volatile text = "{text}"; int main(void) {{ return text[0]; }}\n'


def call(declaration, expression):
    return f"{declaration}; int main(void) {{ {expression}; return 0; }}\n"


# Rule, the program's path, its source, the libraries it loads, what else lies in the root, the
# environment, what the image must have of it, and what not.
CASES = [
    ("base", "/bin/app", EMPTY, [], ["/etc/passwd", "/etc/group", "/etc/localtime", "/etc/shadow"],
     [], ["/etc/passwd", "/etc/group", "/etc/localtime"], ["/etc/shadow"]),
    ("gconv", "/bin/app", call("void *iconv_open(const char *, const char *)",
                               'iconv_open("a", "b")'),
     [], [f"{LIBDIR}/gconv/KOI8-R.so"], [], [f"{LIBDIR}/gconv/KOI8-R.so"], []),
    ("locale", "/bin/app", call("char *setlocale(int, const char *)", 'setlocale(6, "")'), [],
     ["/usr/lib/locale/de_DE.utf8/LC_CTYPE", "/usr/lib/locale/fr_FR.utf8/LC_CTYPE"],
     ["LANG=de_DE.UTF-8"], ["/usr/lib/locale/de_DE.utf8/LC_CTYPE"],
     ["/usr/lib/locale/fr_FR.utf8/LC_CTYPE"]),
    ("certs", "/bin/app", EMPTY, ["libssl.so.3"],
     ["/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/private/key"], [],
     ["/etc/ssl/certs/ca-certificates.crt"], ["/etc/ssl/private/key"]),
    ("certs", "/bin/app", string("/etc/ssl/certs"), [], ["/etc/ssl/certs/ca-certificates.crt"], [],
     ["/etc/ssl/certs/ca-certificates.crt"], []),
    ("python", "/usr/bin/python3.11", EMPTY, [],
     ["/usr/lib/python3.11/os.py", "/usr/lib/python3.11/test/t.py", "/usr/lib/python3.9/os.py",
      "/usr/lib/python3/dist-packages/x.py"], [],
     ["/usr/lib/python3.11/os.py", "/usr/lib/python3/dist-packages/x.py"],
     ["/usr/lib/python3.9/os.py", "/usr/lib/python3.11/test/t.py"]),
    ("python", "/opt/py/bin/app", EMPTY, ["libpython3.12.so.1.0"], ["/opt/py/lib/python3.12/os.py"],
     [], ["/opt/py/lib/python3.12/os.py"], []),
    ("node", "/usr/bin/node", EMPTY, [], ["/usr/share/nodejs/undici/index.js",
                                          "/usr/share/nodejs/npm/index.js"], [],
     ["/usr/share/nodejs/undici/index.js"], ["/usr/share/nodejs/npm/index.js"]),
    ("java", "/usr/lib/jvm/j/bin/java", EMPTY, ["libjli.so"],
     ["/usr/lib/jvm/j/lib/jvm.cfg", "/usr/lib/jvm/j/conf/net.properties",
      "/usr/lib/jvm/j/lib/src.zip"], [],
     ["/usr/lib/jvm/j/lib/jvm.cfg", "/usr/lib/jvm/j/conf/net.properties"],
     ["/usr/lib/jvm/j/lib/src.zip"]),
    ("perl", "/usr/bin/perl", EMPTY, [], ["/usr/share/perl/5.36/strict.pm",
                                          f"{LIBDIR}/perl/5.36/Socket.pm"], [],
     ["/usr/share/perl/5.36/strict.pm", f"{LIBDIR}/perl/5.36/Socket.pm"], []),
    ("ruby", "/usr/bin/ruby3.1", EMPTY, ["libruby-3.1.so.3.1"], ["/usr/lib/ruby/3.1.0/set.rb"], [],
     ["/usr/lib/ruby/3.1.0/set.rb"], []),
    ("php", "/usr/bin/php8.2", EMPTY, [], ["/usr/lib/php/20220829/opcache.so"], [],
     ["/usr/lib/php/20220829/opcache.so"], []),
    ("nginx", "/usr/sbin/nginx", EMPTY, [], ["/etc/nginx/nginx.conf"], [],
     ["/etc/nginx/nginx.conf"], []),
    ("mariadb", "/usr/sbin/mariadbd", EMPTY, [], ["/usr/share/mysql/english/errmsg.sys"], [],
     ["/usr/share/mysql/english/errmsg.sys"], []),
    ("mariadb-client", "/bin/app", EMPTY, ["libmariadb.so.3"],
     [f"{LIBDIR}/libmariadb3/plugin/dialog.so"], [],
     [f"{LIBDIR}/libmariadb3/plugin/dialog.so"], []),
    ("icu", "/bin/app", EMPTY, ["libicuuc.so.72"], ["/usr/share/icu/72.1/icudt72l.dat"], [],
     ["/usr/share/icu/72.1/icudt72l.dat"], []),
    ("sasl", "/bin/app", EMPTY, ["libsasl2.so.2"], [f"{LIBDIR}/sasl2/libplain.so.2"], [],
     [f"{LIBDIR}/sasl2/libplain.so.2"], []),
    ("p11-kit", "/bin/app", EMPTY, ["libp11-kit.so.0"], [f"{LIBDIR}/pkcs11/p11-kit-trust.so"], [],
     [f"{LIBDIR}/pkcs11/p11-kit-trust.so"], []),
    ("krb5", "/bin/app", EMPTY, ["libkrb5.so.3"], ["/etc/krb5.conf"], [], ["/etc/krb5.conf"], []),
    ("magic", "/bin/app", EMPTY, ["libmagic.so.1"], ["/usr/share/misc/magic.mgc"], [],
     ["/usr/share/misc/magic.mgc"], []),
    ("fonts", "/bin/app", EMPTY, ["libfontconfig.so.1"], ["/etc/fonts/fonts.conf"], [],
     ["/etc/fonts/fonts.conf"], []),
    ("terminfo", "/bin/app", EMPTY, ["libtinfo.so.6"],
     ["/lib/terminfo/l/linux", "/usr/share/terminfo/f/foot", "/usr/share/terminfo/w/wy60"],
     ["TERM=foot"], ["/lib/terminfo/l/linux", "/usr/share/terminfo/f/foot"],
     ["/usr/share/terminfo/w/wy60"]),
    ("zoneinfo", "/bin/app", string("/usr/share/zoneinfo"), [],
     ["/usr/share/zoneinfo/Asia/Tokyo", "/usr/share/zoneinfo/right/UTC"], [],
     ["/usr/share/zoneinfo/Asia/Tokyo"], ["/usr/share/zoneinfo/right/UTC"]),
    ("tz", "/bin/app", EMPTY, [], ["/usr/share/zoneinfo/Asia/Tokyo", "/usr/share/zoneinfo/UTC"],
     ["TZ=:Asia/Tokyo"], ["/usr/share/zoneinfo/Asia/Tokyo"], ["/usr/share/zoneinfo/UTC"]),
]


def library(path, soname):
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-xc", "-", "-shared", "-nostdlib", f"-Wl,-soname,{soname}", "-o",
                    str(path)], input="", text=True, check=True)


class Root:
    """A target root with a C library, and what a case puts into it."""

    def __init__(self, place, name):
        self.place = place
        self.folder = place.folder / name
        for path in (LOADER, LIBC):
            self.path(path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(path), self.path(path))

    def path(self, path):
        return self.folder / path.lstrip("/")

    def file(self, path):
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path)

    def program(self, path, source, libraries):
        stubs = []
        for name in libraries:
            library(self.path(f"{LIBDIR}/{name}"), name)
            stubs.append(str(self.path(f"{LIBDIR}/{name}")))
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.place.compile(self.path(path), source, "-xnone", "-Wl,--no-as-needed", *stubs)

    def image(self, path, *options):
        image = self.place.build("-r", self.folder, *options, path)
        return extract(image, 2)


def has(root, path):
    return b"Inode:" in debugfs(root, f"stat {path}")


@test
def each_rule_brings_its_files_and_no_others(place):
    for number, (rule, path, source, libraries, files, envs, wanted, others) in enumerate(CASES):
        root = Root(place, f"root{number}")
        root.program(path, source, libraries)
        for name in files:
            root.file(name)
        image = root.image(path, *[word for env in envs for word in ("-e", env)])
        for name in wanted:
            assert has(image, name), f"{rule}: {name} is missing"
        for name in others:
            assert not has(image, name), f"{rule}: {name} is there"
        shutil.rmtree(root.folder)


@test
def no_rule_brings_anything_without_a_reason(place):
    root = Root(place, "root")
    root.program("/bin/app", EMPTY, [])
    never = set()
    for rule, _, _, _, files, _, wanted, _ in CASES:
        for name in files:
            root.file(name)
        never |= set(wanted if rule != "base" else [])
    image = root.image("/bin/app")
    for name in never:
        assert not has(image, name), f"{name} is there"


@test
def name_services_are_those_of_nsswitch_conf(place):
    root = Root(place, "root")
    root.program("/bin/app", EMPTY, [])
    for name in ("files", "ldap", "sss"):
        library(root.path(f"{LIBDIR}/libnss_{name}.so.2"), f"libnss_{name}.so.2")
    root.file("/etc/nsswitch.conf")
    root.path("/etc/nsswitch.conf").write_text("passwd: files ldap [NOTFOUND=return] # sss\n")
    image = root.image("/bin/app")
    assert has(image, f"{LIBDIR}/libnss_ldap.so.2") and has(image, f"{LIBDIR}/libnss_files.so.2")
    assert not has(image, f"{LIBDIR}/libnss_sss.so.2")


@test
def openssl_says_itself_where_its_files_are(place):
    root = Root(place, "root")
    root.program("/bin/app", EMPTY, [])
    source = ('const char *a = "OPENSSLDIR: \\"/opt/ssl\\"";\n'
              'const char *b = "MODULESDIR: \\"/opt/modules\\"";\n')
    library_path = root.path(f"{LIBDIR}/libcrypto.so.3")
    library_path.parent.mkdir(parents=True, exist_ok=True)
    place.compile(library_path, source, "-shared", "-nostdlib", "-Wl,-soname,libcrypto.so.3")
    library(root.path(f"{LIBDIR}/libssl.so.3"), "libssl.so.3")
    root.program("/bin/app", EMPTY, [])
    place.compile(root.path("/bin/app"), EMPTY, "-xnone", "-Wl,--no-as-needed", library_path,
                  root.path(f"{LIBDIR}/libssl.so.3"))
    for name in ("/opt/ssl/openssl.cnf", "/opt/modules/legacy.so",
                 "/etc/ssl/certs/ca-certificates.crt"):
        root.file(name)
    image = root.image("/bin/app")
    assert has(image, "/opt/ssl/openssl.cnf") and has(image, "/opt/modules/legacy.so")
    assert debugfs(image, "cat /etc/ssl/certs/ca-certificates.crt")
    assert b"ca-certificates.crt" in debugfs(image, "stat /opt/ssl/cert.pem")


@test
def what_the_user_brings_goes_before_rules(place):
    root = Root(place, "root")
    root.program("/usr/sbin/nginx", EMPTY, [])
    root.file("/etc/nginx/nginx.conf")
    mine = place.write("mine/nginx.conf", "mine\n")
    place.config({"MapDirs": {str(mine): "/etc/nginx"}})
    image = root.image("/usr/sbin/nginx", "-c", "config.json")
    assert debugfs(image, "cat /etc/nginx/nginx.conf") == b"mine\n"


@test
def links_of_a_target_root_stay_in_it(place):
    """An absolute link in a root counts from the root, never from this machine."""
    root = Root(place, "root")
    root.program("/opt/app", EMPTY, [])
    root.path("/bin").mkdir(exist_ok=True)
    root.path("/bin/app").symlink_to("/opt/app")
    secret = place.write("secret", "not yours")
    root.path("/etc").mkdir(exist_ok=True)
    root.path("/etc/passwd").symlink_to(secret)
    image = root.image("/bin/app")
    assert has(image, "/opt/app")
    assert b"not yours" not in debugfs(image, "cat /etc/passwd")


@test
def verbose_names_the_rule_and_why(place):
    root = Root(place, "root")
    root.program("/usr/bin/perl", EMPTY, [])
    root.file("/usr/share/perl/5.36/strict.pm")
    done = place.run("build", "-v", "-o", "test.img", "-r", root.folder, "/usr/bin/perl")
    assert "rule perl adds" in done.stderr and "the program is 'perl'" in done.stderr, done.stderr


@test
def sources_of_python_have_the_time_that_their_bytecode_names(place):
    """Else Python would compile every module again at every start."""
    source = place.write("app/mod.py", "x = 1\n")
    place.write("app/plain.py", "y = 2\n")
    os.utime(source, (1234567890, 1234567890))
    compiled = py_compile.compile(str(source))
    assert compiled and os.path.exists(compiled)
    place.config({"Dirs": ["app"]})
    image = extract(place.build("-c", "config.json", "/usr/bin/true"), 2)
    wanted = f"mtime: 0x{1234567890:08x}".encode()
    assert wanted in debugfs(image, "stat /app/mod.py")
    assert wanted not in debugfs(image, "stat /app/plain.py")


@test
def a_program_behind_links_has_its_real_origin(place):
    """As /usr/bin/java is: its libraries are found from where it lies, here and in the machine."""
    root = Root(place, "root")
    library(root.path("/opt/app/lib/libown.so"), "libown.so")
    root.path("/opt/app/bin").mkdir(parents=True)
    place.compile(root.path("/opt/app/bin/app"), EMPTY, "-xnone", "-Wl,--no-as-needed",
                  "-Wl,-rpath,$ORIGIN/../lib", root.path("/opt/app/lib/libown.so"))
    root.path("/usr/bin").mkdir(parents=True)
    root.path("/usr/bin/app").symlink_to("/opt/app/bin/app")
    image = root.image("/usr/bin/app")
    assert has(image, "/opt/app/lib/libown.so")
    manifest = debugfs(image, "cat /etc/soliton/manifest").decode()
    assert manifest.startswith("program /opt/app/bin/app\narg /usr/bin/app\n"), manifest


@test
def certificates_of_this_machine_stand_in_for_missing_ones(place):
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    if not os.path.exists(bundle):
        raise Skip("this machine has none")
    root = Root(place, "root")
    root.program("/bin/app", EMPTY, ["libssl.so.3"])
    with open(bundle, "rb") as file:
        assert debugfs(root.image("/bin/app"), f"cat {bundle}") == file.read()
    root.file(bundle)
    assert debugfs(root.image("/bin/app"), f"cat {bundle}") == bundle.encode()
