/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of the program: its image, its interpreter, its stack, its descriptors, its first
 * thread. Whatever fails says so in one line; the caller then ends the machine.
 */
#include "kernel/task/program.h"

#include "abi/elf/elf.h"
#include "abi/linux/auxv.h"
#include "abi/linux/errors.h"
#include "abi/linux/open_flags.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/power.h"
#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/log.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/path.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "kernel/task/error_text.h"
#include "kernel/task/hostname.h"
#include "kernel/task/image.h"
#include "kernel/task/initial_stack.h"
#include "kernel/task/limits.h"
#include "kernel/task/task.h"
#include "kernel/vm/vm.h"
#include "lib/base/text.h"
#include "lib/manifest/manifest.h"

enum {
    AUX_MAX = 20,
    CLOCK_TICKS = 100,        /* AT_CLKTCK: unit of times(2). */
    SIGNAL_FRAME_SIZE = 1024, /* Of a signal frame without vector state, rounded up. */
};

static struct program_info info;
static struct path_node *program_node; /* [const] once it runs. Where its path led. */
static u64 start_ns;                   /* [atomic] */

u64 program_start_ns(void)
{
    return __atomic_load_n(&start_ns, __ATOMIC_RELAXED);
}

long program_path(char *text, size_t size)
{
    return program_node ? path_node_text(program_node, text, size) : -ENOENT;
}

const struct program_info *program_info(void)
{
    return &info;
}

struct start {
    const struct manifest *manifest;
    struct image image;
    struct image interpreter;
    u64 entry;
    u64 sp;
    struct auxv aux[AUX_MAX];
    u32 aux_count;
};

static int images_map(struct start *start)
{
    const char *path = start->manifest->program;
    int err = image_map(path, NULL, &start->image);

    if (err < 0)
        return err;
    start->entry = start->image.entry;
    vm_start_break(start->image.end);
    if (!start->image.interpreter)
        return 0;
    err = image_map(start->image.interpreter, path, &start->interpreter);
    start->entry = start->interpreter.entry;
    return err;
}

static void aux_add(struct start *start, u64 type, u64 value)
{
    start->aux[start->aux_count++] = (struct auxv){ .type = type, .value = value };
}

static void aux_fill(struct start *start)
{
    u64 vdso = vm_map_vdso();

    if (vdso != 0)
        aux_add(start, AT_SYSINFO_EHDR, vdso);
    aux_add(start, AT_MINSIGSTKSZ, SIGNAL_FRAME_SIZE + context_vector_size());
    aux_add(start, AT_HWCAP, cpu_hwcap());
    aux_add(start, AT_PAGESZ, PAGE_SIZE);
    aux_add(start, AT_CLKTCK, CLOCK_TICKS);
    aux_add(start, AT_PHDR, start->image.phdrs);
    aux_add(start, AT_PHENT, sizeof(struct elf64_phdr));
    aux_add(start, AT_PHNUM, start->image.phnum);
    aux_add(start, AT_BASE, start->interpreter.base);
    aux_add(start, AT_FLAGS, 0);
    aux_add(start, AT_ENTRY, start->image.entry);
    aux_add(start, AT_UID, start->manifest->uid);
    aux_add(start, AT_EUID, start->manifest->uid);
    aux_add(start, AT_GID, start->manifest->gid);
    aux_add(start, AT_EGID, start->manifest->gid);
    aux_add(start, AT_SECURE, 0);
    aux_add(start, AT_HWCAP2, 0);
}

/* Keeps the image for /proc/self: the program's own copy is the program's to change. */
static void info_fill(const struct initial_stack *stack, u8 *image, u64 size, u64 base)
{
    u64 off = sizeof(u64) * (3 + stack->arg_count + stack->env_count);

    info.stack_image = image;
    info.stack_image_size = size;
    info.stack_base = base;
    info.aux_off = off;
    info.aux_size = (stack->aux_count + 4ull) * sizeof(struct auxv);
    info.args_off = info.aux_off + info.aux_size;
    for (u32 i = 0; i < stack->arg_count; i++)
        info.args_size += str_len(stack->args[i]) + 1;
    info.envs_off = info.args_off + info.args_size;
    for (u32 i = 0; i < stack->env_count; i++)
        info.envs_size += str_len(stack->envs[i]) + 1;
}

