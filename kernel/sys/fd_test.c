/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls on descriptors and files against the real modules beneath. What matters beside the
 * results is the reference counts: a leak here keeps a socket open for ever, a double put frees it
 * under someone.
 */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "kernel/file/fdtable.h"
#include "kernel/file/file.h"
#include "kernel/fs/page_cache.h"
#include "kernel/fs/path.h"
#include "kernel/fs/path_node.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/iter.h"
#include "kernel/mm/page.h"
#include "kernel/sys/dispatch.h"
#include "kernel/task/signal.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

/* ---- kernel/task, as far as these calls need it. ---- */

static int signals_sent;

void signal_send_self(int signal)
{
    (void)signal;
    signals_sent++;
}

int signal_mask_set_for_wait_user(uaddr_t mask, size_t size)
{
    return mask && size != 8 ? -EINVAL : 0;
}

long signal_mask_wait_end(long result)
{
    return result;
}

long signal_restart_block(long (*resume)(const u64 *words), const u64 words[RESTART_WORDS])
{
    (void)resume;
    (void)words;
    return -ERESTART_RESTARTBLOCK;
}

/* ---- Fixtures. ---- */

static const struct file_ops nothing = { .name = "nothing" };
static struct file *apple;
static struct file *pear;

/* 3 names apple and 4 names pear; the table's references are the only ones. */
static void open_two_files(void)
{
    struct fdtable *table = current_fdtable();
    struct file *displaced;

    fdtable_init(table);
    apple = file_create(&nothing, NULL, FILE_READABLE);
    pear = file_create(&nothing, NULL, FILE_READABLE);
    CHECK_EQ(fdtable_replace(table, 3, apple, false, &displaced), 0);
    CHECK_EQ(fdtable_replace(table, 4, pear, false, &displaced), 0);
}

static uaddr_t user(const void *pointer)
{
    return (uaddr_t)(uintptr_t)pointer;
}

static void boot(void)
{
    fdtable_init(current_fdtable());
    path_nodes_init();
    page_cache_setup();
    CHECK_EQ(path_mount_root(tmpfs_create(16 << 20), "root"), 0);
}

/* ---- Tests. ---- */

TEST(dup3, names_the_same_file_and_closes_the_old_one)
{
    open_two_files();

    CHECK_EQ(sys_dup3(3, 4, 0), 4);
    CHECK_EQ(apple->refs, 2);
    CHECK_EQ(file_count(), 1);
}

TEST(dup3, sets_cloexec_on_the_new_descriptor_only)
{
    open_two_files();

    CHECK_EQ(sys_dup3(3, 9, O_CLOEXEC), 9);
    CHECK_EQ(sys_fcntl(9, F_GETFD, 0), FD_CLOEXEC);
    CHECK_EQ(sys_fcntl(3, F_GETFD, 0), 0);
}

TEST(dup3, leaves_no_reference_behind_when_it_fails)
{
    static const struct {
        int oldfd;
        int newfd;
        int flags;
        int error;
    } refused[] = {
        { 3, 3, 0, -EINVAL },                  /* dup2() would return 3. */
        { 3, 4, 1, -EINVAL },                  /* No such flag. */
        { 5, 4, 0, -EBADF },                   /* 5 is not open. */
        { -1, 4, 0, -EBADF },                  /* Below the table. */
        { 3, -1, 0, -EBADF },                  /* Likewise. */
        { 3, FDTABLE_SIZE_DEFAULT, 0, -EBADF } /* Just past the limit. */
    };

    open_two_files();

    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        CHECK_EQ(sys_dup3(refused[i].oldfd, refused[i].newfd, refused[i].flags), refused[i].error);
        CHECK_EQ(apple->refs, 1);
        CHECK_EQ(pear->refs, 1);
    }
}

TEST(close, gives_the_tables_reference_back_once)
{
    open_two_files();

    CHECK_EQ(sys_close(3), 0);
    CHECK_EQ(file_count(), 1);
    CHECK_EQ(sys_close(3), -EBADF);
    CHECK_EQ(sys_close_range(0, UINT32_MAX, 0), 0);
    CHECK_EQ(file_count(), 0);
    CHECK_EQ(sys_close_range(5, 4, 0), -EINVAL);
    CHECK_EQ(sys_close_range(0, 1, 1), -EINVAL);
}

