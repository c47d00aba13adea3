/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing ports of this machine from running instances to another one, by QEMU's own network
 * (slirp). First the ports move, then the descriptions of all are written; whatever fails, all that
 * was done is undone, so that who served before serves on. If ops is killed on the way, the next
 * one undoes it: before the first step all that is needed for that goes into a journal. It stays
 * while a machine that takes part lives and does not answer, for so many tries.
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

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MEND_TRIES_MAX = 5, /* Each of them may have to wait for QMP_TIMEOUT_MS. */
};

/* An instance that takes part in a switch. */
struct side {
    struct instance instance;
    bool is_known;           /* Its description could be read. */
    struct ports tcp_before; /* What it was reached by before the switch. */
    struct ports udp_before;
    struct qmp qmp; /* Its `fd` is -1 when it does not run. */
};

/* What is to be switched, and what was. */
struct exchange {
    struct side *from;
    size_t from_count;
    struct side to;
    struct ports tcp_wanted;
    struct ports udp_wanted;
};

/* Hidden from lists of instances by its dot. To be freed. */
static char *journal_path(void)
{
    return state_path(STATE_INSTANCES, ".switch", ".json");
}

static json_t *side_json(const struct side *side)
{
    return json_pack("{s:s, s:I, s:o, s:o}", "name", side->instance.name, "created",
                     (json_int_t)side->instance.created_s, "ports",
                     launch_ports_json(&side->tcp_before), "udp_ports",
                     launch_ports_json(&side->udp_before));
}

static int journal_save(const json_t *json, struct err *err)
{
    char *path = journal_path();
    char *text = json_dumps(json, JSON_INDENT(4));
    int status = text ? state_write(path, text, err) : err_set(err, "cannot write '%s'", path);

    free(text);
    free(path);
    return status;
}

static int journal_write(const struct exchange *exchange, struct err *err)
{
    json_t *sides = json_array();
    json_t *json;
    int status;

    json_array_append_new(sides, side_json(&exchange->to));
    for (size_t i = 0; i < exchange->from_count; i++)
        json_array_append_new(sides, side_json(&exchange->from[i]));
    json = json_pack("{s:o, s:o, s:o}", "sides", sides, "ports",
                     launch_ports_json(&exchange->tcp_wanted), "udp_ports",
                     launch_ports_json(&exchange->udp_wanted));
    status = journal_save(json, err);
    json_decref(json);
    return status;
}

static void journal_remove(void)
{
    char *path = journal_path();

    (void)unlink(path);
    free(path);
}

static int side_open(struct side *side, const char *name, bool has_to_run, struct err *err)
{
    struct vm_process process;

    *side = (struct side){ .qmp = { .fd = -1 } };
    if (instance_read(&side->instance, name, err) < 0)
        return -1;
    side->is_known = true;
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
    *side = (struct side){ .qmp = { .fd = -1 } };
}

/* Whether it lives and could not be asked for anything. */
static bool is_unreached(const struct side *side)
{
    struct vm_process process;

    return side->is_known && side->qmp.fd < 0 && instance_is_alive(&side->instance, &process);
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

/* The same for one that has it already. */
static void forward_keep(struct side *side, const char *protocol, struct port port)
{
    struct err ignored;

    if (side->qmp.fd >= 0)
        (void)forward_add(side, protocol, port, &ignored);
}

/*
 * Moves the ports one by one: between "remove" and "add" of one lies a question to QEMU and its
 * answer.
 */
static int ports_move(struct exchange *exchange, const char *protocol, const struct ports *wanted,
                      struct err *err)
{
    for (size_t i = 0; i < wanted->count; i++) {
        for (size_t j = 0; j < exchange->from_count; j++)
            (void)forward_remove(&exchange->from[j], protocol, wanted->items[i].host);
        if (!forward_add(&exchange->to, protocol, wanted->items[i], err))
            return -1;
    }
    return 0;
}

/* Everybody has what he had before, however much of it was moved. */
static void ports_move_back(struct exchange *exchange, const char *protocol,
                            const struct ports *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        (void)forward_remove(&exchange->to, protocol, wanted->items[i].host);
    for (size_t i = 0; i <= exchange->from_count; i++) {
        struct side *side = i < exchange->from_count ? &exchange->from[i] : &exchange->to;
        const struct ports *before = ports_before(side, protocol);

        for (size_t j = 0; j < before->count; j++)
            forward_keep(side, protocol, before->items[j]);
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
        if (side->is_known) /* Else it is gone. */
            (void)instance_write(&side->instance, &ignored);
    }
}

static void exchange_undo(struct exchange *exchange)
{
    ports_move_back(exchange, "udp", &exchange->udp_wanted);
    ports_move_back(exchange, "tcp", &exchange->tcp_wanted);
    descriptions_restore(exchange);
}

static int exchange_do(struct exchange *exchange, struct err *err)
{
    if (ports_move(exchange, "tcp", &exchange->tcp_wanted, err) < 0 ||
        ports_move(exchange, "udp", &exchange->udp_wanted, err) < 0)
        return -1;
    ports_settle(exchange, "tcp", &exchange->tcp_wanted);
    ports_settle(exchange, "udp", &exchange->udp_wanted);
    return descriptions_write(exchange, err);
}

/* What is planned is written down before the first step, and forgotten after the last. */
static int exchange_run(struct exchange *exchange, struct err *err)
{
    int status = journal_write(exchange, err);

    if (status < 0)
        return -1;
    status = exchange_do(exchange, err);
    if (status == 0) {
        hidden_remove(exchange, "tcp");
        hidden_remove(exchange, "udp");
    } else {
        exchange_undo(exchange);
    }
    journal_remove();
    return status;
}

static void exchange_close(struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->from_count; i++)
        side_close(&exchange->from[i]);
    side_close(&exchange->to);
    free(exchange->from);
}

