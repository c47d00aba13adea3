/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/settings.h"

#include "host/err.h"
#include "host/xmem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void settings_init(struct settings *settings)
{
    *settings = (struct settings){
        .memory_mib = SETTINGS_MEMORY_DEFAULT_MIB,
        .cpus = 1,
        .accel = xstrdup("auto"),
        .machine = xstrdup("microvm"),
    };
}

void settings_fini(struct settings *settings)
{
    char **texts[] = {
        &settings->program,     &settings->guest_program, &settings->cwd,
        &settings->hostname,    &settings->crash,         &settings->log,
        &settings->target_root, &settings->image_name,    &settings->output,
        &settings->kernel,      &settings->accel,         &settings->machine,
        &settings->cpu_model,   &settings->append,
    };
    struct strings *lists[] = {
        &settings->args, &settings->envs,  &settings->files,  &settings->dirs,
        &settings->maps, &settings->tmpfs, &settings->limits,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(*texts[i]);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        strings_fini(lists[i]);
    *settings = (struct settings){ 0 };
}

void settings_set(char **field, const char *text)
{
    free(*field);
    *field = xstrdup(text);
}

/* Digits at the start of `text`; `*rest` is what follows. */
static bool digits_parse(uint64_t *number, const char *text, const char **rest)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    *rest = end;
    return errno == 0;
}

int settings_parse_number(uint64_t *number, const char *text, uint64_t max, struct err *err)
{
    const char *rest;
    uint64_t parsed;

    if (!digits_parse(&parsed, text, &rest) || *rest != '\0')
        return err_set(err, "'%s' is not a number", text);
    if (parsed > max)
        return err_set(err, "%s is more than %llu", text, (unsigned long long)max);
    *number = parsed;
    return 0;
}

int settings_parse_mib(uint64_t *mib, const char *text, struct err *err)
{
    const char *rest;
    uint64_t number;
    uint64_t kib_each;

    if (!digits_parse(&number, text, &rest) || number > (uint64_t)SETTINGS_MEMORY_MAX_MIB << 10)
        return err_set(err, "'%s' is not a size: say 128M or 1G", text);
    switch (*rest) {
    case '\0':
        kib_each = 1024;
        break;
    case 'k':
    case 'K':
        kib_each = 1;
        break;
    case 'm':
    case 'M':
        kib_each = 1024;
        break;
    case 'g':
    case 'G':
        kib_each = 1 << 20;
        break;
    default:
        return err_set(err, "'%s' is not a size: say 128M or 1G", text);
    }
    if (*rest != '\0' && rest[1] != '\0' && strcasecmp(rest + 1, "b") != 0 &&
        strcasecmp(rest + 1, "ib") != 0)
        return err_set(err, "'%s' is not a size: say 128M or 1G", text);
    if (number * kib_each % 1024 != 0)
        return err_set(err, "'%s' is not a whole number of MiB", text);
    *mib = number * kib_each / 1024;
    return 0;
}

int settings_check(const struct settings *settings, struct err *err)
{
    if (settings->memory_mib < SETTINGS_MEMORY_MIN_MIB) {
        return err_set(err, "%llu MiB of memory are too little: the least is %d MiB",
                       (unsigned long long)settings->memory_mib, SETTINGS_MEMORY_MIN_MIB);
    }
    if (settings->memory_mib > SETTINGS_MEMORY_MAX_MIB) {
        return err_set(err, "%llu MiB of memory are too much: the most is %d MiB",
                       (unsigned long long)settings->memory_mib, SETTINGS_MEMORY_MAX_MIB);
    }
    if (settings->cpus < 1 || settings->cpus > SETTINGS_CPUS_MAX) {
        return err_set(err, "%llu CPUs: there can be 1 to %d", (unsigned long long)settings->cpus,
                       SETTINGS_CPUS_MAX);
    }
    if (strcmp(settings->machine, "microvm") != 0 && strcmp(settings->machine, "q35") != 0)
        return err_set(err, "unknown machine '%s': there are microvm and q35", settings->machine);
    if (strcmp(settings->accel, "auto") != 0 && strcmp(settings->accel, "kvm") != 0 &&
        strcmp(settings->accel, "tcg") != 0) {
        return err_set(err, "unknown accelerator '%s': there are auto, kvm and tcg",
                       settings->accel);
    }
    return 0;
}
