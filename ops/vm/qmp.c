/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/qmp.h"

#include "host/clock.h"
#include "host/err.h"
#include "host/xmem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int qmp_connect(const char *folder, const char *name, struct err *err)
{
    static const struct timeval patience = { .tv_sec = QMP_TIMEOUT_MS / 1000 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = -1;

    if (folder_fd < 0)
        return err_set_errno(err, "cannot open '%s'", folder);
    /* Paths of sockets are short, those of folders may be long. */
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder_fd, name);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* A QEMU that hangs accepts nobody: when its queue is full, connect() waits for this long. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        err_set_errno(err, "cannot reach the machine by '%s'", name);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    close(folder_fd);
    return fd;
}

/* Waits until bytes are there and takes them. */
static int bytes_read(struct qmp *qmp, uint64_t until_ms, struct err *err)
{
    struct pollfd poll_fd = { .fd = qmp->fd, .events = POLLIN };
    uint64_t now = now_ms();
    ssize_t got;

    if (qmp->len == QMP_LINE_MAX)
        return err_set(err, "QEMU said a line without an end");
    if (now >= until_ms || poll(&poll_fd, 1, (int)(until_ms - now)) == 0)
        return err_set(err, "QEMU did not answer in %d ms", qmp->timeout_ms);
    got = recv(qmp->fd, qmp->buffer + qmp->len, QMP_LINE_MAX - qmp->len, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (got < 0)
        return err_set_errno(err, "cannot read what QEMU says");
    if (got == 0)
        return err_set(err, "QEMU ended the connection");
    qmp->len += (size_t)got;
    return 0;
}

/* The next line as JSON; NULL with `err` set if there is none, or it is none. */
static json_t *line_read(struct qmp *qmp, uint64_t until_ms, struct err *err)
{
    const char *end = memchr(qmp->buffer, '\n', qmp->len);
    json_error_t error;
    json_t *json;
    size_t size;

    while (!end) {
        if (bytes_read(qmp, until_ms, err) < 0)
            return NULL;
        end = memchr(qmp->buffer, '\n', qmp->len);
    }
    size = (size_t)(end - qmp->buffer) + 1;
    json = json_loadb(qmp->buffer, size - 1, 0, &error);
    memmove(qmp->buffer, qmp->buffer + size, qmp->len - size);
    qmp->len -= size;
    if (!json || !json_is_object(json)) {
        err_set(err, "QEMU said what is no JSON object");
        json_decref(json);
        return NULL;
    }
    return json;
}

/* The next line that has one of two keys; others are events. */
static json_t *line_find(struct qmp *qmp, const char *key, const char *other, struct err *err)
{
    uint64_t until_ms = now_ms() + (uint64_t)qmp->timeout_ms;

    for (int i = 0; i < QMP_LINES_MAX; i++) {
        json_t *line = line_read(qmp, until_ms, err);

        if (!line || json_object_get(line, key) || json_object_get(line, other))
            return line;
        json_decref(line);
    }
    err_set(err, "QEMU said much, and no answer");
    return NULL;
}

static int command_send(struct qmp *qmp, const char *command, json_t *args, struct err *err)
{
    json_t *request = json_pack("{s:s}", "execute", command);
    char *text;
    size_t size;
    int status = 0;

    if (args)
        json_object_set_new(request, "arguments", args);
    text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    size = text ? strlen(text) : 0;
    if (!text) {
        status = err_set(err, "cannot write the request '%s' as JSON", command);
    } else if (send(qmp->fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) {
        status = err_set(err, "QEMU does not take the request '%s'", command);
    }
    free(text);
    return status;
}

int qmp_execute(struct qmp *qmp, const char *command, json_t *args, json_t **reply, struct err *err)
{
    json_t *line;
    json_t *error;

    if (reply)
        *reply = NULL;
    if (command_send(qmp, command, args, err) < 0)
        return -1;
    line = line_find(qmp, "return", "error", err);
    if (!line)
        return err_prefix(err, "request '%s'", command);
    error = json_object_get(line, "error");
    if (error) {
        const char *text = json_string_value(json_object_get(error, "desc"));

        err_set(err, "QEMU refuses '%s': %.200s", command, text ? text : "it does not say why");
        json_decref(line);
        return -1;
    }
    if (reply)
        *reply = json_incref(json_object_get(line, "return"));
    json_decref(line);
    return 0;
}

int qmp_human(struct qmp *qmp, const char *line, char **text, struct err *err)
{
    json_t *reply;
    const char *said;

    if (qmp_execute(qmp, "human-monitor-command", json_pack("{s:s}", "command-line", line), &reply,
                    err) < 0)
        return -1;
    said = json_string_value(reply);
    if (text)
        *text = xstrdup(said ? said : "");
    json_decref(reply);
    return 0;
}

int qmp_start(struct qmp *qmp, int fd, int timeout_ms, struct err *err)
{
    json_t *greeting;

    *qmp = (struct qmp){ .fd = fd, .buffer = xcalloc(QMP_LINE_MAX, 1), .timeout_ms = timeout_ms };
    greeting = line_find(qmp, "QMP", "QMP", err);
    json_decref(greeting);
    if (!greeting || qmp_execute(qmp, "qmp_capabilities", NULL, NULL, err) < 0) {
        qmp_close(qmp);
        return -1;
    }
    return 0;
}

int qmp_open(struct qmp *qmp, const char *folder, const char *name, struct err *err)
{
    int fd = qmp_connect(folder, name, err);

    if (fd >= 0)
        return qmp_start(qmp, fd, QMP_TIMEOUT_MS, err);
    *qmp = (struct qmp){ .fd = -1 };
    return -1;
}

void qmp_close(struct qmp *qmp)
{
    if (qmp->fd >= 0)
        close(qmp->fd);
    free(qmp->buffer);
    *qmp = (struct qmp){ .fd = -1 };
}
