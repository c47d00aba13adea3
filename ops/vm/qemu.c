/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing by default: what the machine has is what stands here. virtio-mmio speaks 1.x only, as our
 * drivers do. The console is the serial port; the port 0xe9 carries the report.
 */
#include "ops/vm/qemu.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/vm/accel.h"
#include "ops/vm/launch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOG_SIZE_MAX = 64 * 1024,
};

static const char qemu_name[] = "qemu-system-x86_64";

/* A value inside an option of QEMU, where a comma is written twice. To be freed. */
static char *comma_double(const char *text)
{
    char *doubled = xcalloc(2 * strlen(text) + 1, 1);
    char *to = doubled;

    for (; *text != '\0'; text++) {
        *to++ = *text;
        if (*text == ',')
            *to++ = ',';
    }
    return doubled;
}

static void add2(struct strings *command, const char *option, const char *value)
{
    strings_add(command, option);
    strings_add(command, value);
}

static void machine_add(struct strings *command, const struct launch *launch, bool kvm)
{
    bool microvm = strcmp(launch->machine, "microvm") == 0;

    add2(command, "-M",
         microvm ? "microvm,acpi=on,rtc=on,pit=on,pic=on,isa-serial=on" : "q35,smbus=off,sata=off");
    if (microvm)
        add2(command, "-global", "virtio-mmio.force-legacy=false");
    add2(command, "-accel", kvm ? "kvm" : "tcg");
    if (launch->cpu_model) {
        add2(command, "-cpu", launch->cpu_model);
    } else {
        add2(command, "-cpu", kvm ? "host" : "max");
    }
    strings_add(command, "-m");
    strings_addf(command, "%lluM", (unsigned long long)launch->memory_mib);
    strings_add(command, "-smp");
    strings_addf(command, "%llu", (unsigned long long)launch->cpus);
}

static char *forwards_add(char *netdev, const struct ports *ports, const char *protocol)
{
    for (size_t i = 0; i < ports->count; i++) {
        char *longer = xasprintf("%s,hostfwd=%s:127.0.0.1:%u-:%u", netdev, protocol,
                                 ports->items[i].host, ports->items[i].guest);

        free(netdev);
        netdev = longer;
    }
    return netdev;
}

static void network_add(struct strings *command, const struct launch *launch, const char *suffix)
{
    const char *name = launch->tap ? launch->tap : launch->bridge;
    char *doubled = comma_double(name ? name : "");
    char *netdev;

    if (launch->tap) {
        netdev = xasprintf("tap,id=net,ifname=%s,script=no,downscript=no", doubled);
    } else if (launch->bridge) {
        netdev = xasprintf("bridge,id=net,br=%s", doubled);
    } else {
        netdev = forwards_add(forwards_add(xstrdup("user,id=net"), &launch->ports, "tcp"),
                              &launch->udp_ports, "udp");
    }
    add2(command, "-netdev", netdev);
    strings_add(command, "-device");
    strings_addf(command, "virtio-net-%s,netdev=net%s%s", suffix, launch->mac ? ",mac=" : "",
                 launch->mac ? launch->mac : "");
    free(netdev);
    free(doubled);
}

/*
 * A write that fails is the guest's to know: when this computer's disk is full, QEMU would halt the
 * machine without a word, and it would count as running.
 */
static void disk_add(struct strings *command, const char *id, const char *path, bool is_read_only,
                     const char *suffix)
{
    char *doubled = comma_double(path);

    strings_add(command, "-drive");
    strings_addf(command, "id=%s,file=%s,format=raw,if=none%s", id, doubled,
                 is_read_only ? ",readonly=on" : "");
    strings_add(command, "-device");
    strings_addf(command, "virtio-blk-%s,drive=%s,werror=report", suffix, id);
    free(doubled);
}

/* The root first: the kernel counts from there. */
static void disks_add(struct strings *command, const struct launch *launch, const char *suffix)
{
    disk_add(command, "root", launch->disk, !launch->is_persistent, suffix);
    for (size_t i = 0; i < launch->volume_count; i++) {
        char *id = xasprintf("volume%zu", i);

        disk_add(command, id, launch->volumes[i].path, launch->volumes[i].is_read_only, suffix);
        free(id);
    }
}

/* Folders of this machine, as their owner: files keep the ids and modes they have. */
static void shares_add(struct strings *command, const struct launch *launch, const char *suffix)
{
    for (size_t i = 0; i + 2 < launch->shares.count; i += 3) {
        char *doubled = comma_double(launch->shares.items[i + 1]);
        bool is_read_only = strcmp(launch->shares.items[i + 2], "ro") == 0;

        strings_add(command, "-fsdev");
        strings_addf(command, "local,id=%s,path=%s,security_model=none,multidevs=remap%s",
                     launch->shares.items[i], doubled, is_read_only ? ",readonly=on" : "");
        strings_add(command, "-device");
        strings_addf(command, "virtio-9p-%s,fsdev=%s,mount_tag=%s", suffix, launch->shares.items[i],
                     launch->shares.items[i]);
        free(doubled);
    }
}