TEST(fcntl, shows_and_changes_the_flags_that_may_change)
{
    int fds[2];

    boot();
    CHECK_EQ(sys_pipe2(user(fds), O_NONBLOCK | O_CLOEXEC), 0);
    CHECK_EQ(sys_fcntl(fds[0], F_GETFL, 0), O_RDONLY | O_NONBLOCK);
    CHECK_EQ(sys_fcntl(fds[1], F_GETFL, 0), O_WRONLY | O_NONBLOCK);
    CHECK_EQ(sys_fcntl(fds[1], F_SETFL, O_RDWR | O_APPEND), 0);
    CHECK_EQ(sys_fcntl(fds[1], F_GETFL, 0), O_WRONLY | O_APPEND);
    CHECK_EQ(sys_fcntl(fds[0], F_DUPFD, 50), 50);
    CHECK_EQ(sys_fcntl(fds[0], F_DUPFD, (u64)INT32_MAX + 1), -EINVAL);
    CHECK_EQ(sys_fcntl(fds[0], 9999, 0), -EINVAL);
    CHECK_EQ(sys_fcntl(99, F_GETFD, 0), -EBADF);
    CHECK_EQ(sys_fcntl(fds[0], F_GETPIPE_SZ, 0), 65536);
}

TEST(write, to_a_pipe_without_readers_sends_a_signal)
{
    int fds[2];

    boot();
    CHECK_EQ(sys_pipe(user(fds)), 0);
    CHECK_EQ(sys_close(fds[0]), 0);
    CHECK_EQ(sys_write(fds[1], user("x"), 1), -EPIPE);
    CHECK_EQ(signals_sent, 1);
    CHECK_EQ(sys_write(fds[1], user("x"), 0), 0);
    CHECK_EQ(sys_pipe(16), -EFAULT);
    CHECK_EQ(file_count(), 1);
}

TEST(readv, fills_pieces_and_refuses_bad_ones)
{
    char a[3];
    char b[5];
    struct iovec_user pieces[2] = { { user(a), 3 }, { user(b), 5 } };
    struct iovec_user bad = { user(a), (u64)INT64_MAX + 1 };
    long fd;

    boot();
    fd = sys_open(user("/f"), O_RDWR | O_CREAT, 0600);
    CHECK_EQ(fd, 0);
    CHECK_EQ(sys_write((int)fd, user("abcdefg"), 7), 7);
    CHECK_EQ(sys_lseek((int)fd, 0, SEEK_SET), 0);
    CHECK_EQ(sys_readv((int)fd, user(pieces), 2), 7);
    CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "defg", 4) == 0);
    CHECK_EQ(sys_readv((int)fd, user(&bad), 1), -EINVAL);
    CHECK_EQ(sys_readv((int)fd, user(pieces), IOV_MAX + 1), -EINVAL);
    CHECK_EQ(sys_readv((int)fd, 16, 2), -EFAULT);
    CHECK_EQ(sys_readv((int)fd, user(pieces), 0), 0);
    CHECK_EQ(sys_preadv((int)fd, user(pieces), 2, 5, 0), 2);
    CHECK_EQ(sys_pread64((int)fd, user(a), 3, -1), -EINVAL);
    CHECK_EQ(sys_pwrite64((int)fd, 16, 3, 0), -EFAULT);
    CHECK_EQ(sys_close((int)fd), 0);
    CHECK_EQ(file_count(), 0);
}

