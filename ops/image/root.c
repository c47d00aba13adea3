/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/root.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "lib/manifest/manifest.h"
#include "ops/config/network.h"
#include "ops/config/settings.h"
#include "ops/image/deps.h"
#include "ops/image/facts.h"
#include "ops/image/mounts.h"
#include "ops/image/rules.h"
#include "ops/image/sysroot.h"
#include "ops/state/state.h"
#include "ops/store/mount.h"

#include <glob.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a program goes that the machine would not see at its own path. */
#define PROGRAM_DIR "/usr/local/bin"

/* Programs look these up by habit. What the user brings goes first. */
static const struct {
    const char *path;
    const char *text;
} default_files[] = {
    { "/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n" },
    { "/etc/passwd", "root:x:0:0:root:/:/sbin/nologin\n"
                     "daemon:x:1:1:daemon:/:/sbin/nologin\n"
                     "www-data:x:33:33:www-data:/:/sbin/nologin\n"
                     "nobody:x:65534:65534:nobody:/:/sbin/nologin\n" },
    { "/etc/group", "root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nnogroup:x:65534:\n" },
    { "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"
                            "networks: files\nprotocols: files\nservices: files\n" },
    { "/etc/host.conf", "multi on\n" },
};

static const char *const default_envs[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/",
    "USER=root",
};

