/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/doctor/checks.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/doctor/tool.h"
#include "ops/image/kernel.h"
#include "ops/output/human.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"
#include "ops/store/cache.h"
#include "ops/vm/accel.h"

#include <archive.h>
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HINT "\nhint: "

enum {
    SPACE_MIB_LEAST = 64, /* Less holds no image. */
    SPACE_MIB_SCANT = 1024,
};

/* What a program's package is called by each package manager; NULL ends the list. */
struct package {
    const char *apt;
    const char *dnf;
    const char *zypper;
    const char *pacman;
    const char *apk;
};

static const struct package qemu_package = {
    "qemu-system-x86", "qemu-system-x86-core", "qemu-x86", "qemu-system-x86", "qemu-system-x86_64",
};
static const struct package e2fsprogs_package = { "e2fsprogs", "e2fsprogs", "e2fsprogs",
                                                  "e2fsprogs", "e2fsprogs" };
static const struct package gdb_package = { "gdb", "gdb", "gdb", "gdb", "gdb" };
static const struct package ip_package = {
    "iproute2", "iproute", "iproute2", "iproute2", "iproute2",
};

/* The command that installs it here, to be freed; NULL: no package manager is known. */
static char *install_command(const struct package *package)
{
    const struct {
        const char *program;
        const char *words;
        const char *name;
    } managers[] = {
        { "apt-get", "apt-get install", package->apt },
        { "dnf", "dnf install", package->dnf },
        { "zypper", "zypper install", package->zypper },
        { "pacman", "pacman -S", package->pacman },
        { "apk", "apk add", package->apk },
    };

    for (size_t i = 0; i < sizeof(managers) / sizeof(managers[0]); i++) {
        char *path = tool_find(managers[i].program);

        free(path);
        if (path) {
            return xasprintf("%s%s %s", geteuid() == 0 ? "" : "sudo ", managers[i].words,
                             managers[i].name);
        }
    }
    return NULL;
}

/* A program, which is there or can be installed. */
static void program_check(struct check *check, const char *program, const struct package *package,
                          enum check_state without, const char *what_for)
{
    char *path = tool_find(program);
    char *line = path ? tool_line(path, "--version") : NULL;
    char *version = line ? tool_version(line) : NULL;

    if (path) {
        check->detail =
            xasprintf("%s%s%s", path, version ? ", version " : "", version ? version : "");
    } else {
        check->state = without;
        check->detail = xasprintf("%s is not installed; %s", program, what_for);
        check->fix = install_command(package);
    }
    free(path);
    free(line);
    free(version);
}

static void qemu_check(struct check *check)
{
    program_check(check, "qemu-system-x86_64", &qemu_package, CHECK_MISSING,
                  "every machine runs in it");
}

static void gdb_check(struct check *check)
{
    program_check(check, "gdb", &gdb_package, CHECK_OPTIONAL, "ops run --debug is for it");
}

static void ip_check(struct check *check)
{
    program_check(check, "ip", &ip_package, CHECK_OPTIONAL,
                  "it makes the devices of --tap and --bridged");
}

static void kvm_check(struct check *check)
{
    if (accel_kvm_works()) {
        check->detail = xstrdup("/dev/kvm works");
        return;
    }
    check->state = CHECK_OPTIONAL;
    if (access("/dev/kvm", F_OK) < 0) {
        check->detail = xstrdup("there is no /dev/kvm; machines are emulated, which is slower");
        check->fix = xstrdup("modprobe kvm_intel || modprobe kvm_amd");
    } else if (access("/dev/kvm", R_OK | W_OK) < 0) {
        check->detail = xasprintf("/dev/kvm: %s; machines are emulated", strerror(errno));
        check->fix = xstrdup("sudo usermod -aG kvm \"$USER\", and log in again");
    } else {
        check->detail = xstrdup("the CPU shows no virtualization; machines are emulated");
        check->fix = xstrdup("switch it on in the firmware, or nested virtualization in the host");
    }
}

static void tun_check(struct check *check)
{
    if (access("/dev/net/tun", R_OK | W_OK) == 0) {
        check->detail = xstrdup("/dev/net/tun opens");
        return;
    }
    check->state = CHECK_OPTIONAL;
    check->detail = xasprintf("/dev/net/tun: %s; --tap and --bridged need it", strerror(errno));
    check->fix = xstrdup("modprobe tun");
}

/* What an error says: its hint is what helps. */
static void failure_set(struct check *check, enum check_state state, const struct err *err)
{
    const char *hint = strstr(err->text, HINT);

    check->state = state;
    check->detail = xasprintf("%.*s", (int)strcspn(err->text, "\n"), err->text);
    check->fix = hint ? xstrdup(hint + strlen(HINT)) : NULL;
}