TEST(sendfile, moves_from_the_position_or_the_offset)
{
    char text[16];
    s64 off = 2;
    int fds[2];

    boot();
    CHECK_EQ(sys_open(user("/f"), O_RDWR | O_CREAT, 0600), 0);
    CHECK_EQ(sys_write(0, user("0123456789"), 10), 10);
    CHECK_EQ(sys_pipe2(user(fds), O_NONBLOCK), 0);
    CHECK_EQ(sys_sendfile(fds[1], 0, user(&off), 3), 3);
    CHECK_EQ(off, 5);
    CHECK_EQ(sys_lseek(0, 8, SEEK_SET), 8);
    CHECK_EQ(sys_sendfile(fds[1], 0, 0, 100), 2);
    CHECK_EQ(sys_lseek(0, 0, SEEK_CUR), 10);
    CHECK_EQ(sys_sendfile(fds[1], 0, 0, 100), 0);
    CHECK_EQ(sys_read(fds[0], user(text), sizeof(text)), 5);
    CHECK(memcmp(text, "23489", 5) == 0);
    CHECK_EQ(sys_sendfile(fds[0], 0, 0, 1), -EBADF);
    CHECK_EQ(sys_sendfile(fds[1], fds[0], 0, 1), -EINVAL);
    CHECK_EQ(sys_open(user("/g"), O_RDWR | O_CREAT, 0600), 3);
    CHECK_EQ(sys_sendfile(3, 0, user(&off), 100), 5);
    CHECK_EQ(sys_pread64(3, user(text), sizeof(text), 0), 5);
    CHECK(memcmp(text, "56789", 5) == 0);
}

static u32 pages_sent;
static u32 pages_with_more;

static long note_page(struct file *file, struct page *page, u32 off, u32 len, u32 flags)
{
    (void)file;
    (void)page;
    (void)off;
    pages_sent++;
    pages_with_more += (flags & FILE_MORE) != 0;
    return len;
}

TEST(sendfile, says_of_each_page_but_the_last_that_more_comes)
{
    static const struct file_ops ops = { .name = "sink", .send_page = note_page };
    static char text[10000];
    int out;

    boot();
    CHECK_EQ(sys_open(user("/f"), O_RDWR | O_CREAT, 0600), 0);
    CHECK_EQ(sys_write(0, user(text), sizeof(text)), sizeof(text));
    out = fdtable_insert(current_fdtable(), file_create(&ops, NULL, FILE_WRITABLE), 0, false);
    CHECK_EQ(sys_lseek(0, 0, SEEK_SET), 0);
    CHECK_EQ(sys_sendfile(out, 0, 0, 20000), 10000);
    CHECK_EQ(pages_sent, 3);
    CHECK_EQ(pages_with_more, 2);
    CHECK_EQ(sys_lseek(0, 4096, SEEK_SET), 4096);
    CHECK_EQ(sys_sendfile(out, 0, 0, 4096), 4096);
    CHECK_EQ(pages_sent, 4);
    CHECK_EQ(pages_with_more, 2);
}

TEST(stat, tells_files_links_and_pipes_apart)
{
    struct linux_stat stat;
    int fds[2];

    boot();
    CHECK_EQ(sys_umask(077), 022);
    CHECK_EQ(sys_mkdir(user("/d"), 0777), 0);
    CHECK_EQ(sys_open(user("/d/f"), O_WRONLY | O_CREAT, 0666), 0);
    CHECK_EQ(sys_write(0, user("hello"), 5), 5);
    CHECK_EQ(sys_symlink(user("d/f"), user("/l")), 0);
    CHECK_EQ(sys_stat(user("/l"), user(&stat)), 0);
    CHECK_EQ(stat.st_mode, S_IFREG | 0600);
    CHECK_EQ(stat.st_size, 5);
    CHECK_EQ(stat.st_blocks, 8);
    CHECK_EQ(sys_lstat(user("/l"), user(&stat)), 0);
    CHECK_EQ(stat.st_mode & S_IFMT, S_IFLNK);
    CHECK_EQ(stat.st_size, 3);
    CHECK_EQ(sys_stat(user("/d"), user(&stat)), 0);
    CHECK_EQ(stat.st_mode, S_IFDIR | 0700);
    CHECK_EQ(stat.st_nlink, 2);
    CHECK_EQ(sys_pipe(user(fds)), 0);
    CHECK_EQ(sys_fstat(fds[0], user(&stat)), 0);
    CHECK_EQ(stat.st_mode & S_IFMT, S_IFIFO);
    CHECK_EQ(sys_newfstatat(0, user(""), user(&stat), AT_EMPTY_PATH), 0);
    CHECK_EQ(stat.st_size, 5);
    CHECK_EQ(sys_newfstatat(0, user("x"), user(&stat), 0), -ENOTDIR);
    CHECK_EQ(sys_newfstatat(99, user("x"), user(&stat), 0), -EBADF);
    CHECK_EQ(sys_stat(user("/d/f"), 16), -EFAULT);
    CHECK_EQ(sys_access(user("/d/f"), 1), -EACCES);
    CHECK_EQ(sys_access(user("/d/f"), 6), 0);
    CHECK_EQ(sys_access(user("/d/f"), 8), -EINVAL);
}