static bool is_there(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

static const char *target_root(const struct settings *settings)
{
    return settings->target_root ? settings->target_root : "/";
}

/*
 * The file on this machine that the user means by `path`: under the target root if it is there,
 * else as it is. To be freed.
 */
static char *host_file(const struct settings *settings, const char *path)
{
    char *under;

    if (!settings->target_root)
        return xstrdup(path);
    under = sysroot_resolve(settings->target_root, path);
    if (is_there(under))
        return under;
    free(under);
    return xstrdup(path);
}

/*
 * Where it lies in the image: an absolute path stays, a relative one counts from the image's root
 * as here from the current directory; one that leads above that becomes absolute. To be freed.
 */
static char *guest_path(const char *path)
{
    char *cwd;
    char *absolute;
    char *normal;
    size_t len;

    if (path[0] == '/')
        return path_normalize("/", path);
    cwd = getcwd(NULL, 0);
    normal = path_normalize(cwd ? cwd : "/", path);
    len = cwd ? strlen(cwd) : 0;
    if (len > 1 && strncmp(normal, cwd, len) == 0 && normal[len] == '/') {
        absolute = xstrdup(normal + len);
        free(normal);
        normal = absolute;
    }
    free(cwd);
    return normal;
}

/* Whether the file lies under the target root at the same path, so that links can be kept. */
static bool is_in_place(const struct settings *settings, const char *path, const char *source)
{
    char *under;
    bool same;

    if (path[0] != '/')
        return false;
    if (!settings->target_root)
        return source[0] == '/';
    under = sysroot_resolve(settings->target_root, path);
    same = strcmp(under, source) == 0;
    free(under);
    return same;
}

/* Whether a path of Files or Dirs counts from LocalFilesParentDirectory. */
static bool is_moved(const struct settings *settings, const char *path)
{
    return settings->files_parent && path[0] != '/';
}

/* Where Files and Dirs are on this machine, and in the image. To be freed. */
static char *content_source(const struct settings *settings, const char *path)
{
    return is_moved(settings, path) ? xasprintf("%s/%s", settings->files_parent, path)
                                    : host_file(settings, path);
}

static char *content_guest(const struct settings *settings, const char *path)
{
    return is_moved(settings, path) ? path_normalize("/", path) : guest_path(path);
}

static int file_add(struct root *root, const struct settings *settings, const char *path,
                    struct err *err)
{
    char *source = content_source(settings, path);
    char *guest = content_guest(settings, path);
    int status;

    if (!is_there(source)) {
        status = err_set_errno(err, "cannot read '%s'", source);
    } else if (is_in_place(settings, path, source)) {
        status = tree_add_host(&root->tree, target_root(settings), path, NULL, err);
    } else {
        status = tree_add_file(&root->tree, guest, source, err);
    }
    free(source);
    free(guest);
    return status;
}

static int dir_add(struct root *root, const struct settings *settings, const char *path,
                   struct err *err)
{
    char *source = content_source(settings, path);
    char *guest = content_guest(settings, path);
    struct stat st;
    int status = 0;

    if (stat(source, &st) < 0) {
        status = err_set_errno(err, "cannot read '%s'", source);
    } else if (!S_ISDIR(st.st_mode)) {
        status = err_set(err, "'%s' is not a directory", source);
    } else if (is_in_place(settings, path, source)) {
        status = tree_add_host(&root->tree, target_root(settings), path, NULL, err);
    }
    if (status == 0)
        status = tree_add_host_dir(&root->tree, guest, source, err);
    free(source);
    free(guest);
    return status;
}

/* One thing that a pattern of MapDirs matched: it goes to `guest` itself, or into it. */
static int mapped_add(struct root *root, const char *source, const char *guest, bool into,
                      struct err *err)
{
    char *to = into ? xasprintf("%s/%s", guest, path_base(source)) : xstrdup(guest);
    struct stat st;
    int status;

    if (stat(source, &st) < 0) {
        status = err_set_errno(err, "cannot read '%s'", source);
    } else if (S_ISDIR(st.st_mode)) {
        status = tree_add_host_dir(&root->tree, to, source, err);
    } else {
        status = tree_add_file(&root->tree, to, source, err);
    }
    free(to);
    return status;
}

/* A directory goes to the guest path itself, matches of a pattern and files go into it. */
static int map_add(struct root *root, const struct settings *settings, const char *pattern,
                   const char *guest, struct err *err)
{
    char *source = host_file(settings, pattern);
    glob_t found;
    struct stat st;
    int status = 0;

    if (stat(source, &st) == 0) {
        status = mapped_add(root, source, guest, !S_ISDIR(st.st_mode), err);
    } else if (glob(source, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && status == 0; i++)
            status = mapped_add(root, found.gl_pathv[i], guest, true, err);
        globfree(&found);
    } else {
        status = err_set(err, "cannot read '%s': no such file, and nothing matches", source);
    }
    free(source);
    return status;
}

/*
 * The file that the first argument names goes to where the program will look for it, as OPS has it.
 * It is no error when it is none.
 */
static int argument_add(struct root *root, const struct settings *settings, struct err *err)
{
    const char *path = settings->args.count > 0 ? settings->args.items[0] : "";
    char *source;
    char *guest;
    struct stat st;
    int status = 0;

    if (settings->no_args_copy || *path == '\0')
        return 0;
    source = host_file(settings, path);
    guest = path_normalize(settings->cwd ? settings->cwd : "/", path);
    if (stat(source, &st) == 0 && S_ISREG(st.st_mode) && !tree_find(&root->tree, guest) &&
        !mounts_is_kernels(guest)) {
        strings_addf(&root->reasons, "'%s' is the first argument, so it comes along", path);
        status = tree_add_file(&root->tree, guest, source, err);
    }
    free(source);
    free(guest);
    return status;
}

static int content_add(struct root *root, const struct settings *settings, struct err *err)
{
    for (size_t i = 0; i < settings->files.count; i++) {
        if (file_add(root, settings, settings->files.items[i], err) < 0)
            return err_prefix(err, "Files");
    }
    for (size_t i = 0; i < settings->dirs.count; i++) {
        if (dir_add(root, settings, settings->dirs.items[i], err) < 0)
            return err_prefix(err, "Dirs");
    }
    for (size_t i = 0; i + 1 < settings->maps.count; i += 2) {
        if (map_add(root, settings, settings->maps.items[i], settings->maps.items[i + 1], err) < 0)
            return err_prefix(err, "MapDirs");
    }
    return argument_add(root, settings, err);
}

static int defaults_add(struct root *root, struct err *err)
{
    for (const char *const *point = mounts_points; *point; point++) {
        if (tree_add_dir(&root->tree, *point, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < sizeof(default_files) / sizeof(default_files[0]); i++) {
        if (tree_add_text(&root->tree, default_files[i].path, default_files[i].text, err) < 0)
            return -1;
    }
    return 0;
}

static const char *env_find(const struct settings *settings, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < settings->envs.count; i++) {
        if (strncmp(settings->envs.items[i], name, len) == 0 && settings->envs.items[i][len] == '=')
            return settings->envs.items[i] + len + 1;
    }
    return NULL;
}

/* Where the program goes in the image: to where it is here, unless that would hide it. */
static char *program_path(struct root *root, const struct settings *settings)
{
    char *path = guest_path(settings->program);
    const char *mount = mounts_find(settings, path);
    char *moved;
    char *note;

    if (!mount)
        return path;
    moved = xasprintf(PROGRAM_DIR "/%s", path_base(path));
    note = xasprintf("'%s' is '%s' in the machine, which has memory at '%s'", path, moved, mount);
    strings_add(&root->notes, note);
    free(note);
    free(path);
    return moved;
}

static bool program_is_in_place(const struct settings *settings, const char *path,
                                const char *source)
{
    return !settings->guest_program && strcmp(path, settings->program) == 0 &&
           is_in_place(settings, settings->program, source);
}

/* Where the program lies in the image behind all links: its origin, for the loader. */
static char *program_real_path(const struct settings *settings, const char *path,
                               const char *source)
{
    char *real;

    if (!program_is_in_place(settings, path, source))
        return xstrdup(path);
    if (settings->target_root)
        return xstrdup(source + strlen(settings->target_root));
    real = realpath(source, NULL);
    return real ? real : xstrdup(path);
}

static int program_place(struct root *root, const struct settings *settings, const char *path,
                         const char *source, struct err *err)
{
    struct tree_node *node;
    int status;

    if (program_is_in_place(settings, path, source)) {
        status = tree_add_host(&root->tree, target_root(settings), path, NULL, err);
    } else {
        status = tree_add_file(&root->tree, path, source, err);
    }
    node = status == 0 ? tree_find(&root->tree, path) : NULL;
    if (node)
        node->mode |= 0111;
    return status;
}

/* The user means a program of the target root, and this computer's was found: he is to know. */
static int program_check(struct root *root, const struct settings *settings, const char *source,
                         struct err *err)
{
    if (!settings->target_root || strcmp(settings->target_root, "/") == 0 ||
        settings->program[0] != '/' || strcmp(source, settings->program) != 0)
        return 0;
    if (settings->package) {
        return err_set(err, "package '%s' has no '%s', which it names as its program",
                       settings->package, settings->program);
    }
    strings_addf(&root->notes, "'%s' is not below '%s': this computer's is taken",
                 settings->program, settings->target_root);
    return 0;
}

/* Program, interpreter and libraries. */
static int program_add(struct root *root, const struct settings *settings, struct deps *deps,
                       struct err *err)
{
    char *source = host_file(settings, settings->program);
    int status = program_check(root, settings, source, err);

    root->program = settings->guest_program ? path_normalize("/", settings->guest_program)
                                            : program_path(root, settings);
    root->program_real = program_real_path(settings, root->program, source);
    if (!settings->target_root && program_is_in_place(settings, root->program, source))
        settings_set(&source, root->program_real);
    if (status == 0)
        status = deps_add_program(deps, source, root->program_real, err);
    if (status == 0)
        status = program_place(root, settings, root->program, source, err);
    free(source);
    return status;
}

/* The lines of a manifest as text; parsed at once, so that a bad value is found here. */
struct lines {
    FILE *out;
    char *text;
    size_t len;
};

static void line_add(struct lines *lines, const char *key, const char *value)
{
    fprintf(lines->out, "%s ", key);
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            fputs("\\n", lines->out);
        } else if (*value == '\\') {
            fputs("\\\\", lines->out);
        } else {
            fputc(*value, lines->out);
        }
    }
    fputc('\n', lines->out);
}

