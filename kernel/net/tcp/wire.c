/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/net/tcp/wire.h"

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

enum option_kind {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_WSCALE = 3,
    OPTION_SACK_PERMITTED = 4,
    OPTION_SACK = 5,
    OPTION_TIMESTAMP = 8,
};

enum option_size {
    OPTION_MSS_SIZE = 4,
    OPTION_WSCALE_SIZE = 3,
    OPTION_SACK_PERMITTED_SIZE = 2,
    OPTION_SACK_BLOCK_SIZE = 8,
    OPTION_TIMESTAMP_SIZE = 10,
};

/* NOP NOP TIMESTAMP 10, as everybody sends it (RFC 7323, appendix A). */
#define TIMESTAMP_PATTERN 0x0101080au

static u16 read16(const u8 *bytes)
{
    struct be16 raw;

    mem_copy(&raw, bytes, sizeof(raw));
    return be16_get(raw);
}

static u32 read32(const u8 *bytes)
{
    struct be32 raw;

    mem_copy(&raw, bytes, sizeof(raw));
    return be32_get(raw);
}

static u8 *write16(u8 *bytes, u16 value)
{
    struct be16 raw = be16_make(value);

    mem_copy(bytes, &raw, sizeof(raw));
    return bytes + sizeof(raw);
}

static u8 *write32(u8 *bytes, u32 value)
{
    struct be32 raw = be32_make(value);

    mem_copy(bytes, &raw, sizeof(raw));
    return bytes + sizeof(raw);
}

u32 tcp_header_size(const u8 *bytes)
{
    u32 size = (u32)(bytes[12] >> 4) * 4;

    return size >= TCP_HEADER_SIZE ? size : 0;
}

static void sack_parse(struct tcp_header *header, const u8 *option, u32 size)
{
    u32 count = (size - 2) / OPTION_SACK_BLOCK_SIZE;

    if ((size - 2) % OPTION_SACK_BLOCK_SIZE != 0 || count > TCP_SACK_BLOCKS_MAX)
        return;
    for (u32 i = 0; i < count; i++) {
        header->sack[i].start = read32(option + 2 + (size_t)i * OPTION_SACK_BLOCK_SIZE);
        header->sack[i].end = read32(option + 6 + (size_t)i * OPTION_SACK_BLOCK_SIZE);
    }
    header->sack_count = (u8)count;
}

static void option_parse(struct tcp_header *header, const u8 *option, u32 size)
{
    switch (option[0]) {
    case OPTION_MSS:
        if (size == OPTION_MSS_SIZE)
            header->mss = read16(option + 2);
        break;
    case OPTION_WSCALE:
        if (size == OPTION_WSCALE_SIZE) {
            header->has_wscale = true;
            header->wscale = option[2] > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : option[2];
        }
        break;
    case OPTION_SACK_PERMITTED:
        if (size == OPTION_SACK_PERMITTED_SIZE)
            header->sack_permitted = true;
        break;
    case OPTION_SACK:
        sack_parse(header, option, size);
        break;
    case OPTION_TIMESTAMP:
        if (size == OPTION_TIMESTAMP_SIZE) {
            header->has_timestamp = true;
            header->ts_value = read32(option + 2);
            header->ts_echo = read32(option + 6);
        }
        break;
    default:
        break;
    }
}

static void options_parse(struct tcp_header *header, const u8 *bytes, u32 size)
{
    u32 off = TCP_HEADER_SIZE;

    while (off < size && bytes[off] != OPTION_END) {
        u32 left = size - off;
        u32 option_size;

        if (bytes[off] == OPTION_NOP) {
            off++;
            continue;
        }
        if (left < 2)
            return;
        option_size = bytes[off + 1];
        if (option_size < 2 || option_size > left)
            return;
        option_parse(header, bytes + off, option_size);
        off += option_size;
    }
}

void tcp_header_parse(struct tcp_header *header, const u8 *bytes, u32 size)
{
    header->source_port = read16(bytes);
    header->destination_port = read16(bytes + 2);
    header->seq = read32(bytes + 4);
    header->ack = read32(bytes + 8);
    header->size = (u8)size;
    header->flags = bytes[13];
    header->window = read16(bytes + 14);
    header->has_timestamp = false;
    header->has_wscale = false;
    header->sack_permitted = false;
    header->wscale = 0;
    header->mss = 0;
    header->sack_count = 0;

    if (size == TCP_HEADER_SIZE)
        return;
    if (size == TCP_HEADER_SIZE + TCP_TIMESTAMP_SPACE &&
        read32(bytes + TCP_HEADER_SIZE) == TIMESTAMP_PATTERN) {
        header->has_timestamp = true;
        header->ts_value = read32(bytes + TCP_HEADER_SIZE + 4);
        header->ts_echo = read32(bytes + TCP_HEADER_SIZE + 8);
        return;
    }
    options_parse(header, bytes, size);
}

/* Each option is padded to 4 bytes by NOPs in front of it. */
u32 tcp_header_emit_size(const struct tcp_header *header)
{
    u32 size = TCP_HEADER_SIZE;

    if (header->mss != 0)
        size += 4;
    if (header->has_timestamp)
        size += TCP_TIMESTAMP_SPACE;
    if (header->sack_permitted)
        size += 4;
    if (header->has_wscale)
        size += 4;
    if (header->sack_count != 0)
        size += 4 + (u32)header->sack_count * OPTION_SACK_BLOCK_SIZE;
    return size;
}

static u8 *option_start(u8 *at, u8 kind, u8 size, u32 nops)
{
    for (u32 i = 0; i < nops; i++)
        *at++ = OPTION_NOP;
    *at++ = kind;
    *at++ = size;
    return at;
}

static u8 *sack_emit(const struct tcp_header *header, u8 *at)
{
    at = option_start(at, OPTION_SACK, (u8)(2 + header->sack_count * OPTION_SACK_BLOCK_SIZE), 2);
    for (u32 i = 0; i < header->sack_count; i++) {
        at = write32(at, header->sack[i].start);
        at = write32(at, header->sack[i].end);
    }
    return at;
}

static void options_emit(const struct tcp_header *header, u8 *at)
{
    if (header->mss != 0) {
        at = option_start(at, OPTION_MSS, OPTION_MSS_SIZE, 0);
        at = write16(at, header->mss);
    }
    if (header->sack_permitted)
        at = option_start(at, OPTION_SACK_PERMITTED, OPTION_SACK_PERMITTED_SIZE, 2);
    if (header->has_timestamp) {
        at = write32(at, TIMESTAMP_PATTERN);
        at = write32(at, header->ts_value);
        at = write32(at, header->ts_echo);
    }
    if (header->has_wscale) {
        at = option_start(at, OPTION_WSCALE, OPTION_WSCALE_SIZE, 1);
        *at++ = header->wscale;
    }
    if (header->sack_count != 0)
        sack_emit(header, at);
}

void tcp_header_emit(const struct tcp_header *header, u8 *bytes)
{
    u32 size = tcp_header_emit_size(header);

    write16(bytes, header->source_port);
    write16(bytes + 2, header->destination_port);
    write32(bytes + 4, header->seq);
    write32(bytes + 8, header->ack);
    bytes[12] = (u8)(size / 4 << 4);
    bytes[13] = header->flags;
    write16(bytes + 14, header->window);
    write32(bytes + TCP_CHECKSUM_OFF, 0); /* Checksum and urgent pointer. */
    options_emit(header, bytes + TCP_HEADER_SIZE);
}
