/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pkg/deb.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/pkg/entry_name.h"
#include "ops/pkg/reader.h"
#include "ops/pkg/unpack.h"
#include "ops/state/state.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 << 10,
    CONTROL_SIZE_MAX = 1 << 20,
    MEMBERS_MAX = 16,
};

/* The value of a field of a control file, the first line of it; to be freed, or NULL. */
static char *field_get(const char *control, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *line = control; *line;) {
        size_t len = strcspn(line, "\n");

        if (len > name_len && strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
            const char *value = line + name_len + 1;

            value += strspn(value, " \t");
            return value < line + len ? xstrndup(value, (size_t)(line + len - value)) : NULL;
        }
        line += len;
        line += *line == '\n';
    }
    return NULL;
}

/* The same where it must not surprise a terminal: messages say it. */
static char *name_get(const char *control, const char *name)
{
    char *value = field_get(control, name);
    char *shown = value ? entry_name_show(value) : NULL;

    free(value);
    return shown;
}

static void control_parse(struct deb *deb, const char *control)
{
    char *pre = field_get(control, "Pre-Depends");

    deb->name = name_get(control, "Package");
    deb->source = field_get(control, "Source");
    deb->version = name_get(control, "Version");
    deb->depends = field_get(control, "Depends");
    deb->description = field_get(control, "Description");
    if (!deb->depends) {
        deb->depends = pre;
    } else {
        free(pre);
    }
    if (deb->source) {
        deb->source[strcspn(deb->source, " (")] = '\0';
    } else if (deb->name) {
        deb->source = xstrdup(deb->name);
    }
}

/* Writes the member of an archive that is being read to a new file. */
static int member_write(struct archive *archive, const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int status;

    if (fd < 0)
        return err_set_errno(err, "cannot make '%s'", path);
    status = archive_read_data_into_fd(archive, fd) == ARCHIVE_OK
                 ? 0
                 : err_set(err, "damaged: %s", archive_error_string(archive));
    close(fd);
    return status;
}

/* The content of the entry that is being read, to be freed; NULL when it is damaged. */
static char *text_read(struct archive *archive)
{
    char *text = xcalloc(CONTROL_SIZE_MAX + 1, 1);

    if (archive_read_data(archive, text, CONTROL_SIZE_MAX) >= 0)
        return text;
    free(text);
    return NULL;
}

/* The control file in control.tar at `path`, to be freed. NULL with `err` set. */
static char *control_read(const char *path, struct err *err)
{
    struct archive *archive = reader_create();
    struct archive_entry *entry;
    char *text = NULL;
    int status;

    (void)archive_read_support_format_tar(archive);
    status = archive_read_open_filename(archive, path, READ_SIZE);
    if (status == ARCHIVE_OK)
        status = archive_read_next_header(archive, &entry);
    while (status == ARCHIVE_OK && !text &&
           !reader_is_bomb(archive, (uint64_t)archive_filter_bytes(archive, 0))) {
        const char *name = archive_entry_pathname(entry);

        if (name && strcmp(path_base(name), "control") == 0)
            text = text_read(archive);
        status = archive_read_next_header(archive, &entry);
    }
    (void)archive_read_free(archive);
    if (!text)
        err_set(err, "no control file in it");
    return text;
}

/* Puts control.tar and data.tar into files of their own. */
static int members_split(struct archive *archive, char **control, char **data, struct err *err)
{
    struct archive_entry *entry;
    int members = 0;
    int status = archive_read_next_header(archive, &entry);

    for (; status == ARCHIVE_OK && members < MEMBERS_MAX; members++) {
        const char *name = archive_entry_pathname(entry);
        char **to = NULL;

        if (name && strncmp(name, "control.tar", 11) == 0) {
            to = control;
        } else if (name && strncmp(name, "data.tar", 8) == 0) {
            to = data;
        }
        if (to && !*to) {
            *to = state_tmp("deb", err);
            if (!*to || member_write(archive, *to, err) < 0)
                return -1;
        }
        status = archive_read_next_header(archive, &entry);
    }
    if (status != ARCHIVE_EOF && status != ARCHIVE_OK)
        return err_set(err, "not a Debian package: %s", archive_error_string(archive));
    return *control && *data
               ? 0
               : err_set(err, "not a Debian package: control.tar or data.tar is missing");
}

int deb_open(struct deb *deb, const char *path, struct err *err)
{
    struct archive *archive = archive_read_new(); /* It is not compressed: its members are. */
    char *control = NULL;
    char *text = NULL;
    int status;

    *deb = (struct deb){ .name = NULL };
    (void)archive_read_support_format_ar(archive);
    if (archive_read_open_filename(archive, path, READ_SIZE) != ARCHIVE_OK) {
        status = err_set(err, "%s", archive_error_string(archive));
    } else {
        status = members_split(archive, &control, &deb->data, err);
    }
    (void)archive_read_free(archive);
    if (status == 0) {
        text = control_read(control, err);
        status = text ? 0 : -1;
    }
    if (text)
        control_parse(deb, text);
    if (status == 0 && (!deb->name || !deb->version))
        status = err_set(err, "its control file names no Package and Version");
    if (control)
        (void)unlink(control);
    free(control);
    free(text);
    return status < 0 ? err_prefix(err, "%s", path) : 0;
}

void deb_fini(struct deb *deb)
{
    if (deb->data)
        (void)unlink(deb->data);
    free(deb->name);
    free(deb->source);
    free(deb->version);
    free(deb->depends);
    free(deb->description);
    strings_fini(&deb->paths);
    free(deb->data);
}

int deb_unpack(struct deb *deb, struct unpack *unpack, struct err *err)
{
    int status;

    unpack->record = &deb->paths;
    status = unpack_archive(unpack, deb->data, deb->name, UNPACK_KEEP_LINKS, err);
    unpack->record = NULL;
    return status;
}
