/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/provider/local/overlay.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/config/network.h"
#include "ops/config/settings.h"
#include "ops/provider/local/image.h"
#include "ops/store/manifest.h"
#include "ops/store/mount.h"
#include "ops/vm/launch.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Arguments replace all of the image's, argv[0] too: that is the image's program. */
static int args_add(struct launch *launch, const struct strings *args, struct err *err)
{
    char *manifest;
    char *line = NULL;
    size_t size;

    if (args->count == 0)
        return 0;
    manifest = image_manifest_text(launch->disk, &size, err);
    if (!manifest)
        return err_prefix(err, "cannot tell image '%s' its arguments", launch->disk);
    for (char *rest = manifest; rest && !line;) {
        char *next = strsep(&rest, "\n");

        if (strncmp(next, "program ", 8) == 0)
            line = next + 8;
    }
    if (line)
        strings_addf(&launch->overlay, "arg %s", line); /* Escaped as it was there. */
    free(manifest);
    if (!line)
        return err_set(err, "image '%s' does not say what its program is", launch->disk);
    for (size_t i = 0; i < args->count; i++)
        launch_add_line(launch, "arg", args->items[i]);
    return 0;
}

/* Two machines that write one filesystem destroy it. */
static int volumes_check(const struct launch *launch, struct err *err)
{
    for (size_t i = 0; i < launch->volume_count; i++) {
        if (!launch->volumes[i].is_read_only && local_volume_free(launch->volumes[i].path, err) < 0)
            return err_prefix(err, "volume '%s'", launch->volumes[i].path);
    }
    return 0;
}

static void text_add(struct launch *launch, const char *key, const char *text)
{
    if (text)
        launch_add_line(launch, key, text);
}

/* What the image says of the program's start, unless it is said again here. */
static void start_add(struct launch *launch, const struct settings *settings)
{
    text_add(launch, "cwd", settings->cwd);
    text_add(launch, "hostname", settings->hostname);
    text_add(launch, "crash", settings_on_crash(settings));
    text_add(launch, "exit", settings_on_exit(settings));
    if (settings->restart_pause != SETTINGS_PAUSE_UNSET) {
        char *pause = xasprintf("%" PRIu64, settings->restart_pause);

        text_add(launch, "restart-pause", pause);
        free(pause);
    }
    text_add(launch, "log", settings->log);
    for (size_t i = 0; i < settings->limits.count; i++)
        launch_add_line(launch, "limit", settings->limits.items[i]);
}

int overlay_fill(struct launch *launch, const struct settings *settings, const char *folder,
                 struct err *err)
{
    start_add(launch, settings);
    for (size_t i = 0; i < settings->envs.count; i++)
        launch_add_line(launch, "env", settings->envs.items[i]);
    launch_watch(launch, settings);
    if (args_add(launch, &settings->args, err) < 0)
        return -1;
    if (network_lines(&launch->overlay, settings, err) < 0)
        return -1;
    if (mounts_lines(&launch->overlay, settings, err) < 0 ||
        mounts_attach(launch, settings, err) < 0 ||
        mounts_attach_image(launch, settings, err) < 0 || volumes_check(launch, err) < 0)
        return -1;
    for (size_t i = 0; i + 1 < settings->secrets.count; i += 2) {
        if (launch_add_secret(launch, folder, settings->secrets.items[i],
                              settings->secrets.items[i + 1], err) < 0)
            return -1;
    }
    return 0;
}
