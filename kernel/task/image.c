/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/image.h"

#include "abi/elf/elf.h"
#include "abi/linux/errors.h"
#include "abi/linux/mman.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/stat.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/log.h"
#include "kernel/debug/trace.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/uaccess.h"
#include "kernel/task/error_text.h"
#include "kernel/vm/vm.h"
#include "lib/base/num.h"
#include "lib/elf/elf.h"

/* A file that is being mapped. Too large for a stack; there is one at a time. */
static struct elf_image elf;
static u8 phdrs[ELF_PHDRS_MAX * sizeof(struct elf64_phdr)];

static int read_exact(struct file *file, u64 off, void *bytes, size_t size)
{
    u8 *next = bytes;

    while (size > 0) {
        struct iter iter;
        long count;

        iter_init_kernel(&iter, next, size);
        count = file_read(file, &iter, &off);
        if (count <= 0)
            return count < 0 ? (int)count : -EIO;
        next += count;
        off += (u64)count;
        size -= (size_t)count;
    }
    return 0;
}

static int fail(const char *path, const char *why, int err)
{
    log_error("program: '%s' %s", path, why);
    return err;
}

static int file_open(const char *path, const char *needed_by, struct file **file)
{
    int err = path_open(NULL, path, O_RDONLY | O_CLOEXEC, 0, file);
    u32 type;

    if (trace_active)
        trace_file(path, err);
    if (err < 0 && needed_by) {
        log_error("program: '%s' needs the interpreter '%s': %s", needed_by, path, error_text(err));
        return err;
    }
    if (err < 0) {
        log_error("program: cannot open '%s': %s", path, error_text(err));
        return err;
    }
    type = (*file)->inode ? (*file)->inode->mode & S_IFMT : 0;
    if (type == S_IFREG)
        return 0;
    file_put(*file);
    return fail(path, type == S_IFDIR ? "is a directory" : "is not a regular file", -EACCES);
}

/* What is no ELF file is a script at best, and there is nothing here that could run it. */
static int fail_script(const char *path, const u8 *start, u64 size)
{
    u64 first = 2;
    u64 end;

    if (size < 2 || start[0] != '#' || start[1] != '!')
        return fail(path, elf_error_text(ELF_NOT_ELF), -ENOEXEC);
    while (first < size && start[first] == ' ')
        first++;
    end = first;
    while (end < size && start[end] > ' ')
        end++;
    log_error("program: '%s' is a script for '%.*s': only ELF programs run here", path,
              (int)(end - first), (const char *)start + first);
    return -ENOEXEC;
}

/* Steps 1 to 3 of lib/elf/elf.h. */
static int headers_read(struct file *file, const char *path)
{
    u64 file_size = file->inode->size;
    u8 start[sizeof(struct elf64_ehdr)];
    struct elf_header header;
    enum elf_error error;
    int err = 0;

    err = read_exact(file, 0, start, u64_min(file_size, sizeof(start)));
    if (err == 0) {
        error = elf_header_parse(&header, start, u64_min(file_size, sizeof(start)), file_size);
        if (error == ELF_NOT_ELF)
            return fail_script(path, start, u64_min(file_size, sizeof(start)));
        if (error == ELF_WRONG_MACHINE) {
            log_error("program: '%s' is for %s, this machine is x86-64", path,
                      elf_machine_name(header.machine));
            return -ENOEXEC;
        }
        if (error != ELF_OK)
            return fail(path, elf_error_text(error), -ENOEXEC);
        err = read_exact(file, header.phdrs_off, phdrs, header.phdrs_size);
    }
    if (err < 0) {
        log_error("program: cannot read '%s': %s", path, error_text(err));
        return err;
    }
    error = elf_image_parse(&elf, &header, phdrs, file_size);
    return error == ELF_OK ? 0 : fail(path, elf_error_text(error), -ENOEXEC);
}

