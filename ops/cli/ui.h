/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How ops talks: what the options of every command, NO_COLOR and the terminal say of it. Set by the
 * options alone, read by all.
 */

#include <stdbool.h>

struct err;
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

/* An error, its hint in a line of its own, on stderr. */
void ui_error(const struct err *err);

/*
 * Of several things that are done one by one, another one could not be: `one` says why. Shows the
 * failure before it, which is in `err` if `status` is not 0, and puts this one there. Returns -1,
 * the new status.
 */
int ui_fail(int status, const struct err *one, struct err *err);

/* Lines beginning with "ops: warning: ", if anybody wants warnings: of what may be missing. */
void ui_warnings(const struct strings *warnings);
