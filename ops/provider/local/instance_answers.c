/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a program answers, by QEMU's own network (slirp). It accepts a connection before the
 * guest has: only its table of connections ("info usernet") says whether the program took it.
 */
#include "host/clock.h"
#include "host/err.h"
#include "ops/config/ports.h"
#include "ops/provider/local/instance.h"
#include "ops/vm/launch.h"
#include "ops/vm/qmp.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    POLL_MS = 10,
};

static int loopback_connect(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Whether the number behind `words` words of `text` is `port`. */
static bool word_is_port(const char *text, int words, uint16_t port)
{
    char *end;
    unsigned long number;

    text += strspn(text, " ");
    for (; words > 0; words--) {
        text += strcspn(text, " \n");
        text += strspn(text, " ");
    }
    number = strtoul(text, &end, 10);
    return end > text && number == port;
}

/*
 * Whether a line of "info usernet" is a connection between these ports that the guest has taken:
 * `  TCP[ESTABLISHED]   15       127.0.0.1  8080       10.0.2.15    80     0     0`
 */
static bool line_is_taken(const char *line, struct port port)
{
    static const char *const states[] = { "TCP[ESTABLISHED]", "TCP[CLOSE_WAIT]" };

    line += strspn(line, " ");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strncmp(line, states[i], strlen(states[i])) == 0)
            return word_is_port(line, 3, port.host) && word_is_port(line, 5, port.guest);
    }
    return false;
}

static bool table_has(const char *text, struct port port)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        if (line_is_taken(text, port))
            return true;
        text += len;
        text += *text == '\n';
    }
    return false;
}

/* One connection; whether the program takes it before `until_ms`. -1 with `err` set: it is gone. */
static int connection_try(struct qmp *qmp, struct port port, uint64_t until_ms, struct err *err)
{
    int fd = loopback_connect(port.host);
    int answer = 0;
    bool is_open = fd >= 0;

    while (answer == 0 && is_open && now_ms() < until_ms) {
        char byte;
        ssize_t got;
        char *table;

        if (qmp_human(qmp, "info usernet", &table, err) < 0) {
            answer = -1;
        } else {
            answer = table_has(table, port) ? 1 : 0;
            free(table);
        }
        got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
        if (got > 0 && answer == 0)
            answer = 1;
        is_open = got != 0; /* Refused: the next one may not be. */
        if (answer == 0)
            pause_ms(POLL_MS);
    }
    if (!is_open && answer == 0)
        pause_ms(POLL_MS);
    if (fd >= 0)
        close(fd);
    return answer;
}

static int port_find(const struct instance *instance, uint16_t guest, struct port *port,
                     struct err *err)
{
    const struct ports *ports = &instance->launch.ports;

    for (size_t i = 0; i < ports->count; i++) {
        if (ports->items[i].guest == guest) {
            *port = ports->items[i];
            return 0;
        }
    }
    return err_set(err, "port %u of instance '%s' is not forwarded", guest, instance->name);
}

int local_instance_answers(const char *name, uint16_t port, uint16_t *reached_port, int timeout_ms,
                           struct err *err)
{
    uint64_t until_ms = now_ms() + (uint64_t)timeout_ms;
    struct instance instance;
    struct port found = { .host = 0 };
    struct qmp qmp = { .fd = -1 };
    int answer = -1;

    if (instance_read(&instance, name, err) == 0 && port_find(&instance, port, &found, err) == 0) {
        *reached_port = found.host;
        answer = qmp_open(&qmp, instance.folder, "qmp.sock", err);
        while (answer == 0 && now_ms() < until_ms)
            answer = connection_try(&qmp, found, until_ms, err);
        if (qmp.fd >= 0)
            qmp_close(&qmp);
    }
    instance_fini(&instance);
    return answer;
}