static int stack_build(struct start *start, u64 top)
{
    const struct manifest *manifest = start->manifest;
    struct initial_stack stack = {
        .args = manifest->args,
        .arg_count = manifest->arg_count,
        .envs = manifest->envs,
        .env_count = manifest->env_count,
        .path = manifest->program,
        .platform = "x86_64",
        .aux = start->aux,
        .aux_count = start->aux_count,
    };
    u64 size = initial_stack_size(&stack);
    u8 *image = heap_alloc(size);

    if (!image)
        return -ENOMEM;
    random_bytes(stack.random, sizeof(stack.random));
    initial_stack_fill(&stack, top, image);
    info_fill(&stack, image, size, top - size);
    start->sp = top - size;
    return copy_out(start->sp, image, size);
}

static int stack_map(struct start *start)
{
    struct rlimit limit = { 0 };
    bool exec = start->image.stack_exec;
    long top;
    int err = limit_get(RLIMIT_STACK, &limit);

    top = vm_map_stack(limit.soft, exec);
    if (top < 0)
        return (int)top;
    aux_fill(start);
    /* Some lines of the cache lower, so that the stack's place within its page varies, too. */
    err = err < 0 ? err : stack_build(start, (u64)top - 16 * random_below(256));
    if (err < 0)
        log_error("program: cannot build its stack: %s", error_text(err));
    return err;
}

/* Standard input, output and errors: all are the console. */
static int descriptors_open(void)
{
    struct file *file;
    int err = path_open(NULL, "/dev/console", O_RDWR, 0, &file);

    if (err < 0) {
        log_error("program: cannot open /dev/console: %s", error_text(err));
        return err;
    }
    for (int fd = 0; fd <= 2 && err >= 0; fd++) {
        err = fdtable_insert(current_fdtable(), file_get(file), fd, false);
        if (err < 0)
            file_put(file);
    }
    file_put(file);
    return err < 0 ? err : 0;
}

static int directory_enter(const char *path)
{
    struct path_node *node;
    int err = path_find(NULL, path, PATH_DIRECTORY, &node);

    if (err < 0) {
        log_error("program: cannot enter directory '%s': %s", path, error_text(err));
        return err;
    }
    path_set_current(node);
    path_node_put(node);
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = str_find_last(path, '/');

    return slash ? slash + 1 : path;
}

static int thread_begin(const struct start *start)
{
    struct user_regs regs;
    struct task *task;

    user_regs_init(&regs, start->entry, start->sp);
    task = task_create(base_name(start->manifest->program), &regs);
    if (!task || !task_start(task)) {
        log_error("program: no memory for its first thread");
        return -ENOMEM;
    }
    return 0;
}

static void number_report(const char *key, u64 number)
{
    char digits[24];
    struct text text;

    text_init(&text, digits, sizeof(digits));
    text_format(&text, "%llu", (unsigned long long)number);
    machine_report(key, digits);
}

/* What the boot cost, to whoever started the machine. */
static void boot_report(void)
{
    struct page_counts counts;

    page_counts(&counts);
    number_report("boot_ns", program_start_ns());
    number_report("memory_kib", (counts.total - counts.free) * (PAGE_SIZE / 1024));
}

int program_start(const struct manifest *manifest)
{
    static struct start start; /* Too large for a stack; there is one. */
    int err;

    start.manifest = manifest;
    info.path = manifest->program;
    limits_init(manifest->limits, manifest->limits_set);
    if (manifest->hostname && hostname_set(manifest->hostname, str_len(manifest->hostname)) < 0)
        log_warn("manifest: the hostname is too long");

    err = images_map(&start);
    if (err == 0)
        err = path_find(NULL, manifest->program, 0, &program_node);
    if (err == 0)
        err = stack_map(&start);
    if (err == 0)
        err = descriptors_open();
    if (err == 0 && manifest->cwd)
        err = directory_enter(manifest->cwd);
    heap_free(start.image.interpreter);
    if (err == 0) {
        __atomic_store_n(&start_ns, clock_now_ns(), __ATOMIC_RELAXED);
        boot_report();
        err = thread_begin(&start);
    }
    return err;
}
