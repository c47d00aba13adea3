/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/options.h"

#include "host/err.h"
#include "host/strings.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/config/config.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"

#include <stddef.h>
#include <stdint.h>

#define FIELD(field) offsetof(struct settings, field)

/* An early option without a field of its own gets the whole of the settings. */
static int config_set(void *field, const char *value, struct err *err)
{
    return config_read(field, value, err);
}

static int env_set(void *field, const char *value, struct err *err)
{
    return strings_set_env(field, value) ? 0 : err_set(err, "'%s' is not NAME=VALUE", value);
}

static int ports_set(void *field, const char *value, struct err *err)
{
    return ports_parse(field, value, err);
}

const struct option_spec options_config[] = {
    { 'c', "config", "FILE", "read a configuration", OPTION_CALL, 0, config_set, true },
    { 0 },
};

const struct option_spec options_build[] = {
    { 'r', "target-root", "DIR", "look up the program, files and libraries below DIR", OPTION_TEXT,
      FIELD(target_root), NULL, false },
    { 'i', "imagename", "NAME", "what the image is called", OPTION_TEXT, FIELD(image_name), NULL,
      false },
    { 0, "kernel", "FILE", "the kernel; else the one beside ops", OPTION_TEXT, FIELD(kernel), NULL,
      false },
    { 0 },
};

const struct option_spec options_launch[] = {
    { 'a', "args", "ARG", "an argument of the program", OPTION_LIST, FIELD(args), NULL, false },
    { 'e', "envs", "NAME=VALUE", "a variable of its environment", OPTION_CALL, FIELD(envs), env_set,
      false },
    { 0 },
};

const struct option_spec options_machine[] = {
    { 'p', "port", "HOST:GUEST", "forward a port; also PORT, ranges A-B and lists with commas",
      OPTION_CALL, FIELD(ports), ports_set, false },
    { 'm', "memory", "SIZE", "memory: 128M, 1G, a plain number is MiB", OPTION_MIB,
      FIELD(memory_mib), NULL, false },
    { 0, "smp", "N", "how many CPUs", OPTION_NUMBER, FIELD(cpus), NULL, false },
    { 0, "accel", "KIND", "kvm, tcg, or auto: kvm where it works", OPTION_TEXT, FIELD(accel), NULL,
      false },
    { 0, "machine", "KIND", "microvm or q35", OPTION_TEXT, FIELD(machine), NULL, false },
    { 0, "cpu", "MODEL", "QEMU's CPU model", OPTION_TEXT, FIELD(cpu_model), NULL, false },
    { 0, "append", "TEXT", "more words for the kernel's command line", OPTION_TEXT, FIELD(append),
      NULL, false },
    { 0, "timeout", "SECONDS", "end the machine after so long", OPTION_NUMBER, FIELD(timeout_s),
      NULL, false },
    { 0, "dry-run", NULL, "print the QEMU command and do nothing", OPTION_FLAG, FIELD(dry_run),
      NULL, false },
    { 0 },
};

/* What is left: PROGRAM and arguments, in front of `--` or behind. */
static int words_set(struct settings *settings, const struct words *words, struct err *err)
{
    size_t first = 0;

    if (words->count > 0)
        settings_set(&settings->program, words->items[first++]);
    for (size_t i = first; i < words->count; i++)
        strings_add(&settings->args, words->items[i]);
    for (size_t i = 0; i < words->rest_count; i++)
        strings_add(&settings->args, words->rest[i]);
    if (settings->program)
        return 0;
    err_set(err, "no program is given");
    return CMD_USAGE;
}

int settings_parse(struct settings *settings, const struct cmd *cmd, int argc, char **argv,
                   struct err *err)
{
    struct words_limit limit = { .max = SIZE_MAX, .takes_rest = true };
    struct words words;
    int status = options_parse(settings, cmd, argc, argv, &words, limit, err);

    if (status == 0)
        status = words_set(settings, &words, err);
    if (status != 0)
        return status;
    ui.is_verbose |= settings->verbose;
    return settings_check(settings, err);
}