static void lines_add(struct lines *lines, const char *key, const struct strings *values)
{
    for (size_t i = 0; i < values->count; i++)
        line_add(lines, key, values->items[i]);
}

/* argv[0]: as the user wrote it, where that names a file in the machine. */
static const char *program_name(const struct settings *settings, const char *program)
{
    bool is_same = settings->program[0] == '/' && !mounts_find(settings, settings->program);

    return is_same ? settings->program : program;
}

/* `whole` are lines that are made elsewhere. */
static void lines_fill(struct lines *lines, const struct settings *settings,
                       const struct root *root, const struct strings *whole)
{
    /* Behind all links, as /proc/self/exe must name it: that is where its $ORIGIN counts from. */
    line_add(lines, "program", root->program_real);
    line_add(lines, "arg", program_name(settings, root->program));
    lines_add(lines, "arg", &settings->args);
    for (size_t i = 0; i < sizeof(default_envs) / sizeof(default_envs[0]); i++)
        line_add(lines, "env", default_envs[i]);
    lines_add(lines, "env", &settings->envs);
    for (const char *const *dir = mounts_tmpfs; *dir; dir++)
        line_add(lines, "tmpfs", *dir);
    lines_add(lines, "tmpfs", &settings->tmpfs);
    lines_add(lines, "tmpfs", &root->tmpfs);
    lines_add(lines, "limit", &settings->limits);
    if (settings->cwd)
        line_add(lines, "cwd", settings->cwd);
    if (settings->hostname)
        line_add(lines, "hostname", settings->hostname);
    if (settings->user)
        line_add(lines, "user", settings->user);
    if (settings_on_crash(settings))
        line_add(lines, "crash", settings_on_crash(settings));
    if (settings_on_exit(settings))
        line_add(lines, "exit", settings_on_exit(settings));
    if (settings->restart_pause != SETTINGS_PAUSE_UNSET)
        fprintf(lines->out, "restart-pause %" PRIu64 "\n", settings->restart_pause);
    if (settings->log)
        line_add(lines, "log", settings->log);
    for (size_t i = 0; i < whole->count; i++)
        fprintf(lines->out, "%s\n", whole->items[i]);
}

