/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest: read from the image, laid over by the command line, and put to use. */
#include "abi/linux/errors.h"
#include "abi/linux/open_flags.h"
#include "kernel/arch/boot_info.h"
#include "kernel/arch/power.h"
#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/core/wait.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/memory_file.h"
#include "kernel/fs/path.h"
#include "kernel/init/init.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/net/net.h"
#include "kernel/task/error_text.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"

#include <stdarg.h>

#define MANIFEST_PATH        "/etc/soliton/manifest"
#define LAUNCH_MANIFEST_NAME "the manifest of the launch"
#define LAUNCH_OVERLAY_NAME  "the overlay of the launch"

enum {
    /* How long the program waits for a DHCP server: clouds answer in milliseconds. */
    DHCP_WAIT_S = 5,
    RESOLV_CONF_MAX = 512,
    FAIL_TEXT_MAX = 256,
};

static struct manifest manifest; /* [const] after config_read(). */
static struct wait_queue configured_queue;
static char command_line[BOOT_COMMAND_LINE_MAX];

_Noreturn void config_fail(void)
{
    machine_report("exit", "1");
    machine_power_off();
}

/* What it is about may come from a manifest: no control characters, no lines of its own. */
static void text_make_plain(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~')
            *text = '?';
    }
}

_Noreturn void config_fail_because(const char *format, ...)
{
    char line[FAIL_TEXT_MAX];
    struct text text;
    va_list args;

    va_start(args, format);
    text_init(&text, line, sizeof(line));
    text_format_args(&text, format, args);
    va_end(args);
    text_make_plain(line);
    log_error("boot: %s", line);
    machine_report("error", line);
    config_fail();
}

const struct manifest *config_manifest(void)
{
    return &manifest;
}

static void log_level_set(const char *text, size_t len)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {
        { "error", LOG_ERROR },
        { "warn", LOG_WARN },
        { "info", LOG_INFO },
        { "debug", LOG_DEBUG },
    };

    for (u32 i = 0; i < ARRAY_COUNT(levels); i++) {
        if (str_len(levels[i].name) == len && mem_equal(levels[i].name, text, len))
            log_set_level(levels[i].level);
    }
}

void config_early(void)
{
    const char *word = boot_info()->command_line;

    while (*word != '\0') {
        const char *value = str_after(word, "log=");
        size_t len = 0;

        while (word[len] != '\0' && word[len] != ' ')
            len++;
        if (value)
            log_level_set(value, len - 4);
        word += len;
        while (*word == ' ')
            word++;
    }
}

/* Ends the machine when it cannot be read. The text stays: the manifest points into it. */
static char *manifest_text(size_t *size)
{
    struct file *file;
    struct iter iter;
    char *text;
    long got;
    int err = path_open(NULL, MANIFEST_PATH, O_RDONLY, 0, &file);

    if (err < 0)
        config_fail_because("cannot open %s: %s", MANIFEST_PATH, error_text(err));
    *size = (size_t)file->inode->size;
    text = *size <= MANIFEST_SIZE_MAX ? heap_alloc(*size + 1) : NULL;
    if (!text)
        config_fail_because("%s: %zu bytes are too many", MANIFEST_PATH, *size);
    iter_init_kernel(&iter, text, *size);
    got = file_read(file, &iter, NULL);
    file_put(file);
    if (got != (long)*size) {
        config_fail_because("cannot read %s: %s", MANIFEST_PATH,
                            error_text(got < 0 ? (int)got : -EIO));
    }
    return text;
}

static _Noreturn void manifest_bad(const char *where, const char *unit,
                                   const struct manifest_error *error)
{
    if (error->line == 0)
        config_fail_because("%s: %s", where, error->what);
    if (!error->word)
        config_fail_because("%s, %s %u: %s", where, unit, error->line, error->what);
    config_fail_because("%s, %s %u: %s '%.*s'", where, unit, error->line, error->what,
                        (int)u32_min(error->word_len, 64), error->word);
}

/* The launch's stands in for the image's. */
static void read_whole(const char **where)
{
    struct manifest_error error;
    size_t size;
    char *text = launch_manifest(&size);

    *where = text ? LAUNCH_MANIFEST_NAME : MANIFEST_PATH;
    if (!text)
        text = manifest_text(&size);
    if (!manifest_parse(&manifest, text, size, &error))
        manifest_bad(*where, "line", &error);
}

static void read_overlays(void)
{
    struct manifest_error error;
    size_t size;
    char *text = launch_overlay(&size);

    if (text && !manifest_overlay_lines(&manifest, text, size, &error))
        manifest_bad(LAUNCH_OVERLAY_NAME, "line", &error);
    str_copy(command_line, sizeof(command_line), boot_info()->command_line);
    if (!manifest_overlay(&manifest, command_line, str_len(command_line), &error))
        manifest_bad("kernel command line", "word", &error);
}

void config_read(void)
{
    struct manifest_error error;
    const char *where;

    manifest_init(&manifest);
    launch_init();
    read_whole(&where);
    read_overlays();
    if (!manifest_finish(&manifest, &error))
        manifest_bad(where, "line", &error);

    if (manifest.log != MANIFEST_LOG_UNSET)
        log_set_level((enum log_level)(manifest.log - MANIFEST_LOG_ERROR));
    root_mount_more(&manifest);
    launch_secrets();
}

static void network_changed(void)
{
    wait_wake(&configured_queue, 0);
}

static void wait_for_address(void)
{
    u64 deadline_ns = clock_deadline(DHCP_WAIT_S * NS_PER_SECOND);
    struct net_config config;
    struct waiter waiter;
    int err = 0;

    wait_queue_init(&configured_queue);
    net_config_notify(network_changed);
    wait_begin(&configured_queue, &waiter, 0);
    while (!net_config_get(&config) && err == 0)
        err = wait_block_uninterruptible(&waiter, deadline_ns);
    wait_end(&waiter);
    if (err < 0)
        log_warn("net: no answer from a DHCP server yet, starting without an address");
}

static void network_config(struct net_config *config)
{
    config->ip = manifest.ip;
    config->prefix_len = (u8)manifest.prefix_len;
    config->gateway = manifest.gateway;
    config->mtu = manifest.mtu;
    config->dns_count = manifest.dns_count;
    for (u32 i = 0; i < manifest.dns_count; i++)
        config->dns[i] = manifest.dns[i];
}

/* An image without a resolv.conf gets one that says what the network said. */
static void resolv_conf_write(void)
{
    static char text[RESOLV_CONF_MAX];
    size_t len = net_resolv_conf(text, sizeof(text));

    if (len > 0 && memory_file_provide("/etc/resolv.conf", text, len) < 0)
        log_warn("net: cannot provide /etc/resolv.conf");
}

void config_network(void)
{
    struct net_config config = { 0 };

    if (manifest.network == MANIFEST_NETWORK_NONE)
        return;
    if (!net_primary()) {
        if (manifest.network == MANIFEST_NETWORK_STATIC)
            log_warn("net: no network card for the address of the manifest");
        return;
    }
    network_config(&config);
    if (manifest.network == MANIFEST_NETWORK_STATIC) {
        if (net_config_static(&config) < 0)
            config_fail_because("the manifest's network address makes no sense");
    } else {
        net_config_prefer(&config);
        net_config_dhcp();
        wait_for_address();
    }
    resolv_conf_write();
}
