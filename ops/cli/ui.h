/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How ops talks: what the options of every command, NO_COLOR and the terminal say of it. Set by the
 * options alone, read by all.
 */

#include <stdbool.h>

struct strings;

struct ui {
    bool is_quiet; /* --quiet: no notes, no progress; errors only. */
    bool json;     /* --json: results for programs. */
    bool is_verbose;
    bool has_warnings; /* --show-warnings: warnings also without --verbose. */
};

extern struct ui ui;

/* Whether stderr is a terminal where lines may be drawn over, and nobody asked for quiet. */
bool ui_draws(void);

/* Whether stdout, a terminal, may have colours: NO_COLOR (no-color.org) and TERM=dumb say no. */
bool ui_colors(void);

/* A line on stderr beginning with "ops: ", unless quiet. */
void ui_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lines beginning with "ops: warning: ", if anybody wants warnings: of what may be missing. */
void ui_warnings(const struct strings *warnings);
