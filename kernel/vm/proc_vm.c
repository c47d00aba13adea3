/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/maps and its relatives, in the formats of proc(5). */
#include "kernel/arch/mmu.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/procfs/proc_fd.h"
#include "kernel/mm/heap.h"
#include "kernel/vm/space.h"
#include "kernel/vm/vm.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    NAME_COLUMN = 73, /* Where the name of an area begins in a line. */
    KIB_PER_PAGE = PAGE_SIZE / 1024,
};

struct maps {
    struct proc_output *out;
    char *path; /* PATH_SIZE_MAX bytes. */
    bool details;
};

/* Files in memory that the kernel made itself show their bare name: "[vdso]", "/dev/zero". */
static const char *area_file_name(const struct vm_area_info *area, char *path)
{
    long len = file_text(area->file, path, PATH_SIZE_MAX - 1);
    const char *own;

    if (len < 0)
        return "";
    path[len] = '\0';
    own = str_after(path, "/memfd:");
    if (own && own[0] == '[')
        return "[vdso]";
    return own && own[0] == '/' ? own : path;
}

static void put_line(const struct maps *maps, const struct vm_area_info *area)
{
    const struct inode *inode = area->file ? area->file->inode : NULL;
    u64 device = inode && inode->filesystem ? inode->filesystem->device_id : 0;
    const char *name = area->file ? area_file_name(area, maps->path) : area->name;
    char line[96];
    struct text text;

    text_init(&text, line, sizeof(line));
    text_format(&text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", area->start, area->end,
                area->protection & VM_READ ? 'r' : '-', area->protection & VM_WRITE ? 'w' : '-',
                area->protection & VM_EXEC ? 'x' : '-', area->shared ? 's' : 'p', area->off,
                (u32)(device >> 8 & 0xfff), (u32)(device & 0xff), inode ? inode->number : 0);
    while (name && text.len < NAME_COLUMN)
        text_put_char(&text, ' ');
    proc_put(maps->out, line, text.len);
    if (name)
        proc_put(maps->out, name, str_len(name));
    proc_put(maps->out, "\n", 1);
}

static void put_details(const struct maps *maps, const struct vm_area_info *area)
{
    u64 size = (area->end - area->start) / 1024;
    u64 resident = area->resident_pages * KIB_PER_PAGE;
    bool owns = !area->file;

    proc_printf(maps->out,
                "Size:           %8lu kB\nKernelPageSize: %8u kB\nMMUPageSize:    %8u kB\n"
                "Rss:            %8lu kB\nPss:            %8lu kB\n",
                size, KIB_PER_PAGE, KIB_PER_PAGE, resident, resident);
    proc_printf(maps->out,
                "Shared_Clean:   %8u kB\nShared_Dirty:   %8u kB\nPrivate_Clean:  %8lu kB\n"
                "Private_Dirty:  %8lu kB\nReferenced:     %8lu kB\nAnonymous:      %8lu kB\n",
                0, 0, owns ? 0ul : resident, owns ? resident : 0ul, resident,
                owns ? resident : 0ul);
    proc_printf(maps->out,
                "AnonHugePages:  %8u kB\nSwap:           %8u kB\n"
                "SwapPss:        %8u kB\nLocked:         %8u kB\n",
                0, 0, 0, 0);
    proc_printf(maps->out, "VmFlags:%s%s%s%s mr mw me\n", area->protection & VM_READ ? " rd" : "",
                area->protection & VM_WRITE ? " wr" : "", area->protection & VM_EXEC ? " ex" : "",
                area->shared ? " sh" : "");
}

static bool visit(void *arg, const struct vm_area_info *area)
{
    struct maps *maps = arg;

    put_line(maps, area);
    if (maps->details)
        put_details(maps, area);
    return true;
}

static void show(struct proc_output *out, bool details)
{
    struct maps maps = { .out = out, .path = heap_alloc(PATH_SIZE_MAX), .details = details };

    if (maps.path)
        vm_for_each_area(visit, &maps);
    heap_free(maps.path);
}

static void show_maps(struct proc_output *out, void *arg)
{
    (void)arg;
    show(out, false);
}

static void show_smaps(struct proc_output *out, void *arg)
{
    (void)arg;
    show(out, true);
}

static void show_smaps_rollup(struct proc_output *out, void *arg)
{
    struct vm_counts counts;
    u64 resident;

    (void)arg;
    vm_counts(&counts);
    resident = counts.resident_pages * KIB_PER_PAGE;
    proc_printf(out, "%08x-%08lx ---p 00000000 00:00 0 [rollup]\n", VM_ADDRESS_MIN,
                (unsigned long)USER_END);
    proc_printf(out, "Rss:            %8lu kB\nPss:            %8lu kB\n", resident, resident);
    proc_printf(out, "Private_Dirty:  %8lu kB\nAnonymous:      %8lu kB\n", resident, resident);
}

static void show_statm(struct proc_output *out, void *arg)
{
    struct vm_counts counts;

    (void)arg;
    vm_counts(&counts);
    proc_printf(out, "%lu %lu %u %lu 0 %lu 0\n", counts.size_bytes / PAGE_SIZE,
                counts.resident_pages, 0, counts.text_bytes / PAGE_SIZE,
                (counts.data_bytes + counts.stack_bytes) / PAGE_SIZE);
}

void vm_proc_init(void)
{
    procfs_add("1/maps", show_maps, NULL, NULL);
    procfs_add("1/smaps", show_smaps, NULL, NULL);
    procfs_add("1/smaps_rollup", show_smaps_rollup, NULL, NULL);
    procfs_add("1/statm", show_statm, NULL, NULL);
}