static int interpreter_read(struct file *file, const char *path, struct image *image)
{
    int err;

    image->interpreter = NULL;
    if (elf.interp_len == 0)
        return 0;
    image->interpreter = heap_alloc(elf.interp_len);
    if (!image->interpreter)
        return fail(path, "does not fit into memory", -ENOMEM);
    err = read_exact(file, elf.interp_off, image->interpreter, elf.interp_len);
    if (err == 0 && (elf.interp_len < 2 || image->interpreter[elf.interp_len - 1] != '\0' ||
                     image->interpreter[0] != '/'))
        err = fail(path, "names no proper interpreter", -ENOEXEC);
    if (err < 0) {
        heap_free(image->interpreter);
        image->interpreter = NULL;
    }
    return err;
}

static u32 segment_protection(const struct elf_segment *segment)
{
    u32 protection = 0;

    if (segment->flags & PF_R)
        protection |= PROT_READ;
    if (segment->flags & PF_W)
        protection |= PROT_WRITE;
    if (segment->flags & PF_X)
        protection |= PROT_EXEC;
    return protection;
}

static int map_at(u64 address, u64 size, u32 protection, struct file *file, u64 off)
{
    struct vm_map_request request = {
        .address = address,
        .size = size,
        .protection = protection,
        .flags = MAP_PRIVATE | MAP_FIXED | (file ? 0 : MAP_ANONYMOUS),
        .file = file,
        .off = off,
    };
    long result = vm_map(&request);

    return result < 0 ? (int)result : 0;
}

/* The file's part, the rest of its last page as zeros, and whole pages of zeros after it. */
static int segment_map(struct file *file, const struct elf_segment *segment, u64 base)
{
    u64 start = base + segment->vaddr;
    u64 page = align_down(start, PAGE_SIZE);
    u64 file_end = start + segment->file_size;
    u64 file_pages_end = align_up(file_end, PAGE_SIZE);
    u64 end = align_up(start + segment->mem_size, PAGE_SIZE);
    u32 protection = segment_protection(segment);
    int err = 0;

    if (segment->file_size == 0) {
        file_pages_end = page;
    } else {
        err = map_at(page, file_pages_end - page, protection, file, segment->off - (start - page));
    }
    if (err == 0 && end > file_pages_end)
        err = map_at(file_pages_end, end - file_pages_end, protection, NULL, 0);
    if (err == 0 && segment->mem_size > segment->file_size && segment->flags & PF_W &&
        segment->file_size != 0)
        err = zero_out(file_end, file_pages_end - file_end);
    return err;
}

/* Where it goes. The place is taken, so that the segments can be mapped over it. */
static long base_choose(bool is_program)
{
    u64 lo = align_down(elf.lo, elf.align); /* The distance moved is a multiple of it. */
    struct vm_map_request request = {
        .size = elf.hi - lo,
        .protection = PROT_NONE,
        .flags = MAP_PRIVATE | MAP_ANONYMOUS,
    };
    long address;

    if (elf.type == ET_EXEC)
        return 0;
    if (elf.align > PAGE_SIZE)
        request.size += elf.align;
    if (is_program)
        request.address = vm_image_base(request.size);
    address = vm_map(&request);
    if (address < 0)
        return address;
    return (long)(align_up((u64)address, elf.align) - lo);
}

static int segments_map(struct file *file, const char *path, bool is_program, struct image *image)
{
    long base = base_choose(is_program);
    int err = base < 0 ? (int)base : 0;

    for (u32 i = 0; i < elf.segment_count && err == 0; i++)
        err = segment_map(file, &elf.segments[i], (u64)base);
    if (err < 0) {
        log_error("program: cannot map '%s': %s", path, error_text(err));
        return err;
    }
    image->base = (u64)base;
    image->entry = (u64)base + elf.entry;
    image->phdrs = elf.phdr_vaddr != 0 ? (u64)base + elf.phdr_vaddr : 0;
    image->phnum = elf.phnum;
    image->end = (u64)base + elf.hi;
    image->stack_exec = elf.stack_exec;
    return 0;
}

int image_map(const char *path, const char *needed_by, struct image *image)
{
    struct file *file;
    int err = file_open(path, needed_by, &file);

    if (err < 0)
        return err;
    image->interpreter = NULL;
    err = headers_read(file, path);
    if (err == 0 && !needed_by)
        err = interpreter_read(file, path, image);
    if (err == 0)
        err = segments_map(file, path, !needed_by, image);
    if (err < 0) {
        heap_free(image->interpreter);
        image->interpreter = NULL;
    }
    file_put(file);
    return err;
}
