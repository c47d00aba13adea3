/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The program's address space: areas in an ordered tree, pages on demand.
 *
 * Every call may sleep; all addresses come from the program and are checked. Errors are those of
 * the system calls' manual pages. There is one address space, so no call names it.
 */

#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/mm/page.h"
#include "lib/base/types.h"

enum vm_protection {
    VM_READ = 1u << 0, /* PROT_READ, and so on. */
    VM_WRITE = 1u << 1,
    VM_EXEC = 1u << 2,
};

struct vm_map_request {
    u64 address; /* A wish, or where it must be with MAP_FIXED. */
    u64 size;
    u32 protection;    /* PROT_ bits, abi/linux/mman.h */
    u32 flags;         /* MAP_ bits */
    struct file *file; /* NULL for private anonymous memory; a reference is taken. */
    u64 off;           /* In the file. */
};

/* mmap(2): the address, or a negative error number. */
long vm_map(const struct vm_map_request *request) MUST_USE;
int vm_unmap(u64 address, u64 size) MUST_USE;
int vm_protect(u64 address, u64 size, u32 protection) MUST_USE;
long vm_remap(u64 address, u64 old_size, u64 new_size, u32 flags, u64 new_address) MUST_USE;
int vm_advise(u64 address, u64 size, int advice) MUST_USE;
int vm_sync(u64 address, u64 size, u32 flags) MUST_USE;
int vm_resident(u64 address, u64 size, uaddr_t vector) MUST_USE; /* mincore(2) */
u64 vm_set_break(u64 address);                                   /* brk(2): the break afterwards. */

/*
 * mlock(2): brings [address, address + size) in; nothing is ever paged out. munlock() with `on`
 * false.
 */
int vm_lock(u64 address, u64 size, bool on, bool populate) MUST_USE;
void vm_lock_future(bool on);

/* Resource limits in bytes, ~0 for none. */
void vm_set_limits(u64 size, u64 data, u64 stack);

/* What a page fault comes to. */
enum vm_fault {
    VM_FAULT_DONE,    /* The page is there now. */
    VM_FAULT_NO_AREA, /* SIGSEGV, SEGV_MAPERR */
    VM_FAULT_DENIED,  /* SIGSEGV, SEGV_ACCERR */
    VM_FAULT_NO_DATA, /* SIGBUS: beyond the end of the file, or it could not be read. */
    VM_FAULT_NO_MEMORY,
};

/* Brings the page at `address` in. `access` is of enum fault_access. May sleep. */
enum vm_fault vm_fault(u64 address, u32 access);

/*
 * Random places for one program start, and the break's start after its image. Before the first map.
 */
void vm_init(void);

/* Everything goes to the start of its range instead, for a debugger. Before vm_init(). */
void vm_place_fixed(void);
void vm_start_break(u64 image_end);

/*
 * An area for the first thread's stack, growing down to `limit` bytes, with a guard gap. Its top,
 * or a negative error number.
 */
long vm_map_stack(u64 limit, bool executable) MUST_USE;

/* A random base for a position-independent image of `size` bytes. */
u64 vm_image_base(u64 size);

/*
 * Maps the kernel's vDSO page(s) and its data; the address of its ELF header for AT_SYSINFO_EHDR,
 * or 0.
 */
u64 vm_map_vdso(void);

/* The time of day was set: tells the vDSO. */
void vm_vdso_update(void);

/* Part of a file is gone and leaves the program's mappings: an inode_unmap_fn. */
void vm_file_unmap(struct inode *inode, u64 from, u64 to, bool copies_too);

/* Memory is low, a page of a file is to leave the program's mappings: a page_unmap_fn. */
bool vm_unmap_cached(struct page_cache *cache, struct page *page, bool used,
                     struct page_unmapped *unmapped);

/*
 * For the futex key of a shared mapping: the inode and offset behind `address`. False for private
 * memory.
 */
bool vm_shared_key(u64 address, struct inode **inode, u64 *off);

struct vm_area_info {
    u64 start;
    u64 end;
    u32 protection; /* PROT_ bits */
    bool shared;
    u64 off;
    u64 resident_pages;
    struct file *file; /* NULL: anonymous. */
    const char *name;  /* "[heap]", "[stack]", "[vdso]", or NULL. */
};
/* Visits the areas in order; false from `visit` ends it. The visitor must not call vm functions. */
void vm_for_each_area(bool (*visit)(void *arg, const struct vm_area_info *area), void *arg);

/*
 * For a fault report and for /proc: what covers `address`. False when nothing does. A file
 * reference is given.
 */
bool vm_find_area(u64 address, struct vm_area_info *area);

/* Registers /proc/self/maps and its relatives. Once, after fs_init(). */
void vm_proc_init(void);

struct vm_counts {
    u64 size_bytes;     /* All areas. */
    u64 resident_pages; /* Pages present. */
    u64 data_bytes, stack_bytes, text_bytes;
    u64 faults_minor, faults_major;
};
void vm_counts(struct vm_counts *counts);
