/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/options.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "lib/manifest/manifest.h"
#include "ops/cli/cmd.h"
#include "ops/cli/number.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/config/config.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/image/script.h"
#include "ops/pkg/package.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(field)   offsetof(struct settings, field)
#define SECRET_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

enum {
    SECRET_NAME_MAX = 36, /* What QEMU's names of files leave: ops/vm/launch.h. */
};

static int env_set(void *field, const char *value, struct err *err)
{
    return strings_set_env(field, value) ? 0 : err_set(err, "'%s' is not NAME=VALUE", value);
}

static int ports_set(void *field, const char *value, struct err *err)
{
    return ports_parse(field, value, err);
}

static int ip_set(void *field, const char *value, struct err *err)
{
    uint32_t ip;

    if (!manifest_parse_ip(&ip, value))
        return err_set(err, "'%s' is not an IPv4 address", value);
    settings_set(field, value);
    return 0;
}

/* true and false are OPS'. */
static int accel_set(void *field, const char *value, struct err *err)
{
    (void)err;
    if (strcmp(value, "true") == 0)
        value = "auto";
    settings_set(field, strcmp(value, "false") == 0 ? "tcg" : value);
    return 0;
}

/* NAME=FILE, or FILE under its own name. */
static int secret_set(void *field, const char *value, struct err *err)
{
    const char *equals = strchr(value, '=');
    const char *file = equals ? equals + 1 : value;
    char *name = equals ? xstrndup(value, (size_t)(equals - value)) : xstrdup(path_base(value));
    bool good = *name != '\0' && name[0] != '.' && name[strspn(name, SECRET_LETTERS)] == '\0' &&
                strlen(name) <= SECRET_NAME_MAX;

    if (!good || *file == '\0') {
        free(name);
        return err_set(
            err, "'%s' is not NAME=FILE with a name of letters, digits, '-', '_' and '.'", value);
    }
    strings_take(field, name);
    strings_add(field, file);
    return 0;
}

/* Options of OPS that say what is so in any case. */
static int foreign_set(void *field, const char *value, struct err *err)
{
    (void)field;
    (void)value;
    (void)err;
    return 0;
}

static int arch_set(void *field, const char *value, struct err *err)
{
    (void)field;
    if (strcmp(value, "amd64") == 0 || strcmp(value, "x86_64") == 0)
        return 0;
    return err_set(err, "'%s': the kernel is for amd64 only", value);
}

static int console_refuse(void *field, const char *value, struct err *err)
{
    (void)field;
    (void)value;
    return err_set(err, "not supported\nhint: the console is the serial port: `ops run` shows it, "
                        "`ops instance logs` keeps it");
}

static int ipv6_refuse(void *field, const char *value, struct err *err)
{
    (void)field;
    (void)value;
    return err_set(err, "not supported: the kernel speaks IPv4 only so far");
}

const struct option_spec options_config[] = {
    { 'c', "config", "FILE", "read a configuration; else OPS_DEFAULT_CONFIG or ~/.opsrc",
      OPTION_LIST, FIELD(config_files), NULL, true },
    { 0, "render-config", NULL, "replace $NAME in it by variables of the environment", OPTION_FLAG,
      FIELD(renders), NULL, true },
    { 0, "show-warnings", NULL, "show warnings, such as libraries not found", OPTION_FLAG,
      FIELD(show_warnings), NULL, false },
    { 0, "show-errors", NULL, NULL, OPTION_CALL, 0, foreign_set, false },
    { 0, "show-debug", NULL, NULL, OPTION_FLAG, FIELD(verbose), NULL, false },
    { 0 },
};

