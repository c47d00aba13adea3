/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/deploy/health.h"

#include "host/clock.h"
#include "host/err.h"
#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/deploy/deploy.h"
#include "ops/provider/provider.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TRY_MS = 500, /* Between looks at whether the instance is still there. */
    POLL_MS = 50,
    FAILURES_MAX = 40, /* Two seconds of them. */
    SHELL_MISSING = 127,
};

/* Signals that end the wait, so that what was made is taken away, and not ops on the spot. */
static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

enum {
    STOP_SIGNALS = sizeof(stop_signals) / sizeof(stop_signals[0]),
};

static volatile sig_atomic_t is_interrupted;

static void interrupt_note(int number)
{
    (void)number;
    is_interrupted = 1;
}

/* What was ignored stays so: nohup(1). */
static void interrupts_take(struct sigaction *before)
{
    struct sigaction action = { .sa_handler = interrupt_note };

    is_interrupted = 0;
    for (size_t i = 0; i < STOP_SIGNALS; i++) {
        (void)sigaction(stop_signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(stop_signals[i], &action, NULL);
    }
}

static void interrupts_give_back(const struct sigaction *before)
{
    for (size_t i = 0; i < STOP_SIGNALS; i++)
        (void)sigaction(stop_signals[i], &before[i], NULL);
}

/* An instance that has ended will not get well; nor is it waited for when we are told to end. */
static int running_check(const struct provider *provider, const char *name, struct err *err)
{
    struct provider_instances instances = { 0 };
    int status = is_interrupted ? err_set(err, "it was interrupted")
                                : provider->instance_list(&instances, err);
    bool found = false;

    for (size_t i = 0; i < instances.count && status == 0; i++) {
        const struct provider_instance *instance = &instances.items[i];

        if (strcmp(instance->name, name) != 0)
            continue;
        found = true;
        if (instance->state == INSTANCE_HELD) {
            status = err_set(err, "the new version ended, and its machine waits for a debugger");
        } else if (instance->state == INSTANCE_EXITED && instance->exit_status >= 0) {
            status = err_set(err, "the new version ended with status %d", instance->exit_status);
        } else if (instance->state == INSTANCE_EXITED || instance->state == INSTANCE_FAILED) {
            status = err_set(err, "the new version failed: %s",
                             instance->reason ? instance->reason : "nobody knows why");
        }
    }
    provider_instances_fini(&instances);
    if (status == 0 && !found)
        status = err_set(err, "instance '%s' is gone", name);
    return status;
}

/*
 * A machine that is about to end cannot be asked any more and is not known to have ended yet: an
 * answer that cannot be had is no failure at once.
 */
static int port_wait(const struct deploy *deploy, const char *name, uint16_t port,
                     uint64_t until_ms, uint16_t *reached_port, struct err *err)
{
    for (int failures = 0;; pause_ms(POLL_MS)) {
        uint64_t now = now_ms();
        uint64_t left = until_ms > now ? until_ms - now : 0;
        int timeout_ms = left < TRY_MS ? (int)left : TRY_MS;
        struct err why = { 0 };
        int answer = deploy->provider->instance_answers(name, port, reached_port, timeout_ms, &why);

        if (answer == 1)
            return 0;
        if (running_check(deploy->provider, name, err) < 0)
            return -1;
        failures += answer < 0 ? 1 : 0;
        if (failures > FAILURES_MAX || (answer < 0 && left == 0))
            return err_set(err, "%s", why.text);
        if (left == 0) {
            return err_set(err, "port %u of the new version is not answered after %llu s", port,
                           (unsigned long long)deploy->health_timeout_ms / 1000);
        }
    }
}

/* Where the health command finds the new version. */
struct reach {
    const char *name;
    char *address; /* Empty: the provider does not know. */
    uint16_t port; /* 0: none is forwarded. */
};

static void address_find(struct reach *reach, const struct provider *provider)
{
    struct provider_instances instances = { 0 };
    const char *address = NULL;
    struct err ignored;

    (void)provider->instance_list(&instances, &ignored);
    for (size_t i = 0; i < instances.count; i++) {
        if (strcmp(instances.items[i].name, reach->name) == 0)
            address = instances.items[i].address;
    }
    reach->address = xstrdup(address ? address : "");
    provider_instances_fini(&instances);
}

/* In the child: the user's command, with where the new version is reached in its environment. */
static void command_become(const char *command, const struct reach *reach)
{
    char text[8];

    (void)setpgid(0, 0);
    snprintf(text, sizeof(text), "%u", reach->port);
    (void)setenv("OPS_INSTANCE", reach->name, 1);
    (void)setenv("OPS_HOST", reach->address, 1);
    (void)setenv("OPS_PORT", text, 1);
    (void)dup2(STDERR_FILENO, STDOUT_FILENO); /* The result of a command is its own. */
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(SHELL_MISSING);
}

/* Runs it once, at most until `until_ms`. Returns its status, -1: it did not end in time. */
static int command_run(const char *command, const struct reach *reach, uint64_t until_ms)
{
    int status = 0;
    pid_t child;
    pid_t got;

    (void)fflush(NULL);
    child = fork();
    if (child == 0)
        command_become(command, reach);
    if (child < 0)
        return -1;
    while ((got = waitpid(child, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (is_interrupted || now_ms() >= until_ms) {
            (void)kill(-child, SIGKILL);
            (void)kill(child, SIGKILL);
            (void)waitpid(child, NULL, 0);
            return -1;
        }
        pause_ms(POLL_MS);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int command_wait(const struct deploy *deploy, const struct reach *reach, uint64_t until_ms,
                        struct err *err)
{
    int last = -1; /* Of those that ended; the time may be over while the next one runs. */

    for (;;) {
        int status = command_run(deploy->health, reach, until_ms);

        if (status == 0)
            return 0;
        if (running_check(deploy->provider, reach->name, err) < 0)
            return -1;
        if (status == SHELL_MISSING)
            return err_set(err, "health command '%s' cannot be run", deploy->health);
        if (status > 0)
            last = status;
        if (now_ms() >= until_ms)
            break;
        pause_ms(POLL_MS);
    }
    if (last < 0)
        return err_set(err, "health command '%s' did not end in time", deploy->health);
    return err_set(err, "health command '%s' ended with status %d", deploy->health, last);
}

/* The ports first: the command may need one. */
static int wait_run(const struct deploy *deploy, const char *instance, struct err *err)
{
    const struct ports *ports = &deploy->settings->ports;
    uint64_t until_ms = now_ms() + deploy->health_timeout_ms;
    struct reach reach = { .name = instance };
    int status = 0;

    for (size_t i = 0; i < ports->count; i++) {
        uint16_t reached_port = 0;

        if (port_wait(deploy, instance, ports->items[i].guest, until_ms, &reached_port, err) < 0)
            return -1;
        if (i == 0)
            reach.port = reached_port;
    }
    if (deploy->health) {
        address_find(&reach, deploy->provider);
        status = command_wait(deploy, &reach, until_ms, err);
        free(reach.address);
    }
    return status < 0 ? -1 : running_check(deploy->provider, instance, err);
}

int health_wait(const struct deploy *deploy, const char *instance, struct err *err)
{
    struct sigaction before[STOP_SIGNALS];
    int status;

    interrupts_take(before);
    status = wait_run(deploy, instance, err);
    interrupts_give_back(before);
    return status;
}
