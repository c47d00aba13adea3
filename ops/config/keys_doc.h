/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The table of keys as a reference: for `ops explain`, docs/config.md and the manual page. */

#include <stdio.h>

struct key;

/* What becomes of it: "used", "for clouds", "no meaning here" or "refused". */
const char *key_state_name(const struct key *key);

/* What it means, with what becomes of it. To be freed. */
char *key_about(const struct key *key);

/* A configuration that sets the key at `path` to `value`: {"A": {"B": 1}}. To be freed. */
char *key_example(const char *path, const char *value);

/* All keys as Markdown, which is docs/config.md. */
void keys_markdown(FILE *out);

/* All keys as the manual page ops-config(5). */
void keys_roff(FILE *out);
