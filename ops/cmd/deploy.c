/* SPDX-License-Identifier: Apache-2.0 */
/* deploy: a new version of a program in the place of the one that runs. */
#include "ops/deploy/deploy.h"

#include "host/err.h"
#include "host/file.h"
#include "ops/cli/cmd.h"
#include "ops/cli/options.h"
#include "ops/cmd/instance/args.h"
#include "ops/config/cloud.h"
#include "ops/config/options.h"
#include "ops/config/settings.h"
#include "ops/output/table.h"
#include "ops/provider/provider.h"
#include "ops/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HEALTH_TIMEOUT_MS = 30000,
};

/* The settings first: the tables of all commands that have any count from there. */
struct deploy_args {
    struct settings settings;
    char *health;
    uint64_t health_timeout_ms;
    uint64_t grace_ms;
};

static int deploy_print(const struct deploy_args *args, struct err *err)
{
    const struct settings *settings = &args->settings;
    struct deploy deploy = {
        .settings = settings,
        .name = settings->image_name ? settings->image_name : path_base(settings->program),
        .health = args->health,
        .health_timeout_ms = args->health_timeout_ms,
        .grace_ms = args->grace_ms,
    };
    char *instance = NULL;
    int status = state_name_check("deployment", deploy.name, err);

    if (status == 0)
        status = instance_settings_check(settings, err);
    if (status == 0 && settings->debug) {
        status =
            err_set(err, "a version that waits for gdb is never well\nhint: `ops run --debug`");
    }
    if (status == 0 && (settings->tap_name || settings->bridged))
        status = err_set(err, "only forwarded ports (-p) can be switched: no tap, no bridge");
    if (status == 0) {
        deploy.provider =
            provider_find(settings->cloud.platform ? settings->cloud.platform : "onprem", err);
        status = deploy.provider ? deploy_run(&deploy, &instance, err) : -1;
    }
    if (status == 0) {
        table_print_name("name", instance, stdout);
    } else {
        (void)err_prefix(err, "cannot deploy '%s'", deploy.name);
    }
    free(instance);
    return status;
}

static int deploy_cmd_run(const struct cmd *self, int argc, char **argv, struct err *err)
{
    struct deploy_args args = { .health_timeout_ms = HEALTH_TIMEOUT_MS,
                                .grace_ms = INSTANCE_GRACE_MS };
    int status;

    settings_init(&args.settings);
    status = settings_parse(&args.settings, self, argc, argv, err);
    if (status == 0)
        status = deploy_print(&args, err);
    free(args.health);
    settings_fini(&args.settings);
    return status;
}

static const struct option_spec deploy_options[] = {
    { 't', "target-cloud", "NAME", "where it runs; onprem is this machine", OPTION_TEXT,
      offsetof(struct deploy_args, settings.cloud.platform), NULL, false },
    { 0, "health", "COMMAND", "a shell command that ends with 0 when the new version is well",
      OPTION_TEXT, offsetof(struct deploy_args, health), NULL, false },
    { 0, "health-timeout", "TIME", "how long it has to get well; 30s unless given", OPTION_CALL,
      offsetof(struct deploy_args, health_timeout_ms), instance_time_set, false },
    { 0, "grace", "TIME", "how long the old one has to end; 10s unless given", OPTION_CALL,
      offsetof(struct deploy_args, grace_ms), instance_time_set, false },
    { 0 },
};

static const struct option_spec *const options[] = {
    options_config, deploy_options, options_watch,      options_machine,
    options_launch, options_build,  options_unattended, NULL,
};

const struct cmd cmd_deploy = {
    .name = "deploy",
    .usage = "[OPTION...] PROGRAM [-- ARGUMENT...]",
    .about = "build a program and let it take the place of its older version",
    .more = "Builds an image, starts an instance of it beside the old one, and waits until all TCP "
            "ports\n"
            "are answered and the health command, if there is one, ends with 0. Only then do the "
            "ports\n"
            "of this machine lead to the new instance, and the old one is stopped and removed. "
            "Whatever\n"
            "fails before, the old one serves on and the new one is removed.\n"
            "\n"
            "The deployment is called as the image (-i) or the program; its instances are NAME-1,\n"
            "NAME-2 and so on. The health command finds the new version at $OPS_HOST and "
            "$OPS_PORT, by\n"
            "which its first port is reached, and its name in $OPS_INSTANCE.",
    .examples =
        "  ops deploy ./server -p 8080\n"
        "  ops deploy -i web -p 80:8080 --health 'curl -fs $OPS_HOST:$OPS_PORT/health' ./server",
    .options = options,
    .run = deploy_cmd_run,
};