const struct option_spec options_build[] = {
    { 'r', "target-root", "DIR", "look up the program, files and libraries below DIR", OPTION_TEXT,
      FIELD(target_root), NULL, false },
    { 'i', "imagename", "NAME", "what the image is called", OPTION_TEXT, FIELD(image_name), NULL,
      false },
    { 0, "package", "NAME",
      "run what is in a package (see `ops pkg`), not a program of this machine", OPTION_TEXT,
      FIELD(package), NULL, true },
    { 'l', "local", NULL, NULL, OPTION_CALL, 0, foreign_set, false },
    { 0, "kernel", "FILE", "the kernel; else the one beside ops", OPTION_TEXT, FIELD(kernel), NULL,
      false },
    { 0, "disable-args-copy", NULL, "do not copy a file that is the first argument", OPTION_FLAG,
      FIELD(no_args_copy), NULL, false },
    { 0, "type", "KIND", NULL, OPTION_TEXT, FIELD(cloud.image_type), NULL, false },
    { '4', "tfsv4", NULL, NULL, OPTION_CALL, 0, foreign_set, false },
    { 'n', "nightly", NULL, NULL, OPTION_CALL, 0, foreign_set, false },
    { 0, "nanos-version", "VERSION", NULL, OPTION_CALL, 0, foreign_set, false },
    { 0, "bridgeipaddress", "IP", NULL, OPTION_CALL, 0, foreign_set, false },
    { 0, "qmp", NULL, NULL, OPTION_CALL, 0, foreign_set, false },
    { 0, "arch", "NAME", NULL, OPTION_CALL, 0, arch_set, false },
    { 'f', "force", NULL, NULL, OPTION_CALL, 0, foreign_set, false },
    { 0 },
};

const struct option_spec options_launch[] = {
    { 'a', "args", "ARG", "an argument of the program", OPTION_LIST, FIELD(args), NULL, false },
    { 'e', "envs", "NAME=VALUE", "a variable of its environment", OPTION_CALL, FIELD(envs), env_set,
      false },
    { 0, "secret", "NAME=FILE", "a file that it finds as /run/secrets/NAME, and nobody else",
      OPTION_CALL, FIELD(secrets), secret_set, false },
    { 0, "mounts", "VOLUME:PATH[:ro]", "mount a volume, or a directory of this computer",
      OPTION_LIST, FIELD(mounts), NULL, false },
    { 0, "ip-address", "IP", "a fixed address, in place of DHCP", OPTION_CALL, FIELD(ip_address),
      ip_set, false },
    { 0, "netmask", "MASK", "255.255.255.0 unless given", OPTION_CALL, FIELD(netmask), ip_set,
      false },
    { 0, "gateway", "IP", "where packets for other networks go", OPTION_CALL, FIELD(gateway),
      ip_set, false },
    { 0, "ipv6-address", "IP", NULL, OPTION_CALL, 0, ipv6_refuse, false },
    { 0, "consoles", "NAME", NULL, OPTION_CALL, 0, console_refuse, false },
    { 0, "netconsole-ip", "IP", NULL, OPTION_CALL, 0, console_refuse, false },
    { 0, "netconsole-port", "PORT", NULL, OPTION_CALL, 0, console_refuse, false },
    { 0 },
};

static int gdb_port_set(void *field, const char *value, struct err *err)
{
    return number_parse(field, value, UINT16_MAX, err);
}

const struct option_spec options_watch[] = {
    { 'd', "debug", NULL, "stop before the first instruction and wait for gdb", OPTION_FLAG,
      FIELD(debug), NULL, false },
    { 'g', "gdbport", "PORT", "where gdb is waited for; 1234 unless given", OPTION_CALL,
      FIELD(gdb_port), gdb_port_set, false },
    { 0, "trace", NULL, "show every system call as strace does, on stderr or in the log",
      OPTION_FLAG, FIELD(trace), NULL, false },
    { 0, "no-trace", "SYSCALL", "but not this one", OPTION_LIST, FIELD(no_trace), NULL, false },
    { 0, "syscall-summary", NULL, "count system calls and the time they take", OPTION_FLAG,
      FIELD(syscall_summary), NULL, false },
    { 0, "missing-files", NULL, "list files that were asked for and not there", OPTION_FLAG,
      FIELD(missing_files), NULL, false },
    { 0 },
};

