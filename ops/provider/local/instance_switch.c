/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing ports of this machine from running instances to another one, by QEMU's own network
 * (slirp). First the ports move, then the descriptions of all are written; whatever fails, all that
 * was done is undone, so that who served before serves on.
 */
#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/config/ports.h"
#include "ops/config/settings.h"
#include "ops/provider/local/instance.h"
#include "ops/state/state.h"
#include "ops/vm/launch.h"
#include "ops/vm/qmp.h"
#include "ops/vm/vm.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An instance that takes part in a switch. */
struct side {
    struct instance instance;
    struct ports tcp_before; /* What it was reached by before the switch. */
    struct ports udp_before;
    struct qmp qmp; /* Its `fd` is -1 when it does not run. */
};

/* What is to be switched, and what was. */
struct exchange {
    struct side *from;
    size_t from_count;
    struct side to;
};

static int side_open(struct side *side, const char *name, bool has_to_run, struct err *err)
{
    struct vm_process process;

    *side = (struct side){ .qmp = { .fd = -1 } };
    if (instance_read(&side->instance, name, err) < 0)
        return -1;
    side->tcp_before = side->instance.launch.ports;
    side->udp_before = side->instance.launch.udp_ports;
    if (!has_to_run && !instance_is_alive(&side->instance, &process))
        return 0;
    return qmp_open(&side->qmp, side->instance.folder, "qmp.sock", err);
}

static void side_close(struct side *side)
{
    if (side->qmp.fd >= 0)
        qmp_close(&side->qmp);
    instance_fini(&side->instance);
}

/* Forwards a port; false with `err` set when QEMU cannot. */
static bool forward_add(struct side *side, const char *protocol, struct port port, struct err *err)
{
    char *line = xasprintf("hostfwd_add net %s:127.0.0.1:%u-:%u", protocol, port.host, port.guest);
    char *said = NULL;
    bool is_done = qmp_human(&side->qmp, line, &said, err) == 0;

    if (is_done && *said != '\0') { /* It says nothing when all is well. */
        said[strcspn(said, "\r\n")] = '\0';
        err_set(err, "instance '%s' cannot have port %u: %.200s", side->instance.name, port.host,
                said);
        is_done = false;
    }
    free(said);
    free(line);
    return is_done;
}

/* Forwards a port no longer; whether it did before. */
static bool forward_remove(struct side *side, const char *protocol, uint16_t host)
{
    char *line = xasprintf("hostfwd_remove net %s:127.0.0.1:%u", protocol, host);
    struct err ignored;
    char *said = NULL;
    bool is_done = side->qmp.fd >= 0 && qmp_human(&side->qmp, line, &said, &ignored) == 0 &&
                   !strstr(said, "not found");

    free(said);
    free(line);
    return is_done;
}

static const struct port *host_port_find(const struct ports *ports, uint16_t host)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->items[i].host == host)
            return &ports->items[i];
    }
    return NULL;
}

static const struct ports *ports_before(const struct side *side, const char *protocol)
{
    return strcmp(protocol, "tcp") == 0 ? &side->tcp_before : &side->udp_before;
}

static struct ports *ports_now(struct side *side, const char *protocol)
{
    struct launch *launch = &side->instance.launch;

    return strcmp(protocol, "tcp") == 0 ? &launch->ports : &launch->udp_ports;
}

/* Gives back what one of `from` had of the port before. */
static void port_return(struct side *owner, const char *protocol, struct port port)
{
    const struct port *before = host_port_find(ports_before(owner, protocol), port.host);
    struct err ignored;

    if (before)
        (void)forward_add(owner, protocol, *before, &ignored);
}

/*
 * Moves the ports one by one: between "remove" and "add" of one lies a question to QEMU and its
 * answer. `owners[i]` is who had it. Returns how many were moved.
 */
static size_t ports_move(struct exchange *exchange, const char *protocol,
                         const struct ports *wanted, struct side **owners, struct err *err)
{
    for (size_t i = 0; i < wanted->count; i++) {
        owners[i] = NULL;
        for (size_t j = 0; j < exchange->from_count && !owners[i]; j++) {
            if (forward_remove(&exchange->from[j], protocol, wanted->items[i].host))
                owners[i] = &exchange->from[j];
        }
        if (!forward_add(&exchange->to, protocol, wanted->items[i], err)) {
            if (owners[i])
                port_return(owners[i], protocol, wanted->items[i]);
            return i;
        }
    }
    return wanted->count;
}

