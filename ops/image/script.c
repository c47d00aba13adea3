/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/script.h"

#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/config/settings.h"
#include "ops/image/mounts.h"
#include "ops/image/sysroot.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FIRST_LINE_MAX = 256, /* As Linux looks at: BINPRM_BUF_SIZE. */
    TEXT_SIZE_MAX = 64 * 1024,
};

static const char path_default[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

char *script_line(const char *source)
{
    int fd = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char line[FIRST_LINE_MAX];
    ssize_t len = fd >= 0 ? read(fd, line, sizeof(line) - 1) : -1;
    char *end;

    if (fd >= 0)
        close(fd);
    if (len < 2 || line[0] != '#' || line[1] != '!')
        return NULL;
    line[len] = '\0';
    end = line + strcspn(line, "\r\n");
    while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    return xstrdup(line + 2 + strspn(line + 2, " \t"));
}

/* The first word of `text`; moves on to the next one. */
static char *word_take(const char **text)
{
    size_t len = strcspn(*text, " \t");
    char *word = xstrndup(*text, len);

    *text += len;
    *text += strspn(*text, " \t");
    return word;
}

void script_split(const char *line, char **interp, struct strings *args)
{
    bool splits = false;

    *interp = word_take(&line);
    if (strcmp(path_base(*interp), "env") == 0) {
        splits = strncmp(line, "-S", 2) == 0;
        if (splits)
            line += 2 + strspn(line + 2, " \t");
        free(*interp);
        *interp = word_take(&line);
    }
    while (splits && *line != '\0')
        strings_take(args, word_take(&line));
    if (*line != '\0')
        strings_add(args, line);
}

bool script_is_shell(const char *interp)
{
    static const char *const shells[] = { "sh",      "bash", "dash", "ash",
                                          "busybox", "zsh",  "ksh",  "fish" };

    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(path_base(interp), shells[i]) == 0)
            return true;
    }
    return false;
}

/* Where a path of the program's world is on this machine, to be freed. */
static char *source_of(const struct settings *settings, const char *path)
{
    char *under = settings->target_root ? sysroot_resolve(settings->target_root, path) : NULL;

    if (under && access(under, R_OK) == 0)
        return under;
    free(under);
    return xstrdup(path);
}

static bool is_program(const struct settings *settings, const char *path)
{
    char *source = source_of(settings, path);
    char *line = script_line(source);
    struct stat st;
    bool is_there = stat(source, &st) == 0 && S_ISREG(st.st_mode) && access(source, X_OK) == 0;

    free(line);
    free(source);
    return is_there && !line;
}

/*
 * Finds a program as env(1) does, but no script (pyenv has such in front of Python). NULL: it is
 * not there. To be freed.
 */
static char *program_find(const struct settings *settings, const char *name)
{
    const char *dirs = settings->target_root ? NULL : getenv("PATH");

    for (dirs = dirs ? dirs : path_default; *dirs != '\0';) {
        size_t len = strcspn(dirs, ":");
        char *path = xasprintf("%.*s/%s", (int)len, dirs, name);

        if (*path == '/' && is_program(settings, path))
            return path;
        free(path);
        dirs += len;
        dirs += *dirs == ':';
    }
    return NULL;
}

/*
 * What a shell script becomes in the end, as far as one can tell by looking. To be freed, or NULL.
 */
static char *successor_find(const struct settings *settings, const char *source)
{
    char *text = file_read_text(source, TEXT_SIZE_MAX);
    char *found = NULL;

    for (char *rest = text; rest;) {
        const char *line = strsep(&rest, "\n");

        line += strspn(line, " \t");
        if (strncmp(line, "exec ", 5) != 0)
            continue;
        line += 5 + strspn(line + 5, " \t");
        free(found);
        found = NULL;
        if (strncmp(line, "\"$@\"", 4) == 0 && settings->args.count > 0) {
            found = xstrdup(settings->args.items[0]);
        } else if (*line != '\0' && !strchr("\"'$<>&-0123456789", *line)) {
            found = word_take(&line);
        }
    }
    free(text);
    return found;
}

static int shell_refuse(const struct settings *settings, const char *source, const char *interp,
                        struct err *err)
{
    char *successor = successor_find(settings, source);

    err_set(err,
            "'%s' is a script for %s, and the machine runs one program without a shell\n"
            "hint: give the program that it starts%s%.100s",
            settings->program, interp, successor ? ": " : ", and its arguments behind --",
            successor ? successor : "");
    free(successor);
    return -1;
}

