/* SPDX-License-Identifier: Apache-2.0 */
/* The boot order, on one screen. */
#include "kernel/arch/boot_info.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/machine_init.h"
#include "kernel/arch/upcall.h"
#include "kernel/control/control.h"
#include "kernel/core/entropy.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/thread.h"
#include "kernel/debug/trace.h"
#include "kernel/drivers/acpi/acpi.h"
#include "kernel/drivers/drivers.h"
#include "kernel/file/console.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/init/init.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"
#include "kernel/net/net.h"
#include "kernel/socket/socket.h"
#include "kernel/sys/dispatch.h"
#include "kernel/task/task.h"
#include "kernel/vm/vm.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"

enum {
    MAPPED_KEPT_PART = 8,   /* Of all memory: what mapped pages of files keep of it, */
    MAPPED_KEPT_MAX = 1024, /* and at most 4 MiB: the code that a server runs in. */
};

static struct thread init_thread;

static void init_released(struct thread *thread)
{
    stack_free(thread->stack, THREAD_STACK_SIZE);
}

static u64 mapped_pages_kept(void)
{
    struct page_counts counts;

    page_counts(&counts);
    return u64_min(counts.total / MAPPED_KEPT_PART, MAPPED_KEPT_MAX);
}

/* Nobody types into a server: the program finds the end of its input, unless the word says so. */
static void console_open(void)
{
    const char *word = boot_info()->command_line;

    while (word && !str_after(word, "console=input")) {
        word = str_find(word, ' ');
        if (word)
            word++;
    }
    if (!word)
        console_input_end();
}

static const struct drivers_events events = {
    .power_button = end_power_button,
    .console_input = console_input,
    .control = control_answer,
};

/* Who the program is, from its first instruction on. */
static void user_become(const struct manifest *manifest)
{
    if (sys_setresgid(manifest->gid, manifest->gid, manifest->gid) < 0 ||
        sys_setresuid(manifest->uid, manifest->uid, manifest->uid) < 0)
        log_warn("manifest: cannot become the user");
}

static void init_main(void *arg)
{
    (void)arg;

    fs_init();      /* Names and files, none yet. */
    net_init();     /* The stack and its loopback. */
    sockets_init(); /* Sockets, /proc/net. */
    if (boot_info()->is_placed_fixed)
        vm_place_fixed();
    vm_init(); /* The program's address space, placed at random. */
    inode_set_unmap_hook(vm_file_unmap);
    page_cache_set_unmap_hook(vm_unmap_cached);
    page_cache_keep_mapped(mapped_pages_kept());
    task_init();           /* Threads, signals, /proc/self. */
    drivers_init(&events); /* Disks and network cards. */
    console_open();        /* Standard input. */
    root_mount();          /* The image, and what is mounted over it. */
    config_read();         /* The manifest, and what was laid over it at launch. */
    config_network();      /* An address. */
    if (trace_start(config_manifest()) < 0)
        config_fail(); /* It has said why. */
    program_on_end(&end_hooks);
    user_become(config_manifest());
    if (program_start(config_manifest()) < 0)
        config_fail(); /* It has said why. */
    thread_exit(init_released);
}

_Noreturn void kmain(void)
{
    const struct boot_info *info = boot_info();
    u8 *stack;

    log_set_level(LOG_WARN);
    config_early();              /* log= of the command line. */
    page_init(info->page_array); /* Physical memory. */
    kernel_map_init(info->kernel_map, info->kernel_map_size);
    heap_init();    /* The kernel's heap. */
    acpi_init();    /* What the firmware's tables say. */
    machine_init(); /* Interrupt controllers, timers, the clock. */
    entropy_init(); /* Random numbers. */
    sched_init();   /* This becomes CPU 0's idle thread. */
    cpus_start();   /* All other CPUs. */

    stack = stack_alloc(THREAD_STACK_SIZE);
    if (!stack)
        panic("no memory for the first thread");
    thread_init(&init_thread, "init", stack, init_main, NULL);
    thread_start(&init_thread);
    sched_run_idle();
}
