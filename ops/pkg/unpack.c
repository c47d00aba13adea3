/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/unpack.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/pkg/entry_name.h"
#include "ops/pkg/made.h"
#include "ops/pkg/reader.h"
#include "ops/pkg/spot.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_SIZE = 256 << 10,
};

/* One archive on its way. */
struct job {
    struct unpack *unpack;
    struct archive *archive;
    const char *name; /* Of the archive, for messages. */
    unsigned flags;   /* enum unpack_flags */
    struct made made;
    struct made emptied; /* Directories of which nothing older is left. */
    uint64_t size;       /* Bytes of files out of this archive. */
};

int unpack_init(struct unpack *unpack, const char *dir, struct err *err)
{
    *unpack = (struct unpack){ .dir = dir };
    unpack->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return unpack->dir_fd < 0 ? err_set_errno(err, "cannot open '%s'", dir) : 0;
}

void unpack_fini(struct unpack *unpack)
{
    if (unpack->dir_fd >= 0)
        close(unpack->dir_fd);
    unpack->dir_fd = -1;
}

/* Refuses an entry, and the archive with it. */
static int refuse(const struct job *job, const char *entry, const char *why, struct err *err)
{
    char *shown = entry_name_show(entry);

    err_set(err, "%s: entry '%s' %s", job->name, shown, why);
    free(shown);
    return -1;
}

/* Sets `*wrong` when the content is to be refused. Returns 0, or -1 with `err` set. */
static int content_copy(struct job *job, int fd, const char **wrong, struct err *err)
{
    const void *bytes;
    size_t size;
    int64_t off;
    int status = archive_read_data_block(job->archive, &bytes, &size, &off);

    for (; status == ARCHIVE_OK && !*wrong;
         status = archive_read_data_block(job->archive, &bytes, &size, &off)) {
        job->size += size;
        if (reader_is_bomb(job->archive, job->size))
            *wrong = "is a bomb: it unpacks to too much";
        if (!*wrong && pwrite_all(fd, bytes, size, off) < 0)
            return err_set_errno(err, "cannot write below '%s'", job->unpack->dir);
    }
    if (!*wrong && status != ARCHIVE_EOF)
        return err_set(err, "%s: damaged: %s", job->name, archive_error_string(job->archive));
    return 0;
}

static int file_add(struct job *job, struct archive_entry *entry, const struct spot *spot,
                    struct err *err)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { 0 } };
    const char *wrong = NULL;
    int64_t size = archive_entry_size(entry);
    int fd;
    int status;

    if (size < 0 || (uint64_t)size > UNPACK_SIZE_MAX - job->unpack->size)
        return refuse(job, spot->path, "makes it larger than any archive may be", err);
    job->unpack->size += (uint64_t)size;
    fd = openat(spot->dir_fd, spot->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                0600);
    if (fd < 0)
        return err_set_errno(err, "cannot make '%s/%s'", job->unpack->dir, spot->path);
    status = content_copy(job, fd, &wrong, err);
    if (status == 0 && wrong)
        status = refuse(job, spot->path, wrong, err);
    times[1].tv_sec = archive_entry_mtime(entry);
    if (status == 0 && (ftruncate(fd, size) < 0 || futimens(fd, times) < 0 ||
                        fchmod(fd, (archive_entry_perm(entry) & 0777) | 0600) < 0))
        status = err_set_errno(err, "cannot write '%s/%s'", job->unpack->dir, spot->path);
    close(fd);
    return status;
}

static int link_add(struct job *job, struct archive_entry *entry, const struct spot *spot,
                    struct err *err)
{
    const char *target = archive_entry_symlink(entry);

    if (!target)
        target = archive_entry_symlink_utf8(entry);
    if (!target || *target == '\0')
        return refuse(job, spot->path, "is a link that leads nowhere", err);
    if (entry_link_climbs(spot->path, target))
        return refuse(job, spot->path, "is a link that leads out of the archive", err);
    if (symlinkat(target, spot->dir_fd, spot->name) < 0)
        return err_set_errno(err, "cannot make '%s/%s'", job->unpack->dir, spot->path);
    return 0;
}