const struct option_spec options_machine[] = {
    { 'p', "port", "HOST:GUEST", "forward a port; also PORT, ranges A-B and lists with commas",
      OPTION_CALL, FIELD(ports), ports_set, false },
    { 0, "udp", "HOST:GUEST", "the same for UDP", OPTION_CALL, FIELD(udp_ports), ports_set, false },
    { 'm', "memory", "SIZE", "memory: 128M, 1G, a plain number is MiB", OPTION_MIB,
      FIELD(memory_mib), NULL, false },
    { 0, "smp", "N", "how many CPUs", OPTION_NUMBER, FIELD(cpus), NULL, false },
    { 0, "accel", "KIND", "kvm, tcg, or auto: kvm where it works", OPTION_CALL, FIELD(accel),
      accel_set, false },
    { 0, "machine", "KIND", "microvm or q35", OPTION_TEXT, FIELD(machine), NULL, false },
    { 0, "cpu", "MODEL", "QEMU's CPU model", OPTION_TEXT, FIELD(cpu_model), NULL, false },
    { 0, "append", "TEXT", "more words for the kernel's command line", OPTION_TEXT, FIELD(append),
      NULL, false },
    { 0, "log-size", "SIZE", "how much is kept of what an instance prints; 16M unless given",
      OPTION_MIB, FIELD(log_mib), NULL, false },
    { 0 },
};

const struct option_spec options_attended[] = {
    { 0, "timeout", "SECONDS", "end the machine after so long", OPTION_NUMBER, FIELD(timeout_s),
      NULL, false },
    { 0, "dry-run", NULL, "print the QEMU command and do nothing", OPTION_FLAG, FIELD(dry_run),
      NULL, false },
    { 0 },
};

const struct option_spec options_unattended[] = {
    { 0, "timeout", "SECONDS", NULL, OPTION_NUMBER, FIELD(timeout_s), NULL, false },
    { 0, "dry-run", NULL, NULL, OPTION_FLAG, FIELD(dry_run), NULL, false },
    { 0 },
};

/* What is left: PROGRAM and arguments, in front of `--` or behind. */
static int words_set(struct settings *settings, const struct words *words, struct err *err)
{
    size_t first = 0;

    if (words->count > 0 && !settings->package)
        settings_set(&settings->program, words->items[first++]);
    for (size_t i = first; i < words->count; i++)
        strings_add(&settings->args, words->items[i]);
    for (size_t i = 0; i < words->rest_count; i++)
        strings_add(settings->learns ? &settings->client : &settings->args, words->rest[i]);
    if (settings->program)
        return 0;
    err_set(err, "no program is given");
    return CMD_USAGE;
}

int settings_parse_words(struct settings *settings, const struct cmd *cmd, int argc, char **argv,
                         struct words *words, struct words_limit limit, struct err *err)
{
    int status = options_parse_early(settings, cmd, argc, argv, err);

    if (status == 0 && settings->package)
        status = pkg_settings(settings, settings->package, err);
    if (status == 0)
        status = config_read_all(settings, err);
    if (status == 0)
        status = options_parse(settings, cmd, argc, argv, words, limit, err);
    if (status != 0)
        return status;
    ui.is_verbose |= settings->verbose;
    ui.json |= settings->json;
    ui.has_warnings |= settings->show_warnings;
    if (settings_use_nic(settings, err) < 0 || settings_check(settings, err) < 0)
        return CMD_FAILED;
    for (size_t i = 0; i < settings->notes.count; i++)
        ui_note("note: %s", settings->notes.items[i]);
    return 0;
}

int settings_parse(struct settings *settings, const struct cmd *cmd, int argc, char **argv,
                   struct err *err)
{
    struct words_limit limit = { .max = SIZE_MAX, .takes_rest = true };
    struct words words;
    int status = settings_parse_words(settings, cmd, argc, argv, &words, limit, err);

    if (status == 0)
        status = words_set(settings, &words, err);
    return status == 0 && !settings->package ? script_settings(settings, err) : status;
}

int settings_parse_image(struct settings *settings, const struct cmd *cmd, int argc, char **argv,
                         struct err *err)
{
    int status = settings_parse(settings, cmd, argc, argv, err);

    if (status != 0 || settings->secrets.count == 0)
        return status;
    err_set(err,
            "an image never holds a secret, and '%s' is one\n"
            "hint: `ops run` and `ops instance create` take --secret",
            settings->secrets.items[0]);
    return CMD_USAGE;
}
