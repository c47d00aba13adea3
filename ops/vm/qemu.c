/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing by default: what the machine has is what stands here. virtio-mmio speaks 1.x only, as our
 * drivers do. The console is the serial port; the port 0xe9 carries the report.
 */
#include "ops/vm/qemu.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void machine_add(struct strings *command, const struct settings *settings, bool kvm)
{
    bool microvm = strcmp(settings->machine, "microvm") == 0;

    add2(command, "-M",
         microvm ? "microvm,acpi=on,rtc=on,pit=on,pic=on,isa-serial=on" : "q35,smbus=off,sata=off");
    if (microvm)
        add2(command, "-global", "virtio-mmio.force-legacy=false");
    add2(command, "-accel", kvm ? "kvm" : "tcg");
    if (settings->cpu_model) {
        add2(command, "-cpu", settings->cpu_model);
    } else {
        add2(command, "-cpu", kvm ? "host" : "max");
    }
    strings_add(command, "-m");
    strings_addf(command, "%lluM", (unsigned long long)settings->memory_mib);
    strings_add(command, "-smp");
    strings_addf(command, "%llu", (unsigned long long)settings->cpus);
}

static void network_add(struct strings *command, const struct settings *settings)
{
    char *netdev = xstrdup("user,id=net");

    for (size_t i = 0; i < settings->ports.count; i++) {
        const struct port *port = &settings->ports.items[i];
        char *longer =
            xasprintf("%s,hostfwd=tcp:127.0.0.1:%u-:%u", netdev, port->host, port->guest);

        free(netdev);
        netdev = longer;
    }
    add2(command, "-netdev", netdev);
    free(netdev);
}

static void devices_add(struct strings *command, const struct settings *settings,
                        const struct qemu_paths *paths)
{
    bool microvm = strcmp(settings->machine, "microvm") == 0;
    const char *suffix = microvm ? "device" : "pci,disable-legacy=on";
    char *disk = comma_double(paths->disk);
    char *report = comma_double(paths->report);

    strings_add(command, "-drive");
    strings_addf(command, "id=root,file=%s,format=raw,if=none,readonly=on", disk);
    strings_add(command, "-device");
    strings_addf(command, "virtio-blk-%s,drive=root", suffix);
    network_add(command, settings);
    strings_add(command, "-device");
    strings_addf(command, "virtio-net-%s,netdev=net", suffix);
    strings_add(command, "-device");
    strings_addf(command, "virtio-rng-%s", suffix);
    add2(command, "-chardev", "stdio,id=console,signal=on");
    add2(command, "-serial", "chardev:console");
    strings_add(command, "-chardev");
    strings_addf(command, "file,id=report,path=%s", report);
    add2(command, "-device", "isa-debugcon,iobase=0xe9,chardev=report");
    free(disk);
    free(report);
}

void qemu_command(struct strings *command, const struct settings *settings,
                  const struct qemu_paths *paths, bool kvm)
{
    strings_add(command, paths->qemu);
    strings_add(command, "-nodefaults");
    strings_add(command, "-no-user-config");
    add2(command, "-display", "none");
    strings_add(command, "-no-reboot");
    machine_add(command, settings, kvm);
    add2(command, "-kernel", paths->kernel);
    if (settings->append)
        add2(command, "-append", settings->append);
    devices_add(command, settings, paths);
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
            "%s is not installed\nhint: on Debian it comes with the package qemu-system-x86 "
            "(apt-get install qemu-system-x86)",
            qemu_name);
    return NULL;
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
