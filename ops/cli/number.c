/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/number.h"

#include "host/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

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

int number_parse(uint64_t *number, const char *text, uint64_t max, struct err *err)
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

int number_parse_mib(uint64_t *mib, const char *text, struct err *err)
{
    const char *rest;
    uint64_t number;
    uint64_t kib_each;

    if (!digits_parse(&number, text, &rest) || number > (uint64_t)NUMBER_MIB_MAX << 10)
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
