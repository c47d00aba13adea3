/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 server: one page, keep-alive, pipelining, one epoll a thread.
 *
 * Environment: PORT (8080) and THREADS (1). Each thread has a listener of its own on the same port
 * (SO_REUSEPORT), so that threads share nothing. A connection reads into a fixed buffer, answers
 * every complete request in it as long as the answers fit, and goes on when the client has taken
 * them: a slow client costs its two buffers and never holds up another. Whoever says nothing for a
 * while is closed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    IN_MAX = 4096,  /* The longest request; it has no body. */
    OUT_MAX = 4096, /* Answers that wait for the client. */
    EVENTS_MAX = 128,
    THREADS_MAX = 64,
    BACKLOG = 1024,
    IDLE_SECONDS = 60,
    TICK_MS = 1000,
};

static const char page[] = "Hello from Soliton\n";

/* On a list by last activity, the quietest first. */
struct conn {
    struct conn *prev;
    struct conn *next;
    int64_t active_s;
    int fd;
    bool closing; /* After what is in `out`. */
    size_t in_len;
    size_t out_at;
    size_t out_len;
    char in[IN_MAX];
    char out[OUT_MAX];
};

struct worker {
    pthread_t thread;
    int epoll;
    int listener;
    bool paused; /* The listener, since descriptors or memory ran out. */
    struct conn list;
};

static int64_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void list_remove(struct conn *conn)
{
    conn->prev->next = conn->next;
    conn->next->prev = conn->prev;
}

static void list_append(struct conn *list, struct conn *conn)
{
    conn->active_s = now_s();
    conn->prev = list->prev;
    conn->next = list;
    list->prev->next = conn;
    list->prev = conn;
}

static void conn_close(struct conn *conn)
{
    list_remove(conn);
    close(conn->fd);
    free(conn);
}

/* Appends one answer; false when it does not fit yet. */
static bool answer(struct conn *conn, const char *status, const char *body, bool with_body)
{
    size_t room = OUT_MAX - conn->out_len;
    int len = snprintf(conn->out + conn->out_len, room,
                       "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n%s",
                       status, strlen(body), conn->closing ? "Connection: close\r\n" : "",
                       with_body ? body : "");

    if (len < 0 || (size_t)len >= room)
        return false;
    conn->out_len += (size_t)len;
    return true;
}

/* Where the value of a header starts, or NULL; `head` ends with an empty line and a zero byte. */
static const char *header(const char *head, const char *name)
{
    size_t len = strlen(name);
    const char *line = strstr(head, "\r\n");

    for (; line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line + 2 + len + 1 + strspn(line + 2 + len + 1, " \t");
    }
    return NULL;
}

static bool wants_close(const char *head, bool http_1_0)
{
    const char *value = header(head, "Connection");

    if (value && strncasecmp(value, "close", 5) == 0)
        return true;
    return http_1_0 && !(value && strncasecmp(value, "keep-alive", 10) == 0);
}

/* Answers one request; false when the answer does not fit yet. */
static bool serve(struct conn *conn, const char *head)
{
    bool get = strncmp(head, "GET ", 4) == 0;
    bool known = get || strncmp(head, "HEAD ", 5) == 0;
    const char *path = head + (get ? 4 : 5);
    const char *version = known ? strchr(path, ' ') : NULL;
    bool sane = version && strncmp(version + 1, "HTTP/1.", 7) == 0;

    /* A body would have to be skipped, and nobody sends one with these methods. */
    if (!sane || header(head, "Content-Length") || header(head, "Transfer-Encoding")) {
        conn->closing = true;
        return answer(conn, known ? "400 Bad Request" : "405 Method Not Allowed", "no\n", true);
    }
    conn->closing = wants_close(head, version[8] == '0');
    if (path[0] == '/' && path[1] == ' ')
        return answer(conn, "200 OK", page, get);
    return answer(conn, "404 Not Found", "not found\n", get);
}

/* Answers the complete requests in the buffer, as far as there is room for answers. */
static void serve_all(struct conn *conn)
{
    size_t at = 0;

    while (!conn->closing && at < conn->in_len) {
        char *head = conn->in + at;
        char *end = memmem(head, conn->in_len - at, "\r\n\r\n", 4);
        char kept;
        bool done;

        if (!end)
            break;

        /* The search for headers stops after the last one's line end. */
        kept = end[2];
        end[2] = '\0';
        done = serve(conn, head);
        end[2] = kept;
        if (!done) {
            conn->closing = false;
            break;
        }
        at = (size_t)(end - conn->in) + 4;
    }
    memmove(conn->in, conn->in + at, conn->in_len - at);
    conn->in_len -= at;
    if (conn->in_len == IN_MAX && conn->out_len == 0) {
        conn->closing = true;
        (void)answer(conn, "431 Request Header Fields Too Large", "too large\n", true);
    }
}