static void kernel_check(struct check *check)
{
    struct kernel_files files = { 0 };
    struct err err = { 0 };

    if (kernel_files_find(&files, NULL, &err) == 0) {
        check->detail = xstrdup(files.kernel);
    } else {
        failure_set(check, CHECK_MISSING, &err);
    }
    kernel_files_fini(&files);
}

static void provider_check(struct check *check, const struct provider *provider)
{
    struct err err = { 0 };

    check->name = provider->name;
    if (provider->check && provider->check(&err) < 0) {
        failure_set(check, CHECK_OPTIONAL, &err);
    } else {
        check->detail = xstrdup(provider->about);
    }
}

/* The nearest folder above `path` that is there, to be freed. */
static char *nearest_folder(const char *path)
{
    char *folder = xstrdup(path);

    while (access(folder, F_OK) < 0 && strcmp(folder, "/") != 0 && strcmp(folder, ".") != 0) {
        char *above = path_dir(folder);

        free(folder);
        folder = above;
    }
    return folder;
}

static void resize_check(struct check *check)
{
    program_check(check, "resize2fs", &e2fsprogs_package, CHECK_OPTIONAL,
                  "image resize and volume resize are for it");
}

/* Images of programs that have not changed since. */
static void cache_check(struct check *check)
{
    char text[HUMAN_SIZE_MAX];
    char limit[HUMAN_SIZE_MAX];
    uint64_t count;
    uint64_t bytes;

    cache_usage(&count, &bytes);
    check->detail =
        xasprintf("%llu images in %s, of %s at most", (unsigned long long)count,
                  human_bytes(text, bytes), human_bytes(limit, (uint64_t)CACHE_SIZE_MAX_MIB << 20));
}

static void home_check(struct check *check)
{
    char *home = state_home();
    char *folder = nearest_folder(home);

    if (access(folder, W_OK | X_OK) == 0) {
        check->detail = xasprintf("%s%s", home, strcmp(home, folder) == 0 ? "" : ", to be made");
    } else {
        check->state = CHECK_MISSING;
        check->detail = xasprintf("%s: %s", folder, strerror(errno));
        check->fix = xstrdup("set OPS_HOME to a folder that you may write to");
    }
    free(folder);
    free(home);
}

static void space_check(struct check *check)
{
    char *home = state_home();
    char *folder = nearest_folder(home);
    char text[HUMAN_SIZE_MAX];
    struct statvfs fs;
    uint64_t mib;

    if (statvfs(folder, &fs) < 0) {
        check->state = CHECK_MISSING;
        check->detail = xasprintf("%s: %s", folder, strerror(errno));
    } else {
        mib = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
        check->detail = xasprintf("%s left at %s", human_bytes(text, mib << 20), folder);
        if (mib < SPACE_MIB_SCANT) {
            check->state = mib < SPACE_MIB_LEAST ? CHECK_MISSING : CHECK_OPTIONAL;
            check->fix = xasprintf("rm -r %s/cache, or ops image delete", home);
        }
    }
    free(folder);
    free(home);
}

static void libraries_check(struct check *check)
{
    const char *ext2fs;

    (void)ext2fs_get_library_version(&ext2fs, NULL);
    check->detail = xasprintf("libext2fs %s, libarchive %s, jansson %s", ext2fs,
                              strrchr(archive_version_string(), ' ') + 1, JANSSON_VERSION);
}

static const struct {
    const char *name;
    void (*run)(struct check *check);
} checks[] = {
    { "qemu", qemu_check },
    { "kvm", kvm_check },
    { "kernel", kernel_check },
    { "home", home_check },
    { "space", space_check },
    { "cache", cache_check },
    { "libraries", libraries_check },
    { "network", tun_check },
    { "ip", ip_check },
    { "gdb", gdb_check },
    { "resize", resize_check },
};

const char *check_state_name(enum check_state state)
{
    static const char *const names[] = {
        [CHECK_OK] = "ok",
        [CHECK_OPTIONAL] = "optional",
        [CHECK_MISSING] = "missing",
    };

    return names[state];
}

static void check_end(struct check *check, void (*fn)(const struct check *check, void *context),
                      void *context)
{
    fn(check, context);
    free(check->detail);
    free(check->fix);
}

void checks_run(void (*fn)(const struct check *check, void *context), void *context)
{
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct check check = { .name = checks[i].name };

        checks[i].run(&check);
        check_end(&check, fn, context);
    }
    for (const struct provider *const *provider = provider_list; *provider; provider++) {
        struct check check = { .state = CHECK_OK };

        provider_check(&check, *provider);
        check_end(&check, fn, context);
    }
}
