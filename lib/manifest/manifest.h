/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The manifest: what runs in a machine, and how. ops writes it to /etc/soliton/manifest in the
 * image, the kernel reads it at boot. Text, one `key value` a line; a line that starts with '#' is
 * a comment. A value runs to the end of its line, where \n is a newline and \\ a backslash:
 *
 *     program PATH          absolute, in the image
 *     arg TEXT              once for each argument, argv[0] first; without any, argv[0] is program
 *     env NAME=VALUE        once for each variable
 *     cwd PATH
 *     hostname NAME
 *     user UID[:GID]        whom the program is started as; root if nobody is named
 *     tmpfs PATH            once for each directory that is memory
 *     mount SOURCE PATH [ro]  once for each volume; SOURCE ends where " /" begins and is one of
 *                           LABEL=NAME, UUID=8-4-4-4-12 hex digits, %N (the N-th disk beside the
 *                           root's, from 0), 9p=TAG
 *     network MODE          dhcp, static or none
 *     ip A.B.C.D/LEN        gateway A.B.C.D        for a static network
 *     dns A.B.C.D           up to 3; with dhcp, instead of what the server says
 *     mtu BYTES             likewise
 *     crash POLICY          what follows when a signal kills the program: halt, restart or hold
 *     exit POLICY           likewise when it ends by itself, or of SIGTERM, SIGINT or SIGHUP
 *     restart-pause MS      how far the pauses between restarts grow; 10000 if nothing is said
 *     limit NAME N          as in setrlimit, lower case without RLIMIT_; N may be `unlimited`
 *     trace on|off          tell every system call, in strace's format
 *     notrace NAME...       but not these; once or more often
 *     syscall-summary on|off   count system calls, and tell the counts at the end
 *     trace-files on|off    tell which files are opened, and which are missing
 *     log LEVEL             error, warn, info or debug
 *
 * The same keys can be laid over a manifest at launch: as lines (QEMU's fw_cfg, file
 * opt/soliton/overlay), then as words of a kernel command line.
 *
 * Pure: no allocation, no I/O. Strings in a `struct manifest` point into the buffers it was parsed
 * from, which must live as long as it does.
 */

#include "lib/base/types.h"

enum {
    MANIFEST_SIZE_MAX = 256 * 1024, /* Of the file: arguments and environment of Linux's ARG_MAX. */
    MANIFEST_ARGS_MAX = 512,
    MANIFEST_ENVS_MAX = 512,
    MANIFEST_TMPFS_MAX = 32,
    MANIFEST_NOTRACE_MAX = 32,
    MANIFEST_MOUNTS_MAX = 16,
    MANIFEST_LABEL_MAX = 16, /* ext4's. */
    MANIFEST_TAG_MAX = 31,   /* QEMU's mount_tag. */
    MANIFEST_DISKS_MAX = 32,
    MANIFEST_UUID_SIZE = 16,
    MANIFEST_DNS_MAX = 3, /* MAXNS of resolv.conf. */
    MANIFEST_PATH_MAX = 4096,
    MANIFEST_HOSTNAME_MAX = 64, /* Linux's __NEW_UTS_LEN. */
    MANIFEST_LIMITS = 16,       /* As many as Linux has. */
    MANIFEST_MTU_MIN = 576,
    MANIFEST_MTU_MAX = 65535,
    MANIFEST_RESTART_PAUSE = 10 * 1000,
    MANIFEST_RESTART_PAUSE_MAX = 3600 * 1000,
};

#define MANIFEST_UNLIMITED (~(u64)0)

enum manifest_network {
    MANIFEST_NETWORK_DHCP, /* The default. */
    MANIFEST_NETWORK_STATIC,
    MANIFEST_NETWORK_NONE,
};

/* What the machine does when the program has ended. */
enum manifest_end {
    MANIFEST_END_HALT, /* The default. */
    MANIFEST_END_RESTART,
    MANIFEST_END_HOLD,
};

enum manifest_log {
    MANIFEST_LOG_UNSET, /* The default: whoever reads it decides. */
    MANIFEST_LOG_ERROR,
    MANIFEST_LOG_WARN,
    MANIFEST_LOG_INFO,
    MANIFEST_LOG_DEBUG,
};

enum manifest_source {
    MANIFEST_SOURCE_LABEL,
    MANIFEST_SOURCE_UUID,
    MANIFEST_SOURCE_INDEX,
    MANIFEST_SOURCE_9P,
};

/* What is mounted, and where. The texts are not ended by a NUL. */
struct manifest_mount {
    enum manifest_source source;
    const char *name; /* The label or the tag, `name_len` bytes. */
    u32 name_len;
    u32 index; /* Of the disk. */
    u8 uuid[MANIFEST_UUID_SIZE];
    const char *path; /* Absolute, `path_len` bytes. */
    u32 path_len;
    bool read_only;
};

/* Some 10 KiB: keep it off the kernel's stacks. */
struct manifest {
    const char *program;
    const char *args[MANIFEST_ARGS_MAX];
    u32 arg_count;
    const char *envs[MANIFEST_ENVS_MAX];
    u32 env_count;
    const char *cwd;
    const char *hostname;
    u32 uid;
    u32 gid;
    const char *tmpfs[MANIFEST_TMPFS_MAX];
    u32 tmpfs_count;
    struct manifest_mount mounts[MANIFEST_MOUNTS_MAX];
    u32 mount_count;

    enum manifest_network network;
    u32 ip; /* Addresses in host order: 10.0.2.15 is 0x0a00020f. */
    u32 prefix_len;
    u32 gateway;
    u32 dns[MANIFEST_DNS_MAX];
    u32 dns_count;
    u32 mtu; /* 0: whatever the network says. */

    enum manifest_end crash;
    enum manifest_end exit;
    u32 restart_pause_ms;
    enum manifest_log log;
    bool trace;
    bool trace_files;
    bool syscall_summary;
    const char *notrace[MANIFEST_NOTRACE_MAX]; /* Names, a space between them. */
    u32 notrace_count;

    u64 limits[MANIFEST_LIMITS]; /* By Linux's RLIMIT_ number; soft and hard. */
    u32 limits_set;              /* Bit n: limits[n] is meant. */

    bool args_replaced; /* For overlays: an `arg` of this one was there already. */
    bool dns_replaced;
};

/* What is wrong with a manifest. For a message: "manifest line 3: unknown key 'prog'". */
struct manifest_error {
    u32 line;         /* From 1; 0 when it is not about one line. In an overlay: which word. */
    const char *what; /* Never NULL after a failure. */
    const char *word; /* What it is about, `word_len` bytes, not ended by a NUL; NULL: nothing. */
    u32 word_len;
};

/* Sets `manifest` to what an empty one means. */
void manifest_init(struct manifest *manifest);

/*
 * Parses the `size` bytes of a file, which it changes: strings are unescaped and ended in place. It
 * needs no room behind them. `manifest` is what manifest_init() left. Returns true, or false with
 * `error` set, whose `word` then points into `text`.
 */
bool manifest_parse(struct manifest *manifest, char *text, size_t size,
                    struct manifest_error *error) MUST_USE;

/*
 * Lays lines over `manifest` and changes them as above. Keys with one value replace what was there,
 * and so do an `env` of the same NAME, a `limit` of the same name, a `mount` at the same PATH, the
 * first `arg` for all arguments and the first `dns` for all servers; `tmpfs` adds.
 */
bool manifest_overlay_lines(struct manifest *manifest, char *text, size_t size,
                            struct manifest_error *error) MUST_USE;

/*
 * The same for the words of a kernel command line. A word is `key=value`, where \s in the value is
 * a space, beside \n and \\ (`limit=nofile\s1024`). Words without `=`, or whose key is none of the
 * manifest's, are someone else's and passed over.
 */
bool manifest_overlay(struct manifest *manifest, char *text, size_t size,
                      struct manifest_error *error) MUST_USE;

/*
 * Checks what takes more than one line to say, once everything is parsed: there is a program, a
 * static network has an address. Fills in argv[0] where there are no arguments.
 */
bool manifest_finish(struct manifest *manifest, struct manifest_error *error) MUST_USE;

/*
 * Writes `manifest` as text to `buffer`, no more than `room` bytes and no NUL. Returns how long the
 * whole is; when that is more than `room`, it was cut. What it writes parses to the same manifest.
 */
size_t manifest_emit(const struct manifest *manifest, char *buffer, size_t room);

/*
 * Parses A.B.C.D into host order: four decimal numbers up to 255, nothing else.
 */
bool manifest_parse_ip(u32 *ip, const char *text) MUST_USE;
