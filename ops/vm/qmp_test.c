/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/qmp.h"

#include "host/err.h"
#include "test/unit/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    TEST_TIMEOUT_MS = 100,
};

static const char greeting[] = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
                               "{\"return\": {}}\r\n";

/* A QEMU that says `text`, whatever it is asked. Returns the other end. */
static int qemu_fake(int *side, const char *text, size_t size)
{
    int fds[2];

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(write(fds[1], text, size), (ssize_t)size);
    *side = fds[1];
    return fds[0];
}

TEST(qmp, passes_over_events_and_returns_the_answer)
{
    static const char more[] = "{\"event\": \"RESET\", \"data\": {}}\n{\"return\": {\"a\": 5}}\n"
                               "{\"error\": {\"class\": \"X\", \"desc\": \"no such thing\"}}\n"
                               "{\"return\": \"two\\nlines\"}\n";
    struct err err = { 0 };
    struct qmp qmp;
    json_t *reply;
    char *text;
    int side;
    int fd = qemu_fake(&side, greeting, sizeof(greeting) - 1);

    CHECK_EQ(qmp_start(&qmp, fd, TEST_TIMEOUT_MS, &err), 0);
    CHECK_EQ(write(side, more, sizeof(more) - 1), sizeof(more) - 1);
    CHECK_EQ(qmp_execute(&qmp, "query-x", NULL, &reply, &err), 0);
    CHECK_EQ(json_integer_value(json_object_get(reply, "a")), 5);
    json_decref(reply);
    CHECK_EQ(qmp_execute(&qmp, "query-y", NULL, &reply, &err), -1);
    CHECK(strstr(err.text, "no such thing"));
    CHECK_EQ(qmp_human(&qmp, "info x", &text, &err), 0);
    CHECK_EQ(strcmp(text, "two\nlines"), 0);
    free(text);
    qmp_close(&qmp);
    close(side);
}

TEST(qmp, survives_whatever_is_said)
{
    static const char *const cases[] = {
        "",
        "\n",
        "hello\n",
        "[]\n",
        "{\"QMP\": 1}\n",
        "{\"QMP\": 1}\n{\"error\": 7}\n",
        "{\"QMP\": 1}\n{\"error\": {\"desc\": []}}\n",
        "{\"event\": 1}\n{\"event\": 2}\n",
        "{\"QMP\": 1",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = { 0 };
        struct qmp qmp;
        int side;
        int fd = qemu_fake(&side, cases[i], strlen(cases[i]));

        CHECK_EQ(qmp_start(&qmp, fd, TEST_TIMEOUT_MS, &err), -1);
        CHECK(err.text[0] != '\0');
        CHECK_EQ(qmp.fd, -1);
        close(side);
    }
}

TEST(qmp, gives_up_on_one_that_accepts_nobody)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char folder[] = "/tmp/ops-qmp-XXXXXX";
    int fds[] = { -1, -1, -1 };
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct err err = { 0 };

    CHECK(mkdtemp(folder));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/qmp.sock", folder);
    CHECK_EQ(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    CHECK_EQ(listen(listener, 1), 0);
    for (int i = 0; i < 3; i++)
        fds[i] = qmp_connect(folder, "qmp.sock", &err);
    CHECK(fds[0] >= 0 && fds[1] >= 0); /* They wait in its queue, which is full now. */
    CHECK_EQ(fds[2], -1);
    CHECK(strstr(err.text, "qmp.sock"));
    close(fds[0]);
    close(fds[1]);
    close(listener);
    CHECK_EQ(unlink(address.sun_path), 0);
    CHECK_EQ(rmdir(folder), 0);
}

TEST(qmp, notices_an_end_in_the_middle)
{
    struct err err = { 0 };
    struct qmp qmp;
    int side;
    int fd = qemu_fake(&side, greeting, sizeof(greeting) - 1);

    CHECK_EQ(qmp_start(&qmp, fd, TEST_TIMEOUT_MS, &err), 0);
    close(side);
    CHECK_EQ(qmp_execute(&qmp, "query-x", NULL, NULL, &err), -1);
    qmp_close(&qmp);
}
