/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/ports.h"

#include "host/err.h"
#include "host/xmem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORT_MAX = 65535,
};

struct range {
    unsigned long first;
    unsigned long last;
};

/* A port at the start of `*text`. Moves on to what follows it. */
static bool number_parse(unsigned long *number, const char **text)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *number = strtoul(*text, &end, 10);
    *text = end;
    return errno == 0 && *number >= 1 && *number <= PORT_MAX;
}

static bool range_parse(struct range *range, const char **text)
{
    if (!number_parse(&range->first, text))
        return false;
    range->last = range->first;
    if (**text != '-')
        return true;
    (*text)++;
    return number_parse(&range->last, text) && range->last >= range->first;
}

static int port_add(struct ports *ports, unsigned long host, unsigned long guest, struct err *err)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->items[i].host == host)
            return err_set(err, "port %lu of this machine is forwarded twice", host);
    }
    if (ports->count == PORTS_MAX)
        return err_set(err, "more than %d ports", PORTS_MAX);
    ports->items[ports->count++] =
        (struct port){ .host = (uint16_t)host, .guest = (uint16_t)guest };
    return 0;
}

static int item_parse(struct ports *ports, const char *text, struct err *err)
{
    const char *next = text;
    struct range host;
    struct range guest;
    bool good = range_parse(&host, &next);

    guest = host;
    if (good && *next == ':') {
        next++;
        good = range_parse(&guest, &next);
    }
    if (!good || *next != '\0')
        return err_set(err, "'%s' is not a port: say 8080, 8080:80 or 8000-8010", text);
    if (host.last - host.first != guest.last - guest.first)
        return err_set(err, "the two ranges of '%s' have different lengths", text);
    for (unsigned long i = 0; i <= host.last - host.first; i++) {
        if (port_add(ports, host.first + i, guest.first + i, err) < 0)
            return -1;
    }
    return 0;
}

int ports_parse(struct ports *ports, const char *text, struct err *err)
{
    char *copy = xstrdup(text);
    char *rest = copy;
    int status = 0;

    while (rest && status == 0)
        status = item_parse(ports, strsep(&rest, ","), err);
    free(copy);
    return status;
}