/* What the path of a file is behind all links, in the program's world. To be freed. */
static char *real_path(const struct settings *settings, const char *source)
{
    size_t len = settings->target_root ? strlen(settings->target_root) : 0;
    char *real;

    if (len > 1 && strncmp(source, settings->target_root, len) == 0)
        return xstrdup(source + len);
    real = realpath(source, NULL);
    return real ? real : xstrdup(source);
}

/*
 * Where the script lies in the image: where it lies here, unless the machine mounts something
 * there or where its links lead, or at the top. To be freed.
 */
static char *guest_path(const struct settings *settings, const char *source)
{
    const char *path = settings->program;
    bool is_absolute = path[0] == '/';
    char *normal = is_absolute ? path_normalize("/", path) : xasprintf("/%s", path_base(source));
    char *real = is_absolute ? real_path(settings, source) : xstrdup(normal);

    if (mounts_find(settings, normal) || mounts_find(settings, real)) {
        free(normal);
        normal = xasprintf("/usr/local/bin/%s", path_base(source));
    }
    free(real);
    return normal;
}

/* Has it in the image: with the links on its way when it lies there as it does here. */
static void script_add(struct settings *settings, const char *source, const char *guest)
{
    char *here = source_of(settings, guest);

    if (strcmp(here, source) == 0) {
        strings_add(&settings->files, guest);
    } else {
        strings_add(&settings->maps, source);
        strings_take(&settings->maps, xstrndup(guest, (size_t)(path_base(guest) - guest)));
    }
    free(here);
}

/* Takes `args` over, what the interpreter gets in front of the script. */
static void interp_put(struct settings *settings, const char *source, const char *interp,
                       struct strings args)
{
    char *guest = guest_path(settings, source);

    strings_add(&args, guest);
    strings_add_all(&args, &settings->args);
    strings_fini(&settings->args);
    settings->args = args;
    script_add(settings, source, guest);
    settings->no_args_copy = true;
    if (!settings->image_name)
        settings_set(&settings->image_name, path_base(settings->program));
    settings_set(&settings->program, interp);
    free(guest);
}

/* A run that is learned from sees this computer's files, so the script is called as it is here. */
static int learned_path_set(struct settings *settings, struct err *err)
{
    char folder[PATH_MAX];
    const char *mount;

    if (!settings->learns || settings->target_root)
        return 0;
    if (!settings->image_name)
        settings_set(&settings->image_name, path_base(settings->program));
    if (settings->program[0] != '/') {
        char *path =
            path_normalize(getcwd(folder, sizeof(folder)) ? folder : "/", settings->program);

        settings_set(&settings->program, path);
        free(path);
    }
    mount = mounts_find(settings, settings->program);
    if (!mount)
        return 0;
    return err_set(err,
                   "'%s' lies below '%s', which is memory in a machine\nhint: learn from a copy "
                   "that lies elsewhere",
                   settings->program, mount);
}

/* A bare name that is no file here, but of a program that a shell would find. */
static int bare_name_check(const struct settings *settings, const char *source, struct err *err)
{
    char *found = NULL;
    int status = 0;

    if (!settings->target_root && !strchr(settings->program, '/') && access(source, F_OK) < 0)
        found = program_find(settings, settings->program);
    if (found) {
        status = err_set(err, "'%s' is not in this directory\nhint: there is %s", settings->program,
                         found);
    }
    free(found);
    return status;
}

int script_settings(struct settings *settings, struct err *err)
{
    char *source = source_of(settings, settings->program);
    char *line = script_line(source);
    struct strings args = { 0 };
    char *interp = NULL;
    char *found = NULL;
    int status = bare_name_check(settings, source, err);

    if (line) {
        script_split(line, &interp, &args);
        if (script_is_shell(interp)) {
            status = shell_refuse(settings, source, interp, err);
        } else {
            found = strchr(interp, '/') ? xstrdup(interp) : program_find(settings, interp);
            if (found && learned_path_set(settings, err) < 0) {
                status = -1;
            } else if (found) {
                interp_put(settings, source, found, args);
                args = (struct strings){ 0 };
            } else {
                status = err_set(err, "'%s' is a script for '%s', which is not there",
                                 settings->program, interp);
            }
        }
    }
    strings_fini(&args);
    free(found);
    free(interp);
    free(line);
    free(source);
    return status;
}