/* False when the connection is over. */
static bool flush(struct conn *conn)
{
    while (conn->out_at < conn->out_len) {
        ssize_t sent =
            send(conn->fd, conn->out + conn->out_at, conn->out_len - conn->out_at, MSG_NOSIGNAL);

        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        conn->out_at += (size_t)sent;
    }
    conn->out_at = 0;
    conn->out_len = 0;
    return !conn->closing;
}

/* Reads, answers and writes until the socket or a buffer says stop; false when it is over. */
static bool conn_run(struct conn *conn)
{
    for (;;) {
        size_t before;
        ssize_t got = 0;

        if (!flush(conn))
            return false;
        if (conn->out_len != 0)
            return true;
        before = conn->in_len;
        serve_all(conn);
        if (conn->out_len != 0 || conn->in_len != before)
            continue;
        got = recv(conn->fd, conn->in + conn->in_len, IN_MAX - conn->in_len, 0);
        if (got < 0)
            return errno == EAGAIN || errno == EINTR;
        if (got == 0)
            return false;
        conn->in_len += (size_t)got;
    }
}

static void accept_all(struct worker *worker)
{
    for (;;) {
        int fd = accept4(worker->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
        struct conn *conn;
        int one = 1;

        if (fd < 0) {
            /* Out of descriptors or memory: try again at the next tick, not at once. */
            worker->paused = errno != EAGAIN && errno != EINTR && errno != ECONNABORTED;
            return;
        }
        conn = calloc(1, sizeof(*conn));
        event.data.ptr = conn;
        if (!conn || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            free(conn);
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        conn->fd = fd;
        list_append(&worker->list, conn);
    }
}

static void watch_listener(struct worker *worker, int op, bool on)
{
    struct epoll_event event = { .events = on ? EPOLLIN : 0 };

    epoll_ctl(worker->epoll, op, worker->listener, &event);
}

static void tick(struct worker *worker)
{
    int64_t quiet_since = now_s() - IDLE_SECONDS;
    struct conn *conn = worker->list.next;

    while (conn != &worker->list && conn->active_s < quiet_since) {
        struct conn *next = conn->next;

        conn_close(conn);
        conn = next;
    }
    if (worker->paused) {
        worker->paused = false;
        watch_listener(worker, EPOLL_CTL_MOD, true);
    }
}

static void handle(struct worker *worker, struct conn *conn)
{
    if (!conn) {
        accept_all(worker);
        if (worker->paused)
            watch_listener(worker, EPOLL_CTL_MOD, false);
        return;
    }
    list_remove(conn);
    list_append(&worker->list, conn);
    if (!conn_run(conn))
        conn_close(conn);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct epoll_event events[EVENTS_MAX];
    int64_t last_tick = now_s();

    for (;;) {
        int n = epoll_wait(worker->epoll, events, EVENTS_MAX, TICK_MS);
        int i;

        for (i = 0; i < n; i++)
            handle(worker, events[i].data.ptr);
        if (now_s() != last_tick) {
            last_tick = now_s();
            tick(worker);
        }
    }
    return NULL;
}

static bool worker_init(struct worker *worker, uint16_t port, bool shared)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1;

    worker->list.prev = &worker->list;
    worker->list.next = &worker->list;
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (worker->epoll < 0 || worker->listener < 0)
        return false;
    setsockopt(worker->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (shared)
        setsockopt(worker->listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
    if (bind(worker->listener, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
        listen(worker->listener, BACKLOG) != 0)
        return false;
    watch_listener(worker, EPOLL_CTL_ADD, true);
    return true;
}

/* A number from the environment between 1 and `max`, or `fallback`. */
static long from_environment(const char *name, long fallback, long max)
{
    const char *text = getenv(name);
    long value = text ? strtol(text, NULL, 10) : fallback;

    return value < 1 || value > max ? fallback : value;
}

int main(void)
{
    static struct worker workers[THREADS_MAX];
    long threads = from_environment("THREADS", 1, THREADS_MAX);
    uint16_t port = (uint16_t)from_environment("PORT", 8080, UINT16_MAX);
    long i;

    signal(SIGPIPE, SIG_IGN);
    for (i = 0; i < threads; i++) {
        if (!worker_init(&workers[i], port, threads > 1)) {
            perror("server: cannot listen");
            return 1;
        }
    }
    for (i = 1; i < threads; i++) {
        if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0) {
            fprintf(stderr, "server: cannot start a thread\n");
            return 1;
        }
    }
    printf("listening on port %u with %ld threads\n", port, threads);
    fflush(stdout);
    worker_main(&workers[0]);
    return 0;
}
