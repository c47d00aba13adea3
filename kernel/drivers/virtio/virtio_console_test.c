/* SPDX-License-Identifier: Apache-2.0 */
/* The control channel: requests in any pieces, answers one at a time, hosts that misbehave. */
#include "kernel/drivers/virtio/virtio_console.h"

#include "kernel/arch/mmu.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/fake_virtio.h"
#include "test/unit/unit.h"

#include <string.h>

extern const struct virtio_driver virtio_console_driver;

static struct virtio_device device = { .queue_size = 8 };
static char asked[512]; /* Every line the driver asked about, each ended by '|'. */

static size_t answer(const char *line, char *text, size_t size)
{
    size_t len = strlen(asked);

    CHECK(len + strlen(line) + 2 < sizeof(asked));
    snprintf(asked + len, sizeof(asked) - len, "%s|", line);
    return (size_t)snprintf(text, size, "<%s>\n", line);
}

static void probe(void)
{
    virtio_console_set_answer(answer);
    CHECK_EQ(virtio_console_driver.probe(&device), 0);
    CHECK(device.started);
}

/* The host sends bytes, if the driver has lent it a buffer. */
static bool host_send(const char *bytes)
{
    struct fake_chain chain;
    size_t len = strlen(bytes);

    if (!fake_virtio_take(device.queues[0], &chain))
        return false;
    CHECK(chain.in_count == 1 && chain.out_count == 0 && len <= chain.in[0].len);
    memcpy(phys_to_virt(chain.in[0].address), bytes, len);
    fake_virtio_give(device.queues[0], chain.head, (u32)len);
    fake_virtio_interrupt(device.queues[0]);
    return true;
}

/* The host fetches an answer: it must be `text`. */
static void host_fetch(const char *text)
{
    struct fake_chain chain;

    CHECK(fake_virtio_take(device.queues[1], &chain));
    CHECK(chain.out_count == 1 && chain.in_count == 0);
    CHECK_EQ(chain.out[0].len, strlen(text));
    CHECK_EQ(memcmp(phys_to_virt(chain.out[0].address), text, strlen(text)), 0);
    fake_virtio_give(device.queues[1], chain.head, 0);
    fake_virtio_interrupt(device.queues[1]);
}

static bool host_has_answer(void)
{
    struct fake_chain chain;

    return fake_virtio_take(device.queues[1], &chain);
}

TEST(virtio_console, answers_a_line)
{
    probe();
    CHECK(host_send("stats\n"));
    host_fetch("<stats>\n");
    CHECK(host_send("again\r\n"));
    host_fetch("<again>\n");
    CHECK_EQ(strcmp(asked, "stats|again|"), 0);
}

TEST(virtio_console, puts_lines_together_from_pieces)
{
    probe();
    CHECK(host_send("st"));
    CHECK(!host_has_answer());
    CHECK(host_send(""));
    CHECK(host_send("ats\nmo"));
    host_fetch("<stats>\n");
    CHECK(host_send("re\n"));
    host_fetch("<more>\n");
}

TEST(virtio_console, looks_at_nothing_more_while_an_answer_is_not_fetched)
{
    probe();
    CHECK(host_send("a\nb\n\nc"));
    CHECK_EQ(strcmp(asked, "a|"), 0);
    CHECK(!host_send("d\n"));
    host_fetch("<a>\n");
    CHECK_EQ(strcmp(asked, "a|b|"), 0);
    host_fetch("<b>\n");
    host_fetch("<>\n");
    CHECK(!host_has_answer());
    CHECK(host_send("d\n"));
    host_fetch("<cd>\n");
}

TEST(virtio_console, does_not_know_lines_that_are_too_long_or_binary)
{
    char line[256];

    probe();
    memset(line, 'x', sizeof(line));
    line[255] = '\0';
    CHECK(host_send(line));
    CHECK(host_send(line));
    CHECK(host_send("\nstats\n"));
    host_fetch("<>\n");
    host_fetch("<stats>\n");
    memset(line, 'y', 63);
    line[63] = '\n';
    line[64] = '\0';
    CHECK(host_send(line));
    CHECK_EQ(strlen(asked), 1 + 6 + 64);
}

TEST(virtio_console, answers_nothing_when_memory_is_out)
{
    probe();
    fake_alloc_fail_after = 0;
    CHECK(host_send("a\nb\n"));
    host_fetch("<b>\n");
}

TEST(virtio_console, survives_a_device_that_breaks_the_rules)
{
    struct fake_chain chain;

    probe();
    CHECK(fake_virtio_take(device.queues[0], &chain));
    fake_virtio_give(device.queues[0], chain.head, chain.in[0].len + 1);
    fake_virtio_interrupt(device.queues[0]);
    CHECK(device.broken);
    CHECK_EQ(strlen(asked), 0);
}

TEST(virtio_console, leaves_devices_alone_that_nobody_answers)
{
    CHECK(virtio_console_driver.probe(&device) < 0);
    CHECK(!device.started);
}

TEST(virtio_console, gives_everything_back_when_the_probe_fails)
{
    virtio_console_set_answer(answer);
    for (long i = 0; i < 16; i++) {
        struct virtio_device fresh = { .queue_size = 8 };

        device = fresh;
        fake_alloc_fail_after = i;
        if (virtio_console_driver.probe(&device) == 0) {
            CHECK(i > 0);
            break;
        }
        CHECK(!device.started && !device.queues[0] && !device.queues[1]);
        CHECK_EQ(fake_pages, 0);
        CHECK_EQ(fake_heap_objects, 0);
    }
    fake_alloc_fail_after = -1;
}
