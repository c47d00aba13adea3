/* SPDX-License-Identifier: Apache-2.0 */
/* Names of unix sockets: paths, and abstract ones, which begin with a NUL. */
#include "abi/linux/errors.h"
#include "abi/linux/socket.h"
#include "abi/linux/stat.h"
#include "kernel/core/entropy.h"
#include "kernel/core/spinlock.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/mm/heap.h"
#include "kernel/socket/unix_internal.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"

enum {
    BUCKETS = 64,
    FAMILY_SIZE = sizeof(u16),
    AUTOBIND_LEN = 6, /* A NUL and five digits. */
    AUTOBIND_TRIES = 1 << 20,
    SOCKET_MODE = 0755,
};

static struct list abstract_names[BUCKETS]; /* Under unix_lock; filled in by the first use. */
static struct siphash_key key;

struct unix_address *unix_address_get(struct unix_address *address)
{
    if (address)
        __atomic_fetch_add(&address->refs, 1, __ATOMIC_RELAXED);
    return address;
}

void unix_address_put(struct unix_address *address)
{
    if (address && __atomic_fetch_sub(&address->refs, 1, __ATOMIC_ACQ_REL) == 1)
        heap_free(address);
}

void unix_address_emit(const struct unix_address *address, struct abi_sockaddr *name, u32 *len)
{
    name->family = AF_UNIX;
    *len = FAMILY_SIZE;
    if (!address)
        return;
    mem_copy(name, &address->name, address->len);
    *len = address->len;
}

static struct list *bucket_locked(const struct unix_address *address)
{
    if (!abstract_names[0].next) {
        random_bytes(&key, sizeof(key));
        for (u32 i = 0; i < BUCKETS; i++)
            list_init(&abstract_names[i]);
    }
    return &abstract_names[siphash(&key, address->name.path, address->len - FAMILY_SIZE) % BUCKETS];
}

static struct unix_socket *find_abstract_locked(const struct unix_address *address)
{
    struct list *bucket = bucket_locked(address);
    struct list *node;

    LIST_FOR_EACH (bucket, node) {
        struct unix_socket *us = LIST_ENTRY(node, struct unix_socket, name_link);

        if (us->address->len == address->len &&
            mem_equal(us->address->name.path, address->name.path, address->len - FAMILY_SIZE))
            return us;
    }
    return NULL;
}

/* A name as given: 0 and a new address; a path gets its NUL if it had none. */
static int address_parse(const struct abi_sockaddr *name, u32 len, struct unix_address **parsed)
{
    struct unix_address *address;
    u32 path_len;

    if (len <= FAMILY_SIZE || len > sizeof(struct abi_sockaddr_un) || name->family != AF_UNIX)
        return -EINVAL;
    address = heap_alloc_zero(sizeof(*address) + 1);
    if (!address)
        return -ENOMEM;
    address->refs = 1;
    address->len = len;
    mem_copy(&address->name, name, len);
    if (address->name.path[0] != '\0') {
        path_len = (u32)str_len_max(address->name.path, len - FAMILY_SIZE);
        address->len = FAMILY_SIZE + path_len;
        /* With its NUL, where there is room: as Linux reports it. */
        if (path_len < UNIX_PATH_MAX)
            address->len++;
    }
    *parsed = address;
    return 0;
}

/* The path, NUL-ended in any case. */
static void path_of(const struct unix_address *address, char path[UNIX_PATH_MAX + 1])
{
    mem_copy(path, address->name.path, UNIX_PATH_MAX);
    path[UNIX_PATH_MAX] = '\0';
}

static int bind_path(struct unix_socket *us, struct unix_address *address)
{
    char path[UNIX_PATH_MAX + 1];
    struct path_node *node;
    int err;

    path_of(address, path);
    err = path_create(NULL, path, S_IFSOCK | SOCKET_MODE, 0, &node);
    if (err < 0)
        return err == -EEXIST ? -EADDRINUSE : err;
    spin_lock(&unix_lock);
    us->address = address;
    us->path = node;
    path_node_inode(node)->bound = us;
    spin_unlock(&unix_lock);
    return 0;
}