/* Why what is at `from` gets no second name at `path`, or NULL. */
static const char *hard_link_check(const struct spot *from, const char *path)
{
    char target[PATH_MAX];
    struct stat st;
    ssize_t len;

    if (fstatat(from->dir_fd, from->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return "does not exist";
    if (S_ISREG(st.st_mode))
        return NULL;
    len = readlinkat(from->dir_fd, from->name, target, sizeof(target) - 1);
    if (len < 0)
        return "is neither file nor link";
    target[len] = '\0';
    return entry_link_climbs(path, target) ? "leads out of the archive from there" : NULL;
}

static int hard_link_add(struct job *job, const char *target, const struct spot *spot,
                         struct err *err)
{
    char *clean;
    const char *wrong = entry_name_check(target, &clean);
    struct spot from = { .dir_fd = -1 };
    int status = 0;

    if (!wrong && *clean == '\0')
        wrong = "does not exist";
    if (!wrong)
        wrong = spot_open(&from, job->unpack->dir_fd, clean, false);
    if (!wrong)
        wrong = hard_link_check(&from, spot->path);
    if (wrong) {
        char *text = xasprintf("is a hard link to what %s", wrong);

        status = refuse(job, spot->path, text, err);
        free(text);
    } else if (strcmp(from.path, spot->path) != 0) {
        spot_clear(spot, NULL);
        if (linkat(from.dir_fd, from.name, spot->dir_fd, spot->name, 0) < 0)
            status = err_set_errno(err, "cannot make '%s/%s'", job->unpack->dir, spot->path);
    }
    spot_close(&from);
    free(clean);
    return status;
}

static int dir_add(struct job *job, struct archive_entry *entry, const struct spot *spot,
                   struct err *err)
{
    mode_t mode = (archive_entry_perm(entry) & 0777) | 0700;
    struct stat st;
    bool is_there = fstatat(spot->dir_fd, spot->name, &st, AT_SYMLINK_NOFOLLOW) == 0;

    if (is_there && S_ISLNK(st.st_mode) && (job->flags & UNPACK_KEEP_LINKS) != 0)
        return 0;
    if (is_there && !S_ISDIR(st.st_mode)) {
        spot_clear(spot, NULL);
        is_there = false;
    }
    if (!is_there && mkdirat(spot->dir_fd, spot->name, mode) < 0)
        return err_set_errno(err, "cannot make '%s/%s'", job->unpack->dir, spot->path);
    if (fchmodat(spot->dir_fd, spot->name, mode, 0) < 0)
        return err_set_errno(err, "cannot make '%s/%s'", job->unpack->dir, spot->path);
    return 0;
}

static int thing_add(struct job *job, struct archive_entry *entry, const struct spot *spot,
                     struct err *err)
{
    const char *target = archive_entry_hardlink(entry);

    if (target)
        return hard_link_add(job, target, spot, err);
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return dir_add(job, entry, spot, err);
    spot_clear(spot, NULL);
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return file_add(job, entry, spot, err);
    case AE_IFLNK:
        return link_add(job, entry, spot, err);
    case AE_IFCHR:
    case AE_IFBLK:
        return refuse(job, spot->path, "is a device", err);
    default:
        return refuse(job, spot->path, "is neither file, directory nor link", err);
    }
}

/* Whether the directory of `spot`, or one above it, was emptied: once is enough for a layer. */
static bool is_emptied(const struct job *job, const struct spot *spot)
{
    char *path = xstrdup(spot->path);
    char *slash;
    bool found = made_has(&job->emptied, "");

    while (!found && (slash = strrchr(path, '/')) != NULL) {
        *slash = '\0';
        found = made_has(&job->emptied, path);
    }
    free(path);
    return found;
}

static void dir_empty(struct job *job, const struct spot *spot)
{
    size_t len = strlen(spot->path) - strlen(spot->name);
    char *dir = xstrndup(spot->path, len > 0 ? len - 1 : 0);

    if (!is_emptied(job, spot)) {
        spot_empty(spot, &job->made);
        made_add(&job->emptied, dir);
    }
    free(dir);
}

/* A name that begins with ".wh.". */
static int whiteout(struct job *job, const struct spot *spot, struct err *err)
{
    struct spot hidden = *spot;
    char *path;

    if (strcmp(spot->name, ".wh..wh..opq") == 0) {
        dir_empty(job, spot);
        return 0;
    }
    if (strncmp(spot->name, ".wh..wh.", 8) == 0) /* Notes of aufs to itself. */
        return 0;
    hidden.name = spot->name + strlen(".wh.");
    if (*hidden.name == '\0' || strcmp(hidden.name, ".") == 0 || strcmp(hidden.name, "..") == 0)
        return refuse(job, spot->path, "takes away nothing", err);
    path = xasprintf("%.*s%s", (int)(strlen(spot->path) - strlen(spot->name)), spot->path,
                     hidden.name);
    hidden.path = path;
    spot_clear(&hidden, &job->made);
    free(path);
    return 0;
}

static int entry_add(struct job *job, struct archive_entry *entry, const char *path,
                     struct err *err)
{
    struct spot spot = { .dir_fd = -1 };
    const char *wrong = spot_open(&spot, job->unpack->dir_fd, path, true);
    int status;

    job->unpack->entries += spot.made;
    if (wrong) {
        status = refuse(job, path, wrong, err);
    } else if ((job->flags & UNPACK_LAYER) != 0 && strncmp(spot.name, ".wh.", 4) == 0) {
        status = whiteout(job, &spot, err);
    } else {
        status = thing_add(job, entry, &spot, err);
        if ((job->flags & UNPACK_LAYER) != 0)
            made_add(&job->made, path);
        if (job->unpack->record && archive_entry_filetype(entry) != AE_IFDIR)
            strings_add(job->unpack->record, path);
    }
    spot_close(&spot);
    return status;
}

static int entry_see(struct job *job, struct archive_entry *entry, struct err *err)
{
    const char *name = archive_entry_pathname(entry);
    const char *wrong;
    char *path;
    int status = 0;

    if (!name) /* Not to be said in this locale. */
        name = archive_entry_pathname_utf8(entry);
    if (!name || *name == '\0')
        return refuse(job, "", "has no name", err);
    if (++job->unpack->entries > UNPACK_ENTRIES_MAX)
        return refuse(job, name, "is one too many", err);
    wrong = entry_name_check(name, &path);
    if (wrong) {
        status = refuse(job, name, wrong, err);
    } else if (*path != '\0') {
        status = entry_add(job, entry, path, err);
    }
    free(path);
    return status;
}

static int entries_read(struct job *job, struct err *err)
{
    for (;;) {
        struct archive_entry *entry;
        int status = archive_read_next_header(job->archive, &entry);

        if (status == ARCHIVE_EOF)
            return 0;
        if (status == ARCHIVE_RETRY)
            continue;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return err_set(err, "%s: damaged: %s", job->name, archive_error_string(job->archive));
        if (entry_see(job, entry, err) < 0)
            return -1;
    }
}

int unpack_archive(struct unpack *unpack, const char *path, const char *name, unsigned flags,
                   struct err *err)
{
    struct job job = { .unpack = unpack, .archive = reader_create(), .name = name, .flags = flags };
    int status;

    (void)archive_read_support_format_tar(job.archive);
    (void)archive_read_support_format_empty(job.archive);
    if (archive_read_open_filename(job.archive, path, READ_SIZE) != ARCHIVE_OK) {
        status = err_set(err, "%s: no archive that can be read: %s", name,
                         archive_error_string(job.archive));
    } else {
        status = entries_read(&job, err);
    }
    (void)archive_read_free(job.archive);
    made_fini(&job.made);
    made_fini(&job.emptied);
    return status;
}