static int manifest_make(struct root *root, struct manifest *manifest, struct lines *lines,
                         struct err *err)
{
    struct manifest_error error;
    size_t len;
    char *text;
    int status;

    manifest_init(manifest);
    if (!manifest_parse(manifest, lines->text, lines->len, &error) ||
        !manifest_finish(manifest, &error)) {
        return err_set(err, "cannot make the manifest: %s '%.*s'", error.what,
                       error.word ? (int)error.word_len : 0, error.word ? error.word : "");
    }
    for (uint32_t i = 0; i < manifest->tmpfs_count; i++) {
        /* What lies in memory is under its mount point: only the first level needs one. */
        if (strncmp(manifest->tmpfs[i], "/dev/", 5) != 0 &&
            tree_add_dir(&root->tree, manifest->tmpfs[i], err) < 0)
            return -1;
    }
    for (uint32_t i = 0; i < manifest->mount_count; i++) {
        char *path = xstrndup(manifest->mounts[i].path, manifest->mounts[i].path_len);

        status = tree_add_dir(&root->tree, path, err);
        free(path);
        if (status < 0)
            return -1;
    }
    len = manifest_emit(manifest, NULL, 0);
    text = xcalloc(len + 1, 1);
    (void)manifest_emit(manifest, text, len);
    status = tree_add_text(&root->tree, "/etc/soliton/manifest", text, err);
    free(text);
    return status;
}

static int manifest_add(struct root *root, const struct settings *settings, struct err *err)
{
    struct manifest *manifest = xcalloc(1, sizeof(*manifest));
    struct strings whole = { 0 };
    struct lines lines = { 0 };
    int status = network_lines(&whole, settings, err);

    if (status == 0)
        status = mounts_lines(&whole, settings, err);
    lines.out = open_memstream(&lines.text, &lines.len);
    if (!lines.out) {
        free(manifest);
        return err_set_errno(err, "cannot make the manifest");
    }
    lines_fill(&lines, settings, root, &whole);
    fclose(lines.out);
    if (status == 0)
        status = manifest_make(root, manifest, &lines, err);
    strings_fini(&whole);
    free(lines.text);
    free(manifest);
    return status;
}

static int node_size(struct tree_node *node, void *context, struct err *err)
{
    uint64_t *size = context;

    (void)err;
    *size += node->size;
    return 0;
}

/* What it opens by name. */
static int rules_add(struct root *root, const struct settings *settings, struct deps *deps,
                     struct err *err)
{
    struct rules rules = {
        .tree = &root->tree,
        .deps = deps,
        .settings = settings,
        .root = target_root(settings),
        .called = root->program,
        .real = root->program_real,
        .reasons = &root->reasons,
    };
    int status;

    /* Who has seen what is opened by name needs no rules for it. */
    if (settings->is_learned)
        return deps_add_tree(deps, err);
    status = rules_apply(&rules, err);

    strings_add_all(&root->tmpfs, &rules.tmpfs);
    strings_fini(&rules.tmpfs);
    return status;
}

static int all_add(struct root *root, const struct settings *settings, struct deps *deps,
                   struct err *err)
{
    if (program_add(root, settings, deps, err) < 0)
        return -1;
    (void)tree_walk(&root->tree, node_size, &root->program_size, err);
    if (content_add(root, settings, err) < 0 || rules_add(root, settings, deps, err) < 0 ||
        deps_add_cache(deps, err) < 0 || defaults_add(root, err) < 0)
        return -1;
    mounts_note_hidden(settings, &root->tree, &root->notes);
    return manifest_add(root, settings, err);
}

static struct facts *known_open(void)
{
    char *path = state_path(STATE_CACHE, "facts", "");
    struct facts *facts = facts_open(path);

    free(path);
    return facts;
}

int root_init(struct root *root, const struct settings *settings, struct err *err)
{
    struct facts *facts = known_open();
    struct err ignored;
    struct deps deps;
    int status;

    *root = (struct root){ .program_size = 0 };
    tree_init(&root->tree);
    deps_init(&deps, &root->tree, facts, target_root(settings),
              env_find(settings, "LD_LIBRARY_PATH"));
    status = all_add(root, settings, &deps, err);
    strings_add_all(&root->warnings, &deps.warnings);
    deps_fini(&deps);
    (void)state_home_make(&ignored); /* They go there. */
    facts_close(facts);
    return status;
}

void root_fini(struct root *root)
{
    tree_fini(&root->tree);
    strings_fini(&root->warnings);
    strings_fini(&root->notes);
    strings_fini(&root->reasons);
    strings_fini(&root->tmpfs);
    free(root->program);
    free(root->program_real);
}