static void ports_move_back(struct exchange *exchange, const char *protocol,
                            const struct ports *wanted, struct side **owners, size_t count)
{
    while (count-- > 0) {
        (void)forward_remove(&exchange->to, protocol, wanted->items[count].host);
        if (owners[count])
            port_return(owners[count], protocol, wanted->items[count]);
    }
}

/* What the descriptions are to say: `to` has the ports, and nobody else. */
static void ports_settle(struct exchange *exchange, const char *protocol,
                         const struct ports *wanted)
{
    *ports_now(&exchange->to, protocol) = *wanted;
    for (size_t i = 0; i < exchange->from_count; i++) {
        struct ports *left = ports_now(&exchange->from[i], protocol);
        size_t kept = 0;

        for (size_t j = 0; j < left->count; j++) {
            if (!host_port_find(wanted, left->items[j].host))
                left->items[kept++] = left->items[j];
        }
        left->count = kept;
    }
}

/* `to` is reached no longer as it was before. */
static void hidden_remove(struct exchange *exchange, const char *protocol)
{
    const struct ports *before = ports_before(&exchange->to, protocol);

    for (size_t i = 0; i < before->count; i++) {
        if (!host_port_find(ports_now(&exchange->to, protocol), before->items[i].host))
            (void)forward_remove(&exchange->to, protocol, before->items[i].host);
    }
}

static int descriptions_write(const struct exchange *exchange, struct err *err)
{
    int status = instance_write(&exchange->to.instance, err);

    for (size_t i = 0; i < exchange->from_count && status == 0; i++)
        status = instance_write(&exchange->from[i].instance, err);
    return status;
}

/* Writes them as they were, as far as that can be had: some may be changed already. */
static void descriptions_restore(struct exchange *exchange)
{
    for (size_t i = 0; i <= exchange->from_count; i++) {
        struct side *side = i < exchange->from_count ? &exchange->from[i] : &exchange->to;
        struct err ignored;

        side->instance.launch.ports = side->tcp_before;
        side->instance.launch.udp_ports = side->udp_before;
        (void)instance_write(&side->instance, &ignored);
    }
}

static int descriptions_settle(struct exchange *exchange, const struct settings *settings,
                               struct err *err)
{
    ports_settle(exchange, "tcp", &settings->ports);
    ports_settle(exchange, "udp", &settings->udp_ports);
    if (descriptions_write(exchange, err) == 0)
        return 0;
    descriptions_restore(exchange);
    return -1;
}

static int exchange_run(struct exchange *exchange, const struct settings *settings, struct err *err)
{
    struct side *tcp_owners[PORTS_MAX];
    struct side *udp_owners[PORTS_MAX];
    size_t tcp = ports_move(exchange, "tcp", &settings->ports, tcp_owners, err);
    size_t udp = 0;

    if (tcp == settings->ports.count)
        udp = ports_move(exchange, "udp", &settings->udp_ports, udp_owners, err);
    if (tcp < settings->ports.count || udp < settings->udp_ports.count ||
        descriptions_settle(exchange, settings, err) < 0) {
        ports_move_back(exchange, "udp", &settings->udp_ports, udp_owners, udp);
        ports_move_back(exchange, "tcp", &settings->ports, tcp_owners, tcp);
        return -1;
    }
    hidden_remove(exchange, "tcp");
    hidden_remove(exchange, "udp");
    return 0;
}

/* The lock of the instances is held: none of them is started with ports that are on the move. */
int local_instance_switch(const struct settings *settings, const struct strings *from,
                          const char *to, struct err *err)
{
    struct exchange exchange = { .from = xcalloc(from->count, sizeof(*exchange.from)) };
    struct state_lock lock;
    int status = state_lock(&lock, STATE_INSTANCES, err);

    exchange.to.qmp.fd = -1;
    if (status == 0)
        status = side_open(&exchange.to, to, true, err);
    for (size_t i = 0; i < from->count && status == 0; i++)
        status = side_open(&exchange.from[exchange.from_count++], from->items[i], false, err);
    if (status == 0)
        status = exchange_run(&exchange, settings, err);
    for (size_t i = 0; i < exchange.from_count; i++)
        side_close(&exchange.from[i]);
    side_close(&exchange.to);
    state_unlock(&lock);
    free(exchange.from);
    return status;
}