TEST(getdents, lists_all_in_pieces_of_any_size)
{
    static u8 buffer[4096];
    char name[32];
    u32 count = 0;
    long fd;
    long len;

    boot();
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "/file%d", i);
        CHECK_EQ(sys_close((int)sys_creat(user(name), 0600)), 0);
    }
    fd = sys_open(user("/"), O_RDONLY | O_DIRECTORY, 0);
    CHECK_EQ(sys_getdents64((int)fd, user(buffer), 10), -EINVAL);
    for (len = sys_getdents64((int)fd, user(buffer), 100); len > 0;
         len = sys_getdents64((int)fd, user(buffer), 100 + count)) {
        for (long at = 0; at < len; count++) {
            struct linux_dirent64 *entry = (void *)(buffer + at);

            CHECK(entry->d_type == DT_REG || entry->d_type == DT_DIR);
            at += entry->d_reclen;
        }
    }
    CHECK_EQ(len, 0);
    CHECK_EQ(count, 102);
    CHECK_EQ(sys_lseek((int)fd, 0, SEEK_SET), 0);
    CHECK(sys_getdents((int)fd, user(buffer), sizeof(buffer)) > 0);
}

TEST(select, answers_in_sets)
{
    u64 readable[2] = { 0 };
    u64 writable[2] = { 0 };
    s64 now[2] = { 0, 0 };
    int fds[2];

    boot();
    CHECK_EQ(sys_pipe(user(fds)), 0);
    readable[0] = (u64)1 << fds[0];
    writable[0] = (u64)1 << fds[1];
    CHECK_EQ(sys_select(100, user(readable), user(writable), 0, user(now)), 1);
    CHECK_EQ(readable[0], 0);
    CHECK_EQ(writable[0], (u64)1 << fds[1]);
    CHECK_EQ(sys_write(fds[1], user("x"), 1), 1);
    readable[0] = (u64)1 << fds[0];
    CHECK_EQ(sys_select(100, user(readable), user(writable), 0, user(now)), 2);
    readable[0] = (u64)1 << 60;
    CHECK_EQ(sys_select(100, user(readable), 0, 0, user(now)), -EBADF);
    CHECK_EQ(sys_select(-1, 0, 0, 0, user(now)), -EINVAL);
}

TEST(epoll, is_there_for_the_program)
{
    struct linux_epoll_event event = { .events = POLLIN, .data = 42 };
    struct linux_epoll_event got[4];
    int fds[2];
    int epfd;

    boot();
    CHECK_EQ(sys_pipe(user(fds)), 0);
    epfd = (int)sys_epoll_create1(0);
    CHECK_EQ(sys_epoll_ctl(epfd, EPOLL_CTL_ADD, fds[0], user(&event)), 0);
    CHECK_EQ(sys_epoll_ctl(epfd, 9, fds[0], user(&event)), -EINVAL);
    CHECK_EQ(sys_epoll_ctl(epfd, EPOLL_CTL_ADD, epfd, user(&event)), -EINVAL);
    CHECK_EQ(sys_epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], user(&event)), -EINVAL);
    CHECK_EQ(sys_epoll_ctl(epfd, EPOLL_CTL_ADD, 99, user(&event)), -EBADF);
    CHECK_EQ(sys_epoll_ctl(epfd, EPOLL_CTL_ADD, fds[1], 16), -EFAULT);
    CHECK_EQ(sys_epoll_wait(epfd, user(got), 4, 0), 0);
    CHECK_EQ(sys_write(fds[1], user("x"), 1), 1);
    CHECK_EQ(sys_epoll_wait(epfd, user(got), 4, -1), 1);
    CHECK_EQ(got[0].data, 42);
    CHECK_EQ(sys_epoll_wait(epfd, user(got), 0, 0), -EINVAL);
    CHECK_EQ(sys_close(fds[0]), 0);
    CHECK_EQ(sys_epoll_wait(epfd, user(got), 4, 0), 0);
}
