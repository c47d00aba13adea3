/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin for QEMU's TCG that counts what a guest executes: how many instructions of the kernel
 * (addresses in the upper half) and of programs, how often each block of the kernel's code, and
 * what would leave the virtual machine on hardware.
 *
 *     -plugin count.so,out=FILE[,exits=on]
 *
 * The counters are the file, mapped: whoever runs the load copies it before and after, and the
 * difference is what the load took. `struct file` is its layout; test/bench/counts.py reads it.
 *
 * A program can mark a place in its own run with the instruction `nopl 0x534c0000 + LABEL(%rax)`:
 * the totals up to there are written to the next mark. It does nothing on a machine without us.
 *
 * Blocks are counted, not instructions: a block that faults half way counts whole, which is well
 * below a percent. Counters are not atomic: counts are right with one CPU.
 */
#include "test/bench/plugin/qemu_plugin.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    BLOCKS_MAX = 1 << 19, /* A Linux kernel under load has some 100,000. */
    MARKS_MAX = 4096,
    MARK_SIZE = 7, /* 0f 1f 80, and four bytes of displacement. */
};

/* The end-of-interrupt register of the local APIC, where reset leaves it: each CPU has its own. */
#define LAPIC_EOI 0xfee000b0u

#define MARK_MAGIC 0x534c0000u
#define FILE_MAGIC 0x31544e434c4f53ull /* "SOLCNT1" */

struct block {
    uint64_t addr; /* 0: free. */
    uint64_t insns;
    uint64_t runs;
};

struct mark {
    uint64_t label;
    uint64_t kernel;
    uint64_t user;
};

struct totals {
    uint64_t kernel; /* Instructions. */
    uint64_t user;
    uint64_t ports;      /* Port accesses; a string of them counts once. */
    uint64_t mmio;       /* Accesses to devices in memory, with exits=on; without ... */
    uint64_t eois;       /* ... the ends of interrupts. */
    uint64_t halts;      /* hlt. */
    uint64_t interrupts; /* Returns by iretq: interrupts and faults. */
    uint64_t dropped;    /* Blocks there was no room for. */
};

struct file {
    uint64_t magic;
    struct totals totals;
    uint64_t mark_count; /* May be more than MARKS_MAX: the rest was lost. */
    struct mark marks[MARKS_MAX];
    struct block blocks[BLOCKS_MAX];
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
                                           int argc, char **argv);

static struct file *file;
static bool counts_exits;

/* The block that starts at `addr` and has so many instructions; NULL: there is no room. */
static struct block *block_find(uint64_t addr, uint64_t insns)
{
    uint64_t index = (addr * 0x9e3779b97f4a7c15ull + insns) >> 45;

    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        struct block *block = &file->blocks[(index + i) % BLOCKS_MAX];

        if (block->addr == addr && block->insns == insns)
            return block;
        if (block->addr == 0) {
            block->insns = insns;
            block->addr = addr;
            return block;
        }
    }
    return NULL;
}

static void mark_reached(unsigned vcpu, void *context)
{
    uint64_t count = file->mark_count;

    (void)vcpu;
    if (count < MARKS_MAX) {
        file->marks[count] = (struct mark){
            .label = (uintptr_t)context,
            .kernel = file->totals.kernel,
            .user = file->totals.user,
        };
    }
    file->mark_count = count + 1;
}

static void memory_accessed(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *context)
{
    struct qemu_plugin_hwaddr *hwaddr = qemu_plugin_get_hwaddr(info, addr);

    (void)vcpu;
    (void)context;
    if (!hwaddr || !qemu_plugin_hwaddr_is_io(hwaddr))
        return;
    if (qemu_plugin_hwaddr_phys_addr(hwaddr) == LAPIC_EOI) {
        file->totals.eois++;
    } else {
        file->totals.mmio++;
    }
}

/* The counter that an instruction of the kernel's moves, or NULL. */
static uint64_t *exit_counter(const uint8_t *code, size_t size)
{
    size_t at = 0;

    while (at + 1 < size && (code[at] == 0x66 || code[at] == 0xf2 || code[at] == 0xf3))
        at++; /* Operand size, rep. */
    if (size - at == 2 && code[at] == 0x48 && code[at + 1] == 0xcf)
        return &file->totals.interrupts;
    switch (code[at]) {
    case 0xf4:
        return size == 1 ? &file->totals.halts : NULL;
    case 0xe4: /* in and out with a port in the instruction, ... */
    case 0xe5:
    case 0xe6:
    case 0xe7:
    case 0xec: /* ... with the port in dx, ... */
    case 0xed:
    case 0xee:
    case 0xef:
    case 0x6c: /* ... and of strings. */
    case 0x6d:
    case 0x6e:
    case 0x6f:
        return &file->totals.ports;
    default:
        return NULL;
    }
}

static void kernel_insn_watch(struct qemu_plugin_insn *insn)
{
    uint64_t *counter = exit_counter(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));

    if (counter)
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
    if (counts_exits) {
        qemu_plugin_register_vcpu_mem_cb(insn, memory_accessed, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, NULL);
    }
}

static void user_insn_watch(struct qemu_plugin_insn *insn)
{
    static const uint8_t nopl_rax[] = { 0x0f, 0x1f, 0x80 };
    const uint8_t *code = qemu_plugin_insn_data(insn);
    uint32_t displacement;

    if (qemu_plugin_insn_size(insn) != MARK_SIZE || memcmp(code, nopl_rax, sizeof(nopl_rax)) != 0)
        return;
    memcpy(&displacement, code + sizeof(nopl_rax), sizeof(displacement));
    if ((displacement & 0xffff0000u) != MARK_MAGIC)
        return;
    qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_reached, QEMU_PLUGIN_CB_NO_REGS,
                                           (void *)(uintptr_t)(displacement & 0xffff));
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    uint64_t addr = qemu_plugin_tb_vaddr(tb);
    size_t insns = qemu_plugin_tb_n_insns(tb);
    bool is_kernel = (int64_t)addr < 0;
    struct block *block = is_kernel ? block_find(addr, insns) : NULL;

    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                             is_kernel ? &file->totals.kernel : &file->totals.user,
                                             insns);
    if (block) {
        qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &block->runs, 1);
    } else if (is_kernel) {
        file->totals.dropped++;
    }
    for (size_t i = 0; i < insns; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        if (is_kernel) {
            kernel_insn_watch(insn);
        } else {
            user_insn_watch(insn);
        }
    }
}

static int file_map(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *memory;

    if (fd < 0 || ftruncate(fd, sizeof(*file)) < 0) {
        fprintf(stderr, "count: cannot make '%s'\n", path);
        return -1;
    }
    memory = mmap(NULL, sizeof(*file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "count: cannot map '%s'\n", path);
        return -1;
    }
    file = memory;
    file->magic = FILE_MAGIC;
    return 0;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    const char *path = NULL;

    if (!info->system_emulation)
        return -1;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0)
            path = argv[i] + 4;
        if (strcmp(argv[i], "exits=on") == 0)
            counts_exits = true;
    }
    if (!path) {
        fprintf(stderr, "count: out=FILE is missing\n");
        return -1;
    }
    if (file_map(path) < 0)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    return 0;
}
