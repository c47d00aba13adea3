/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/launch.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/config/settings.h"
#include "ops/vm/gdb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void launch_fini(struct launch *launch)
{
    char **texts[] = {
        &launch->kernel, &launch->disk, &launch->machine, &launch->accel, &launch->cpu_model,
        &launch->append, &launch->tap,  &launch->bridge,  &launch->mac,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(*texts[i]);
    for (size_t i = 0; i < launch->volume_count; i++)
        free(launch->volumes[i].path);
    free(launch->volumes);
    strings_fini(&launch->shares);
    strings_fini(&launch->overlay);
    strings_fini(&launch->secrets);
    *launch = (struct launch){ .kernel = NULL };
}

static const char bridge_default[] = "br0"; /* As OPS calls it. */

static char *copy_of(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static char *absolute(const char *path)
{
    char folder[PATH_MAX];

    return path_normalize(getcwd(folder, sizeof(folder)) ? folder : "/", path);
}

/* One of QEMU's, by chance: two machines with the same address on a bridge hear each other's. */
static char *mac_make(void)
{
    uint8_t random[3] = { 0 };

    (void)!getrandom(random, sizeof(random), 0);
    return xasprintf("52:54:00:%02x:%02x:%02x", random[0], random[1], random[2]);
}

uint16_t launch_gdb_port(const struct settings *settings)
{
    return settings->gdb_port > 0 ? (uint16_t)settings->gdb_port : GDB_PORT;
}

void launch_set(struct launch *launch, const struct settings *settings, const char *kernel,
                const char *disk)
{
    launch->kernel = absolute(kernel);
    launch->disk = absolute(disk);
    launch->machine = xstrdup(settings->machine);
    launch->accel = xstrdup(settings->accel);
    launch->cpu_model = copy_of(settings->cpu_model);
    launch->append = copy_of(settings->append);
    launch->memory_mib = settings->memory_mib;
    launch->cpus = settings->cpus;
    launch->log_mib = settings->log_mib;
    launch->ports = settings->ports;
    launch->udp_ports = settings->udp_ports;
    launch->tap = copy_of(settings->tap_name);
    if (settings->debug) {
        launch->gdb_port = launch_gdb_port(settings);
        launch_append(launch, "noaslr");
    }
    if (settings->bridged && !launch->tap)
        launch->bridge = xstrdup(settings->bridge_name ? settings->bridge_name : bridge_default);
    if (launch->tap || launch->bridge)
        launch->mac = mac_make();
}

void launch_add_volume(struct launch *launch, const char *path, bool is_read_only)
{
    launch->volumes = xrealloc(launch->volumes, launch->volume_count + 1, sizeof(*launch->volumes));
    launch->volumes[launch->volume_count++] =
        (struct launch_volume){ .path = absolute(path), .is_read_only = is_read_only };
}

void launch_add_share(struct launch *launch, const char *tag, const char *folder, bool is_read_only)
{
    strings_add(&launch->shares, tag);
    strings_take(&launch->shares, absolute(folder));
    strings_add(&launch->shares, is_read_only ? "ro" : "rw");
}

void launch_append(struct launch *launch, const char *word)
{
    char *longer = launch->append ? xasprintf("%s %s", launch->append, word) : xstrdup(word);

    free(launch->append);
    launch->append = longer;
}

void launch_add_line(struct launch *launch, const char *key, const char *value)
{
    char *line = xcalloc(strlen(key) + 2 * strlen(value) + 2, 1);
    char *to = stpcpy(stpcpy(line, key), " ");

    for (; *value != '\0'; value++) {
        if (*value == '\n' || *value == '\\')
            *to++ = '\\';
        if (*value == '\n') {
            *to++ = 'n';
        } else {
            *to++ = *value;
        }
    }
    strings_take(&launch->overlay, line);
}

void launch_watch(struct launch *launch, const struct settings *settings)
{
    size_t before = launch->overlay.count;

    if (settings->trace)
        launch_add_line(launch, "trace", "on");
    if (settings->syscall_summary)
        launch_add_line(launch, "syscall-summary", "on");
    if (settings->missing_files)
        launch_add_line(launch, "trace-files", "on");
    launch->is_watched = launch->overlay.count > before;
    for (size_t i = 0; i < settings->no_trace.count; i++)
        launch_add_line(launch, "notrace", settings->no_trace.items[i]);
}

char *launch_overlay_file(const char *folder)
{
    return xasprintf("%s/overlay", folder);
}

char *launch_secret_file(const char *folder, const char *name)
{
    return xasprintf("%s/secret-%s", folder, name);
}

/* Makes a file that is not there yet, for its owner alone. */
static int file_make(const char *path, const void *bytes, size_t size, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int status = 0;

    if (fd < 0)
        return err_set_errno(err, "cannot make '%s'", path);
    if (file_write_at(fd, bytes, size, 0) < 0)
        status = err_set_errno(err, "cannot write '%s'", path);
    close(fd);
    return status;
}

static bool secret_name_is_good(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";

    return *name != '\0' && *name != '.' && strlen(name) <= LAUNCH_SECRET_NAME_MAX &&
           name[strspn(name, letters)] == '\0';
}

/* All of a file of any kind: a secret may come from a pipe. */
static int secret_read(char *bytes, size_t *size, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 1;

    if (fd < 0)
        return err_set_errno(err, "cannot read secret '%s'", path);
    *size = 0;
    while (got > 0 && *size <= LAUNCH_SECRET_SIZE_MAX) {
        got = read(fd, bytes + *size, LAUNCH_SECRET_SIZE_MAX + 1 - *size);
        if (got < 0 && errno == EINTR) {
            got = 1;
        } else if (got > 0) {
            *size += (size_t)got;
        }
    }
    if (got < 0)
        err_set_errno(err, "cannot read secret '%s'", path);
    close(fd);
    if (got < 0)
        return -1;
    if (*size > LAUNCH_SECRET_SIZE_MAX)
        return err_set(err, "secret '%s' is larger than 1 MiB", path);
    return 0;
}

int launch_add_secret(struct launch *launch, const char *folder, const char *name,
                      const char *source, struct err *err)
{
    char *bytes;
    char *path;
    size_t size = 0;
    int status;

    if (!secret_name_is_good(name)) {
        return err_set(err,
                       "secret '%s': its name has to be up to %d letters, digits, '-', '_' and "
                       "'.'\nhint: --secret NAME=FILE gives it another one",
                       name, LAUNCH_SECRET_NAME_MAX);
    }
    if (strings_has(&launch->secrets, name))
        return err_set(err, "secret '%s' is given twice", name);
    if (launch->secrets.count == LAUNCH_SECRETS_MAX)
        return err_set(err, "more than %d secrets", LAUNCH_SECRETS_MAX);
    bytes = xcalloc(LAUNCH_SECRET_SIZE_MAX + 1, 1);
    path = launch_secret_file(folder, name);
    status = secret_read(bytes, &size, source, err);
    if (status == 0)
        status = file_make(path, bytes, size, err);
    if (status == 0)
        strings_add(&launch->secrets, name);
    explicit_bzero(bytes, LAUNCH_SECRET_SIZE_MAX + 1);
    free(bytes);
    free(path);
    return status;
}

int launch_write_overlay(const struct launch *launch, const char *folder, struct err *err)
{
    char *path = launch_overlay_file(folder);
    size_t size = 0;
    char *text;
    char *to;
    int status = 0;

    for (size_t i = 0; i < launch->overlay.count; i++)
        size += strlen(launch->overlay.items[i]) + 1;
    text = xcalloc(size + 1, 1);
    to = text;
    for (size_t i = 0; i < launch->overlay.count; i++)
        to = stpcpy(stpcpy(to, launch->overlay.items[i]), "\n");
    (void)unlink(path);
    if (size > 0)
        status = file_make(path, text, size, err);
    free(text);
    free(path);
    return status;
}
