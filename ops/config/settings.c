/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/settings.h"

#include "host/err.h"
#include "host/xmem.h"
#include "lib/manifest/manifest.h"
#include "ops/config/network.h"

#include <stdlib.h>
#include <string.h>

void settings_init(struct settings *settings)
{
    *settings = (struct settings){
        .memory_mib = SETTINGS_MEMORY_DEFAULT_MIB,
        .log_mib = SETTINGS_LOG_DEFAULT_MIB,
        .restart_pause = SETTINGS_PAUSE_UNSET,
        .cpus = 1,
        .accel = xstrdup("auto"),
        .machine = xstrdup("microvm"),
    };
}

static void nics_fini(struct nics *nics)
{
    for (size_t i = 0; i < nics->count; i++) {
        free(nics->items[i].ip_address);
        free(nics->items[i].ipv6_address);
        free(nics->items[i].netmask);
        free(nics->items[i].gateway);
        free(nics->items[i].bridge);
    }
    free(nics->items);
}

void settings_fini(struct settings *settings)
{
    char *texts[] = {
        settings->program,       settings->guest_program, settings->cwd,
        settings->hostname,      settings->crash,         settings->log,
        settings->target_root,   settings->image_name,    settings->output,
        settings->kernel,        settings->accel,         settings->machine,
        settings->cpu_model,     settings->append,        settings->files_parent,
        settings->build_dir,     settings->version,       settings->language,
        settings->description,   settings->ip_address,    settings->netmask,
        settings->gateway,       settings->bridge_name,   settings->tap_name,
        settings->instance_name, settings->at_exit,       settings->package,
        settings->user,          settings->exit,
    };
    struct strings *lists[] = {
        &settings->args,     &settings->envs,         &settings->files,  &settings->dirs,
        &settings->maps,     &settings->tmpfs,        &settings->limits, &settings->config_files,
        &settings->notes,    &settings->secrets,      &settings->mounts, &settings->client,
        &settings->no_trace, &settings->name_servers,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(texts[i]);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        strings_fini(lists[i]);
    nics_fini(&settings->nics);
    cloud_fini(&settings->cloud);
    *settings = (struct settings){ 0 };
}

void settings_set(char **field, const char *text)
{
    free(*field);
    *field = xstrdup(text);
}

static void unset_fill(char **field, const char *text)
{
    if (!*field && text)
        settings_set(field, text);
}

int settings_use_nic(struct settings *settings, struct err *err)
{
    const struct nic *nic = settings->nics.items;

    if (settings->nics.count == 0)
        return 0;
    if (settings->nics.count > 1) {
        return err_set(err, "\"Nics\" has %zu interfaces, but a machine has one here",
                       settings->nics.count);
    }
    if (nic->ipv6_address) {
        return err_set(err, "\"IPv6Address\" of \"Nics\" is not supported: the kernel speaks IPv4 "
                            "only so far");
    }
    unset_fill(&settings->ip_address, nic->ip_address);
    unset_fill(&settings->netmask, nic->netmask);
    unset_fill(&settings->gateway, nic->gateway);
    unset_fill(&settings->bridge_name, nic->bridge);
    settings->bridged |= nic->bridge != NULL;
    return 0;
}

static int network_check(const struct settings *settings, struct err *err)
{
    struct strings lines = { 0 };
    int status = network_lines(&lines, settings, err);

    strings_fini(&lines);
    return status;
}

static int policy_check(const char *key, const char *policy, struct err *err)
{
    if (!policy || strcmp(policy, "halt") == 0 || strcmp(policy, "restart") == 0 ||
        strcmp(policy, "hold") == 0)
        return 0;
    return err_set(err, "\"%s\": '%.80s' is none of halt, restart, hold", key, policy);
}

static int end_check(const struct settings *settings, struct err *err)
{
    if (policy_check("Crash", settings->crash, err) < 0 ||
        policy_check("Exit", settings->exit, err) < 0)
        return -1;
    if (settings->restarts_on_exit && settings->holds_on_exit && !settings->exit) {
        return err_set(err, "\"RebootOnExit\" and \"idle_on_exit\" cannot both be so\n"
                            "hint: \"Exit\": \"restart\" or \"hold\" says which of them counts");
    }
    if (settings->restart_pause != SETTINGS_PAUSE_UNSET &&
        settings->restart_pause > MANIFEST_RESTART_PAUSE_MAX) {
        return err_set(err, "\"RestartPause\": %llu ms are too much: the most is %d",
                       (unsigned long long)settings->restart_pause, MANIFEST_RESTART_PAUSE_MAX);
    }
    return 0;
}

int settings_check(const struct settings *settings, struct err *err)
{
    if (settings->memory_mib < SETTINGS_MEMORY_MIN_MIB) {
        return err_set(err, "%llu MiB of memory are too little: the least is %d MiB",
                       (unsigned long long)settings->memory_mib, SETTINGS_MEMORY_MIN_MIB);
    }
    if (settings->log_mib < 1 || settings->log_mib > SETTINGS_LOG_MAX_MIB)
        return err_set(err, "the log of an instance has to be from 1 MiB to 1 TiB");
    if (settings->memory_mib > SETTINGS_MEMORY_MAX_MIB) {
        return err_set(err, "%llu MiB of memory are too much: the most is %d MiB",
                       (unsigned long long)settings->memory_mib, SETTINGS_MEMORY_MAX_MIB);
    }
    if (settings->cpus < 1 || settings->cpus > SETTINGS_CPUS_MAX) {
        return err_set(err, "%llu CPUs: there can be 1 to %d", (unsigned long long)settings->cpus,
                       SETTINGS_CPUS_MAX);
    }
    if (strcmp(settings->machine, "microvm") != 0 && strcmp(settings->machine, "q35") != 0)
        return err_set(err, "unknown machine '%s': there are microvm and q35", settings->machine);
    if (strcmp(settings->accel, "auto") != 0 && strcmp(settings->accel, "kvm") != 0 &&
        strcmp(settings->accel, "tcg") != 0) {
        return err_set(err, "unknown accelerator '%s': there are auto, kvm and tcg",
                       settings->accel);
    }
    if (end_check(settings, err) < 0)
        return -1;
    return network_check(settings, err);
}

const char *settings_on_crash(const struct settings *settings)
{
    if (settings->crash)
        return settings->crash;
    return settings->restarts_on_exit ? "restart" : NULL;
}

const char *settings_on_exit(const struct settings *settings)
{
    if (settings->exit)
        return settings->exit;
    if (settings->restarts_on_exit)
        return "restart";
    return settings->holds_on_exit ? "hold" : NULL;
}