/* `kind` and `rest` are what stands in front of the path and behind it. */
static void chardev_add(struct strings *command, const char *kind, const char *path,
                        const char *rest)
{
    char *doubled = comma_double(path);

    strings_add(command, "-chardev");
    strings_addf(command, "%s,path=%s%s", kind, doubled, rest);
    free(doubled);
}

static void channels_add(struct strings *command, const struct qemu_channels *channels,
                         const char *suffix)
{
    if (channels->console) {
        chardev_add(command, "file,id=console", channels->console, "");
    } else {
        add2(command, "-chardev", "stdio,id=console,signal=on");
    }
    add2(command, "-serial", "chardev:console");
    chardev_add(command, "file,id=report", channels->report, "");
    add2(command, "-device", "isa-debugcon,iobase=0xe9,chardev=report");
    if (channels->qmp) {
        chardev_add(command, "socket,id=qmp", channels->qmp, ",server=on,wait=off");
        add2(command, "-mon", "chardev=qmp,mode=control");
    }
    if (channels->control) {
        chardev_add(command, "socket,id=control", channels->control, ",server=on,wait=off");
        strings_add(command, "-device");
        strings_addf(command, "virtio-serial-%s,max_ports=1", suffix);
        add2(command, "-device", "virtconsole,chardev=control");
    }
}

void qemu_add_file(struct strings *command, const char *name, const char *path)
{
    char *doubled = comma_double(path);

    strings_add(command, "-fw_cfg");
    strings_addf(command, "name=opt/soliton/%s,file=%s", name, doubled);
    free(doubled);
}

static void files_add(struct strings *command, const struct launch *launch, const char *folder)
{
    if (launch->overlay.count > 0) {
        char *path = launch_overlay_file(folder);

        qemu_add_file(command, "overlay", path);
        free(path);
    }
    for (size_t i = 0; i < launch->secrets.count; i++) {
        char *name = xasprintf("secret/%s", launch->secrets.items[i]);
        char *path = launch_secret_file(folder, launch->secrets.items[i]);

        qemu_add_file(command, name, path);
        free(path);
        free(name);
    }
}

void qemu_command(struct strings *command, const char *qemu, const struct launch *launch,
                  const struct qemu_channels *channels, bool kvm)
{
    bool microvm = strcmp(launch->machine, "microvm") == 0;
    const char *suffix = microvm ? "device" : "pci,disable-legacy=on";

    strings_add(command, qemu);
    strings_add(command, "-nodefaults");
    strings_add(command, "-no-user-config");
    add2(command, "-display", "none");
    strings_add(command, "-no-reboot");
    machine_add(command, launch, kvm);
    add2(command, "-kernel", launch->kernel);
    if (launch->append)
        add2(command, "-append", launch->append);
    disks_add(command, launch, suffix);
    shares_add(command, launch, suffix);
    network_add(command, launch, suffix);
    strings_add(command, "-device");
    strings_addf(command, "virtio-rng-%s", suffix);
    channels_add(command, channels, suffix);
    if (launch->gdb_port > 0) {
        add2(command, "-S", "-gdb");
        strings_addf(command, "tcp:127.0.0.1:%u", launch->gdb_port);
    }
    if (channels->files)
        files_add(command, launch, channels->files);
}

bool qemu_kvm_wanted(const struct launch *launch)
{
    if (strcmp(launch->accel, "auto") == 0)
        return accel_kvm_works();
    return strcmp(launch->accel, "kvm") == 0;
}

char *qemu_find(struct err *err)
{
    const char *rest = getenv("PATH");

    while (rest && *rest != '\0') {
        size_t len = strcspn(rest, ":");
        char *path = xasprintf("%.*s/%s", (int)len, rest, qemu_name);

        if (access(path, X_OK) == 0)
            return path;
        free(path);
        rest += len;
        rest += *rest == ':';
    }
    err_set(err,
            "%s is not installed\nhint: on Debian, `apt-get install qemu-system-x86` as root "
            "brings it",
            qemu_name);
    return NULL;
}

char *qemu_complaint(const char *log)
{
    char *text = file_read_text(log, LOG_SIZE_MAX);
    char *line = NULL;
    char *rest = text;

    while (rest && !line) {
        const char *next = strsep(&rest, "\n");

        if (*next != '\0' && !strstr(next, "warning:") && !strstr(next, "terminating on signal"))
            line = xstrdup(next);
    }
    free(text);
    return line;
}

const char *qemu_hint(const char *complaint)
{
    if (strstr(complaint, "acl file") || strstr(complaint, "bridge helper failed"))
        return "\nhint: a line `allow BRIDGE` in /etc/qemu/bridge.conf lets QEMU use a bridge";
    return "";
}

char *qemu_quote(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+./:,@%";
    char *quoted;
    char *to;

    if (*text != '\0' && text[strspn(text, plain)] == '\0')
        return xstrdup(text);
    quoted = xcalloc(4 * strlen(text) + 3, 1);
    to = quoted;
    *to++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            *to++ = '\'';
            *to++ = '\\';
            *to++ = '\'';
            *to++ = '\'';
        } else {
            *to++ = *text;
        }
    }
    *to = '\'';
    return quoted;
}
