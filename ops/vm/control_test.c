/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/control.h"

#include "host/err.h"
#include "test/unit/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TEST_TIMEOUT_MS = 50,
};

static char *answer_to(const char *said, size_t size, struct err *err)
{
    int fds[2];
    char *text;

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(write(fds[1], said, size), (ssize_t)size);
    text = control_ask(fds[0], "stats", TEST_TIMEOUT_MS, err);
    close(fds[0]);
    close(fds[1]);
    return text;
}

TEST(control, reads_up_to_the_end)
{
    struct err err = { 0 };
    char *text = answer_to("a 1\nend_of 2\nend\n", 17, &err);

    CHECK(text);
    CHECK_EQ(strcmp(text, "a 1\nend_of 2\n"), 0);
    free(text);
}

TEST(control, does_not_wait_for_ever)
{
    static char flood[100 * 1024];
    struct err err = { 0 };

    memset(flood, 'x', sizeof(flood));
    CHECK(!answer_to("", 0, &err));
    CHECK(!answer_to("a 1\nbend\n", 9, &err));
    CHECK(!answer_to("\0\0end\n", 6, &err));
    CHECK(!answer_to(flood, sizeof(flood), &err));
    CHECK(strstr(err.text, "does not answer"));
}

TEST(control, adds_up_samples)
{
    static const char text[] = "# TYPE x counter\nx 1.5\nxy 7\n"
                               "net{device=\"lo\"} 100\nnet{device=\"eth0\"} 5\n"
                               "net{device=\"eth1\"} 6\nbad{ 7\nodd q\nneg -3\nhuge 1e300\n"
                               "nan nan";

    CHECK_EQ(control_figure(text, "x", NULL, 1000), 1500);
    CHECK_EQ(control_figure(text, "net", "device=\"lo\"", 1), 11);
    CHECK_EQ(control_figure(text, "net", NULL, 1), 111);
    CHECK_EQ(control_figure(text, "bad", NULL, 1), -1);
    CHECK_EQ(control_figure(text, "odd", NULL, 1), -1);
    CHECK_EQ(control_figure(text, "neg", NULL, 1), -1);
    CHECK_EQ(control_figure(text, "huge", NULL, 1), -1);
    CHECK_EQ(control_figure(text, "nan", NULL, 1), -1);
    CHECK_EQ(control_figure(text, "none", NULL, 1), -1);
}
