/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The rules of ops/image/rules_table.h that take more than a list of paths. */

struct err;
struct rule;
struct rules;

/*
 * The modules that nsswitch.conf names: the one in the image, else the target root's if it is not
 * this machine's own, else files and dns. And libgcc_s, which glibc opens to end a thread.
 */
int rules_add_names(struct rules *rules, const struct rule *rule, struct err *err);

/* /etc/passwd and its like of a target root; /etc/localtime of any root. */
int rules_add_base(struct rules *rules, const struct rule *rule, struct err *err);

/* What LANG and LC_* name, as directories or in the archive. */
int rules_add_locale(struct rules *rules, const struct rule *rule, struct err *err);

/* This machine's certificates, where a root has none, as is so with many containers. */
int rules_add_certs(struct rules *rules, const struct rule *rule, struct err *err);

/* libcrypto tells where its files are: `OPENSSLDIR: "/usr/lib/ssl"`. */
int rules_add_openssl(struct rules *rules, const struct rule *rule, struct err *err);

/* What TERM names, beyond what is in /lib/terminfo. */
int rules_add_terminfo(struct rules *rules, const struct rule *rule, struct err *err);

/* TZ=Europe/Berlin is /usr/share/zoneinfo/Europe/Berlin. */
int rules_add_tz(struct rules *rules, const struct rule *rule, struct err *err);
