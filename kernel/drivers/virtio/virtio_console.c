/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio console device (section 5.3), its first port alone: the control channel. Whoever runs the
 * machine sends a line, and gets an answer before the next line is looked at.
 *
 * One buffer is lent to receive into. When it comes back, its bytes are taken one by one until a
 * line is complete; while its answer is on the way, the rest of them waits, and the device, which
 * has no buffer, with it. So whatever the host sends costs one answer's memory, and a host that
 * does not fetch its answer gets no other.
 *
 * No lock: both queues' bottom halves run on the boot CPU, where the transports send what has no
 * other place, and the probe is done with the state before it lends the first buffer.
 */
#include "kernel/drivers/virtio/virtio_console.h"

#include "abi/linux/errors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/log.h"
#include "kernel/drivers/virtio/virtio.h"
#include "kernel/mm/page.h"
#include "lib/base/num.h"
#include "lib/base/types.h"

enum {
    QUEUE_RX = 0, /* Of port 0: to us. */
    QUEUE_TX = 1,
    RX_SIZE = 256,
    LINE_SIZE = 64, /* Of a request, with its NUL; longer ones are cut, and so unknown. */
    ANSWER_ORDER = 3,
    ANSWER_SIZE = PAGE_SIZE << ANSWER_ORDER,
};

/* Static: one control channel is enough for a machine. */
static struct {
    control_answer_fn *answer; /* [const] */
    struct virtqueue *rx;
    struct virtqueue *tx;
    struct page *page; /* Its first RX_SIZE bytes are lent. */
    u32 rx_len;        /* What is in them, while they are ours. */
    u32 rx_off;        /* What of that is taken. */
    char line[LINE_SIZE];
    u32 line_len; /* Of the line; what does not fit is counted as one byte too many. */
} console;

void virtio_console_set_answer(control_answer_fn *answer)
{
    console.answer = answer;
}

static int lend_rx(void)
{
    return virtqueue_lend(console.rx, page_virt(console.page), RX_SIZE, NULL);
}

/* True when `byte` completes the line. */
static bool line_put(char byte)
{
    static const char stand_in = '?'; /* For a NUL: it would end the line early. */

    if (byte == '\0')
        byte = stand_in;
    if (byte == '\n') {
        u32 len = console.line_len;

        if (len > 0 && len < LINE_SIZE && console.line[len - 1] == '\r')
            len--;
        console.line[len < LINE_SIZE ? len : 0] = '\0';
        console.line_len = 0;
        return true;
    }
    if (console.line_len < LINE_SIZE)
        console.line[console.line_len++] = byte;
    return false;
}

/* Sends the answer to the line. False when it could not be. */
static bool answer_line(void)
{
    struct page *page = page_alloc(ANSWER_ORDER, PAGE_ALLOC_NO_WAIT);
    struct virtio_segment segment;

    if (!page)
        return false;
    segment.address = page_address(page);
    segment.len =
        (u32)size_min(console.answer(console.line, page_virt(page), ANSWER_SIZE), ANSWER_SIZE);
    if (segment.len == 0 || virtqueue_add(console.tx, &segment, 1, 0, page) < 0) {
        page_free(page);
        return false;
    }
    virtqueue_kick(console.tx);
    return true;
}

/* Goes on with what was received, up to the next line that is answered or the end. */
static void take_received(void)
{
    const char *bytes = page_virt(console.page);

    while (console.rx_off < console.rx_len) {
        if (line_put(bytes[console.rx_off++]) && answer_line())
            return; /* console_sent() goes on. */
    }
    if (lend_rx() < 0)
        log_warn("virtio-console: queue full, the control channel is deaf");
}

static void console_received(void *cookie, u32 bytes_written)
{
    (void)cookie;
    console.rx_len = u32_min(bytes_written, RX_SIZE);
    console.rx_off = 0;
    take_received();
}

static void console_sent(void *cookie, u32 bytes_written)
{
    (void)bytes_written;
    page_free(cookie);
    take_received();
}

static int console_probe(struct virtio_device *device)
{
    int err = -ENOMEM;

    if (console.rx || !console.answer)
        return -ENODEV;
    console.page = page_alloc(0, PAGE_ALLOC_ZERO);
    if (!console.page)
        return -ENOMEM;
    console.rx = virtio_queue_open(device, QUEUE_RX, console_received);
    if (!console.rx)
        goto free_page;
    console.tx = virtio_queue_open(device, QUEUE_TX, console_sent);
    if (!console.tx)
        goto close_rx;

    virtio_start(device);
    err = lend_rx();
    if (err < 0)
        goto stop_device;
    return 0;

stop_device:
    virtio_stop(device);
    virtio_queue_close(console.tx);
    console.tx = NULL;
close_rx:
    virtio_queue_close(console.rx);
    console.rx = NULL;
free_page:
    page_free(console.page);
    console.page = NULL;
    return err;
}

const struct virtio_driver virtio_console_driver = {
    .name = "virtio-console",
    .id = VIRTIO_ID_CONSOLE,
    .probe = console_probe,
};
