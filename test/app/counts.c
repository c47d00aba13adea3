/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server for the proof that connections leave nothing behind. It echoes what it gets; to a line
 * `counts` it answers with what the kernel counts, one `name value` a line, `end 0` the last. The
 * client is the first to close: a TIME-WAIT of ours would be one of the things to count.
 *
 * Listens on PORT (8080), one thread, one epoll, and keeps nothing for a connection: the program
 * itself uses the same memory all the time.
 */
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,
    EVENTS_MAX = 256,
    TEXT_MAX = 16384,
};

/* NOLINTBEGIN(cert-err34-c): what sscanf found is counted, and large numbers are nobody's here. */
static char text[TEXT_MAX];
static size_t text_len;

static void add(const char *name, long value)
{
    int len = snprintf(text + text_len, TEXT_MAX - text_len, "%s %ld\n", name, value);

    if (len > 0 && (size_t)len < TEXT_MAX - text_len)
        text_len += (size_t)len;
}

/* Reads a file of /proc whole; an empty text if there is none. */
static const char *slurp(const char *path)
{
    static char file[8192];
    int fd = open(path, O_RDONLY);
    ssize_t got = 0;
    size_t len = 0;

    if (fd >= 0) {
        do {
            got = read(fd, file + len, sizeof(file) - 1 - len);
            len += got > 0 ? (size_t)got : 0;
        } while (got > 0 && len < sizeof(file) - 1);
        close(fd);
    }
    file[len] = '\0';
    return file;
}

static void add_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    long count = 0;

    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    add("descriptors", count);
}

/* `TCP: inuse 4 orphan 0 ...` becomes `TCP.inuse 4` and so on. */
static void add_sockstat(void)
{
    static char copy[8192];
    char *rest = copy;
    char *line;

    snprintf(copy, sizeof(copy), "%s", slurp("/proc/net/sockstat"));
    for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strchr(line, ':');
        char key[32];
        char name[96];
        long value;
        int used;

        if (!colon)
            continue;
        *colon++ = '\0';
        while (sscanf(colon, " %31s %ld%n", key, &value, &used) == 2) {
            snprintf(name, sizeof(name), "%s.%s", line, key);
            add(name, value);
            colon += used;
        }
    }
}

static void add_memory(void)
{
    static const char *const names[] = { "MemFree:", "Slab:", "PageTables:" };
    const char *file = slurp("/proc/meminfo");
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *at = strstr(file, names[i]);

        if (at)
            add(names[i], strtol(at + strlen(names[i]), NULL, 10));
    }
}

static void collect(void)
{
    const char *files;

    text_len = 0;
    add_descriptors();
    add_sockstat();
    add_memory();
    files = slurp("/proc/sys/fs/file-nr");
    if (files[0])
        add("files", strtol(files, NULL, 10));
    add("end", 0);
}

/* False when the connection is over. */
static bool serve(int fd)
{
    char buf[512];
    ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (got <= 0)
        return false;
    if (got == 7 && memcmp(buf, "counts\n", 7) == 0) {
        collect();
        return send(fd, text, text_len, MSG_NOSIGNAL) == (ssize_t)text_len;
    }
    return send(fd, buf, (size_t)got, MSG_NOSIGNAL) == got;
}

static void accept_one(int ep, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    if (fd >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) != 0)
        close(fd);
}

int main(void)
{
    const char *port = getenv("PORT");
    struct sockaddr_in addr = { .sin_family = AF_INET };
    struct epoll_event event = { .events = EPOLLIN };
    struct epoll_event events[EVENTS_MAX];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int ep = epoll_create1(EPOLL_CLOEXEC);
    int one = 1;

    signal(SIGPIPE, SIG_IGN);
    addr.sin_port = htons((uint16_t)(port ? strtol(port, NULL, 10) : 8080));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    event.data.fd = listener;
    if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
        listen(listener, BACKLOG) != 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &event) != 0) {
        perror("counts: cannot listen");
        return 1;
    }
    for (;;) {
        int n = epoll_wait(ep, events, EVENTS_MAX, -1);
        int i;

        for (i = 0; i < n; i++) {
            if (events[i].data.fd == listener) {
                accept_one(ep, listener);
            } else if (!serve(events[i].data.fd)) {
                close(events[i].data.fd);
            }
        }
    }
}
/* NOLINTEND(cert-err34-c) */
