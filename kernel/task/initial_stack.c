/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/initial_stack.h"

#include "abi/linux/auxv.h"
#include "kernel/core/panic.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

enum {
    OWN_AUX = 4, /* AT_EXECFN, AT_PLATFORM, AT_RANDOM and AT_NULL. */
    STACK_ALIGN = 16,
};

/* Two fronts that meet: words grow up from the stack pointer, bytes follow them. */
struct writer {
    u8 *image;
    u64 base;  /* Address of image[0]. */
    u64 words; /* Offset of the next word. */
    u64 bytes; /* Offset of the next byte. */
};

static u64 word_count(const struct initial_stack *stack)
{
    return 1 + stack->arg_count + 1 + stack->env_count + 1 + 2 * ((u64)stack->aux_count + OWN_AUX);
}

static u64 texts_size(const char *const *texts, u32 count)
{
    u64 size = 0;

    for (u32 i = 0; i < count; i++)
        size += str_len(texts[i]) + 1;
    return size;
}

static u64 byte_count(const struct initial_stack *stack)
{
    return texts_size(stack->args, stack->arg_count) + texts_size(stack->envs, stack->env_count) +
           str_len(stack->path) + 1 + str_len(stack->platform) + 1 + INITIAL_RANDOM_SIZE;
}

u64 initial_stack_size(const struct initial_stack *stack)
{
    return align_up(word_count(stack) * sizeof(u64) + byte_count(stack), STACK_ALIGN);
}

static void put_word(struct writer *writer, u64 word)
{
    mem_copy(writer->image + writer->words, &word, sizeof(word));
    writer->words += sizeof(word);
}

/* Returns the address it will have in the program. */
static u64 put_bytes(struct writer *writer, const void *bytes, u64 size)
{
    u64 address = writer->base + writer->bytes;

    mem_copy(writer->image + writer->bytes, bytes, size);
    writer->bytes += size;
    return address;
}

static u64 put_text(struct writer *writer, const char *text)
{
    return put_bytes(writer, text, str_len(text) + 1);
}

static void put_texts(struct writer *writer, const char *const *texts, u32 count)
{
    for (u32 i = 0; i < count; i++)
        put_word(writer, put_text(writer, texts[i]));
    put_word(writer, 0);
}

static void put_aux(struct writer *writer, u64 type, u64 value)
{
    put_word(writer, type);
    put_word(writer, value);
}

void initial_stack_fill(const struct initial_stack *stack, u64 top, u8 *image)
{
    u64 size = initial_stack_size(stack);
    struct writer writer = {
        .image = image,
        .base = top - size,
        .bytes = word_count(stack) * sizeof(u64),
    };

    mem_zero(image, size);
    put_word(&writer, stack->arg_count);
    put_texts(&writer, stack->args, stack->arg_count);
    put_texts(&writer, stack->envs, stack->env_count);
    for (u32 i = 0; i < stack->aux_count; i++)
        put_aux(&writer, stack->aux[i].type, stack->aux[i].value);
    put_aux(&writer, AT_EXECFN, put_text(&writer, stack->path));
    put_aux(&writer, AT_PLATFORM, put_text(&writer, stack->platform));
    put_aux(&writer, AT_RANDOM, put_bytes(&writer, stack->random, INITIAL_RANDOM_SIZE));
    put_aux(&writer, AT_NULL, 0);
    ASSERT(writer.words == word_count(stack) * sizeof(u64) && writer.bytes <= size);
}
