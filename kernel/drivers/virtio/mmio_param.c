/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/drivers/virtio/mmio_param.h"

#include "abi/virtio/mmio.h"
#include "kernel/core/log.h"
#include "lib/base/text.h"

enum {
    MMIO_SIZE_MAX = 1 << 20, /* A sane upper bound; the registers take 512 bytes. */
};

#define MMIO_PARAM_PREFIX "virtio_mmio.device="

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* The number from `*at` up to the first of `end`, or to the end of the text. */
static bool parse_number(const char **at, const char *limit, char end, u64 *value)
{
    const char *start = *at;
    const char *stop = start;

    while (stop < limit && *stop != end)
        stop++;
    *at = stop < limit ? stop + 1 : stop;
    return text_parse_u64(start, (size_t)(stop - start), value);
}

static bool parse_size(const char **at, const char *limit, u64 *size)
{
    const char *start = *at;
    const char *stop = start;
    u64 unit = 1;

    while (stop < limit && *stop != '@')
        stop++;
    if (stop == limit || stop == start)
        return false;
    *at = stop + 1;
    if (stop[-1] == 'K' || stop[-1] == 'k') {
        unit = 1 << 10;
    } else if (stop[-1] == 'M' || stop[-1] == 'm') {
        unit = 1 << 20;
    }
    if (!text_parse_u64(start, (size_t)(stop - start) - (unit > 1), size))
        return false;
    if (*size > MMIO_SIZE_MAX)
        return false;
    *size *= unit;
    return *size >= VIRTIO_MMIO_SIZE_MIN && *size <= MMIO_SIZE_MAX;
}

static bool parse_param(const char *at, const char *limit, struct mmio_param *param)
{
    u64 size;
    u64 irq;

    if (!parse_size(&at, limit, &size))
        return false;
    if (!parse_number(&at, limit, ':', &param->address) || param->address == 0 ||
        param->address > UINT64_MAX - size)
        return false;
    if (!parse_number(&at, limit, ':', &irq) || irq > UINT16_MAX)
        return false;
    param->size = (u32)size;
    param->irq = (u32)irq;
    return true;
}

bool mmio_param_next(const char **at, struct mmio_param *param)
{
    const char *word = *at;

    for (;;) {
        const char *end;
        const char *value;

        while (is_space(*word))
            word++;
        if (!*word)
            break;
        end = word;
        while (*end && !is_space(*end))
            end++;
        value = str_after(word, MMIO_PARAM_PREFIX);
        if (value && value <= end && parse_param(value, end, param)) {
            *at = end;
            return true;
        }
        if (value)
            log_warn("command line: cannot read '%.*s'", (int)(end - word), word);
        word = end;
    }
    *at = word;
    return false;
}
