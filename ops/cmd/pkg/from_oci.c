/* SPDX-License-Identifier: Apache-2.0 */
/* pkg from-oci: a package of a container image. */
#include "host/err.h"
#include "host/file.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cli/ui.h"
#include "ops/cmd/pkg/make.h"
#include "ops/pkg/draft.h"
#include "ops/pkg/entry.h"
#include "ops/pkg/entry_name.h"
#include "ops/pkg/from.h"
#include "ops/pkg/oci.h"
#include "ops/pkg/oci_json.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct from_oci_args {
    char *name;
    char *version;
    char *ref;
    char *program;
    struct strings args;
    bool replaces;
    const char *file; /* What is made a package. */
};

/* The part of "registry/team/nginx:1.25" that is a name, and the one that is a version. */
static void ref_split(const char *ref, char **name, char **version)
{
    const char *base = path_base(ref);
    size_t len = strcspn(base, ":@");

    if (!strpbrk(ref, ":/") && !isalpha((unsigned char)ref[0]))
        len = 0; /* A bare "1.25", as buildah writes it. */
    if (len > 0)
        *name = xstrndup(base, len);
    if (len == 0) {
        *version = xstrdup(ref);
    } else if (base[len] == ':' && strcmp(base + len + 1, "latest") != 0) {
        *version = xstrdup(base + len + 1);
    }
}

/* What the user did not say. */
static void names_fill(struct draft_info *info, const struct oci_image *image, const char *file)
{
    char *name = NULL;
    char *version = NULL;

    if (image->ref && strcmp(image->ref, "latest") != 0)
        ref_split(image->ref, &name, &version);
    if (!version && image->config.version)
        version = xstrdup(image->config.version);
    if (!info->name)
        info->name = name ? xstrdup(name) : from_name(file);
    if (!info->version && version)
        info->version = xstrdup(version);
    if (image->config.description)
        info->description = entry_name_show(image->config.description);
    free(name);
    free(version);
}

static int image_take(struct draft *draft, struct draft_info *info,
                      const struct from_oci_args *args, const struct oci_image *image,
                      struct err *err)
{
    const struct entry_wish wish = { .program = args->program, .args = args->args };
    struct strings notes = { 0 };
    int status = oci_image_unpack(image, draft->sysroot, err);

    if (status == 0)
        status = entry_find(info, draft->sysroot, &image->config, &wish, &notes, err);
    for (size_t i = 0; i < notes.count && status == 0; i++)
        ui_note("note: %s", notes.items[i]);
    strings_fini(&notes);
    return status;
}

static int package_fill(struct draft *draft, struct draft_info *info, void *context,
                        struct err *err)
{
    const struct from_oci_args *args = context;
    struct oci_image image = { 0 };
    int status = oci_image_open(&image, args->file, args->ref, err);

    if (status == 0) {
        names_fill(info, &image, args->file);
        status = image_take(draft, info, args, &image, err);
    }
    oci_image_fini(&image);
    return status;
}

static void args_fini(struct from_oci_args *args)
{
    free(args->name);
    free(args->version);
    free(args->ref);
    free(args->program);
    strings_fini(&args->args);
}

static int from_oci_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct words_limit limit = { .min = 1, .max = 1 };
    struct from_oci_args args = { 0 };
    struct words words;
    int status = options_parse(&args, self, argc, argv, &words, limit, err);

    if (status == 0) {
        struct make make = {
            .of = words.items[0],
            .name = args.name,
            .version = args.version,
            .replaces = args.replaces,
            .fill = package_fill,
            .context = &args,
        };

        args.file = words.items[0];
        status = make_package(&make, err);
    }
    args_fini(&args);
    return status;
}

#define FIELD(field) offsetof(struct from_oci_args, field)

static const struct option_spec from_oci_options[] = {
    { 0, "name", "NAME", "the name of the package; else the image's", OPTION_TEXT, FIELD(name),
      NULL, false },
    { 0, "version", "VERSION", "its version; else the image's tag", OPTION_TEXT, FIELD(version),
      NULL, false },
    { 0, "ref", "NAME", "which image, if several are in FILE", OPTION_TEXT, FIELD(ref), NULL,
      false },
    { 0, "program", "PATH", "run this program, not what ENTRYPOINT and CMD say", OPTION_TEXT,
      FIELD(program), NULL, false },
    { 'a', "args", "ARG", "an argument; all of them take the place of CMD", OPTION_LIST,
      FIELD(args), NULL, false },
    { 0, "replace", NULL, "take the place of a package of that name and version", OPTION_FLAG,
      FIELD(replaces), NULL, false },
    { 0 },
};
static const struct option_spec *const options[] = { from_oci_options, NULL };

const struct cmd cmd_pkg_from_oci = {
    .name = "from-oci",
    .usage = "[OPTION...] FILE",
    .about = "make a package of a container image, from a file or directory",
    .more =
        "FILE is an OCI image layout, as a directory or a tar archive, or what `docker save`\n"
        "wrote. No daemon is asked, and nothing in the image is run. Every blob is checked "
        "against\n"
        "its digest.\n"
        "\n"
        "ENTRYPOINT, CMD, ENV, WORKDIR, USER and EXPOSE are honoured. A port below 1024 is\n"
        "forwarded from 8000 above it: 80 from 8080. Commands in shell form that are but words,\n"
        "and small inits such as tini, are taken apart; a script is given to the interpreter in\n"
        "its first line. A shell cannot be run, since it could start nothing: --program names "
        "what\n"
        "the script would have started.",
    .examples =
        "  docker save -o redis.tar redis:7 && ops pkg from-oci redis.tar --program redis-server\n"
        "  skopeo copy docker://python:3.12-slim oci:py && ops pkg from-oci py --name py\n"
        "  ops run --package py -- -m http.server",
    .options = options,
    .run = from_oci_run,
};