/* The lock of the instances is held: none of them is started with ports that are on the move. */
int local_instance_switch(const struct settings *settings, const struct strings *from,
                          const char *to, struct err *err)
{
    struct exchange exchange = { .from = xcalloc(from->count + 1, sizeof(*exchange.from)),
                                 .tcp_wanted = settings->ports,
                                 .udp_wanted = settings->udp_ports };
    struct state_lock lock;
    int status = state_lock(&lock, STATE_INSTANCES, err);

    exchange.to.qmp.fd = -1;
    if (status == 0)
        status = side_open(&exchange.to, to, true, err);
    for (size_t i = 0; i < from->count && status == 0; i++)
        status = side_open(&exchange.from[exchange.from_count++], from->items[i], false, err);
    if (status == 0)
        status = exchange_run(&exchange, err);
    exchange_close(&exchange);
    state_unlock(&lock);
    return status;
}

/*
 * Fills a side from the journal. One that is gone, or does not run any more, has no ports; so it is
 * when there is another one of its name.
 */
static void side_reopen(struct side *side, json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const json_t *created = json_object_get(json, "created");
    struct ports tcp = { .count = 0 };
    struct ports udp = { .count = 0 };
    struct err ignored;

    (void)side_open(side, name ? name : "", false, &ignored);
    if (json_is_integer(created) && json_integer_value(created) != side->instance.created_s) {
        side_close(side);
    } else if (launch_ports_parse(&tcp, json, "ports", &ignored) == 0 &&
               launch_ports_parse(&udp, json, "udp_ports", &ignored) == 0) {
        side->tcp_before = tcp;
        side->udp_before = udp;
    }
}

/* Undoes what the journal tells of; whether nobody is left who has to be asked again. */
static bool journal_undo(json_t *journal)
{
    json_t *sides = json_object_get(journal, "sides");
    struct exchange exchange = {
        .from = xcalloc(json_array_size(sides) + 1, sizeof(*exchange.from)),
    };
    struct err ignored;
    bool is_done = true;

    exchange.to.qmp.fd = -1;
    if (launch_ports_parse(&exchange.tcp_wanted, journal, "ports", &ignored) == 0 &&
        launch_ports_parse(&exchange.udp_wanted, journal, "udp_ports", &ignored) == 0) {
        side_reopen(&exchange.to, json_array_get(sides, 0));
        for (size_t i = 1; i < json_array_size(sides); i++)
            side_reopen(&exchange.from[exchange.from_count++], json_array_get(sides, i));
        exchange_undo(&exchange);
        is_done = !is_unreached(&exchange.to);
        for (size_t i = 0; i < exchange.from_count; i++)
            is_done = is_done && !is_unreached(&exchange.from[i]);
    }
    exchange_close(&exchange);
    return is_done;
}

/* Leaves it to a later command to try again; false: there were tries enough. */
static bool journal_keep(json_t *journal)
{
    json_int_t tries = json_integer_value(json_object_get(journal, "tries")) + 1;
    struct err ignored;

    json_object_set_new(journal, "tries", json_integer(tries));
    return tries < MEND_TRIES_MAX && journal_save(journal, &ignored) == 0;
}

void local_instance_mend(void)
{
    char *path = journal_path();
    struct state_lock lock = { 0 };
    struct err ignored;
    json_error_t error;
    json_t *journal;

    /* It is looked for again with the lock held: whoever wrote it may be at it still. */
    if (access(path, F_OK) == 0 && state_lock(&lock, STATE_INSTANCES, &ignored) == 0 &&
        access(path, F_OK) == 0) {
        journal = json_load_file(path, 0, &error);
        if (!journal || journal_undo(journal) || !journal_keep(journal))
            journal_remove();
        json_decref(journal);
    }
    state_unlock(&lock);
    free(path);
}