static int bind_abstract(struct unix_socket *us, struct unix_address *address)
{
    int err = -EADDRINUSE;

    spin_lock(&unix_lock);
    if (!find_abstract_locked(address)) {
        us->address = address;
        list_push_back(bucket_locked(address), &us->name_link);
        err = 0;
    }
    spin_unlock(&unix_lock);
    return err;
}

/* bind() with the family alone: some free abstract name. */
static int bind_any(struct unix_socket *us)
{
    struct unix_address *address = heap_alloc_zero(sizeof(*address));
    u32 number = (u32)random_below(AUTOBIND_TRIES);
    int err = -EADDRINUSE;

    if (!address)
        return -ENOMEM;
    address->refs = 1;
    address->len = FAMILY_SIZE + AUTOBIND_LEN;
    address->name.family = AF_UNIX;
    for (u32 i = 0; i < AUTOBIND_TRIES && err == -EADDRINUSE; i++) {
        u32 digits = (number + i) % AUTOBIND_TRIES;

        for (u32 k = 0; k < 5; k++)
            address->name.path[1 + k] = "0123456789abcdef"[digits >> (16 - 4 * k) & 15];
        err = bind_abstract(us, address);
    }
    if (err < 0)
        heap_free(address);
    return err;
}

static int bind_name(struct unix_socket *us, const struct abi_sockaddr *name, u32 len)
{
    struct unix_address *address;
    int err;

    if (len == FAMILY_SIZE && name->family == AF_UNIX)
        return bind_any(us);
    err = address_parse(name, len, &address);
    if (err < 0)
        return err;
    if (address->name.path[0] != '\0') {
        err = bind_path(us, address);
    } else {
        err = bind_abstract(us, address);
    }
    if (err < 0)
        heap_free(address);
    return err;
}

/* Making the file may sleep, so no lock keeps a second thread out: a mark does. */
int unix_address_bind(struct unix_socket *us, const struct abi_sockaddr *name, u32 len)
{
    int err = -EINVAL;
    bool is_mine;

    spin_lock(&unix_lock);
    is_mine = !us->address && !us->binding;
    if (is_mine)
        us->binding = true;
    spin_unlock(&unix_lock);
    if (!is_mine)
        return -EINVAL;
    err = bind_name(us, name, len);
    spin_lock(&unix_lock);
    us->binding = false;
    spin_unlock(&unix_lock);
    return err;
}

static int find_path(const struct unix_address *address, struct unix_socket **found)
{
    char path[UNIX_PATH_MAX + 1];
    struct path_node *node;
    struct inode *inode;
    int err;

    path_of(address, path);
    err = path_find(NULL, path, 0, &node);
    if (err < 0)
        return err;
    inode = path_node_inode(node);
    err = -ECONNREFUSED;
    spin_lock(&unix_lock);
    if ((inode->mode & S_IFMT) == S_IFSOCK && inode->bound) {
        *found = unix_get(inode->bound);
        err = 0;
    }
    spin_unlock(&unix_lock);
    path_node_put(node);
    return err;
}

int unix_address_find(const struct abi_sockaddr *name, u32 len, struct unix_socket **found)
{
    struct unix_address *address;
    int err = address_parse(name, len, &address);

    if (err < 0)
        return err;
    if (address->name.path[0] != '\0') {
        err = find_path(address, found);
    } else {
        spin_lock(&unix_lock);
        *found = find_abstract_locked(address);
        if (*found)
            unix_get(*found);
        spin_unlock(&unix_lock);
        err = *found ? 0 : -ECONNREFUSED;
    }
    heap_free(address);
    return err;
}

void unix_address_drop(struct unix_socket *us)
{
    struct path_node *node;

    spin_lock(&unix_lock);
    list_remove(&us->name_link);
    node = us->path;
    us->path = NULL;
    if (node && path_node_inode(node)->bound == us)
        path_node_inode(node)->bound = NULL;
    spin_unlock(&unix_lock);
    if (node)
        path_node_put(node);
}
