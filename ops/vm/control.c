/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/control.h"

#include "host/clock.h"
#include "host/err.h"
#include "host/xmem.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Where the line `end` begins, or NULL. */
static char *end_find(char *text)
{
    char *at = text;

    while ((at = strstr(at, "end\n")) != NULL) {
        if (at == text || at[-1] == '\n')
            return at;
        at++;
    }
    return NULL;
}

/* Reads up to the line `end`, and cuts it off. */
static int answer_read(int fd, char *text, uint64_t until_ms, struct err *err)
{
    size_t len = 0;
    char *end;

    while ((end = end_find(text)) == NULL) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
        uint64_t now = now_ms();
        ssize_t got;

        if (len == CONTROL_SIZE_MAX)
            return err_set(err, "the machine's answer does not end");
        if (now >= until_ms || poll(&poll_fd, 1, (int)(until_ms - now)) == 0)
            return err_set(err, "the machine does not answer");
        got = recv(fd, text + len, CONTROL_SIZE_MAX - len, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return err_set(err, "the machine ended the connection");
        for (ssize_t i = 0; i < got; i++) { /* A NUL would hide what is behind it. */
            if (text[len + (size_t)i] == '\0')
                text[len + (size_t)i] = '?';
        }
        len += (size_t)got;
    }
    *end = '\0';
    return 0;
}

char *control_ask(int fd, const char *request, int timeout_ms, struct err *err)
{
    char *line = xasprintf("%s\n", request);
    size_t size = strlen(line);
    char *text = NULL;

    if (send(fd, line, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) {
        err_set_errno(err, "cannot ask the machine");
    } else {
        text = xcalloc(CONTROL_SIZE_MAX + 1, 1);
        if (answer_read(fd, text, now_ms() + (uint64_t)timeout_ms, err) < 0) {
            free(text);
            text = NULL;
        }
    }
    free(line);
    return text;
}

/* The value of a sample if the line is one of `name`. */
static bool sample_parse(double *value, const char *line, size_t len, const char *name,
                         const char *skip)
{
    size_t name_len = strlen(name);
    const char *at = line + name_len;
    const char *labels_end;
    char *end;

    if (len <= name_len || strncmp(line, name, name_len) != 0 || (*at != ' ' && *at != '{'))
        return false;
    if (*at == '{') {
        labels_end = memchr(at, '}', len - name_len);
        if (!labels_end)
            return false;
        if (skip && memmem(at, (size_t)(labels_end - at), skip, strlen(skip)))
            return false;
        at = labels_end + 1;
    }
    *value = strtod(at, &end);
    return end > at && end <= line + len;
}

int64_t control_figure(const char *text, const char *name, const char *skip, int64_t scale)
{
    static const double limit = 9e18; /* Below INT64_MAX, whatever the rounding. */
    double sum = 0;
    bool found = false;

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        double value;

        if (sample_parse(&value, text, len, name, skip)) {
            sum += value * (double)scale;
            found = true;
        }
        text += len;
        text += *text == '\n';
    }
    return found && sum >= 0 && sum < limit ? (int64_t)sum : -1;
}
