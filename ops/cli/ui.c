/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/ui.h"

#include "host/err.h"
#include "host/strings.h"
#include "host/xmem.h"
#include "ops/output/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ui ui;

static bool terminal_is_dumb(void)
{
    const char *term = getenv("TERM");

    return !term || strcmp(term, "dumb") == 0;
}

bool ui_draws(void)
{
    return !ui.is_quiet && isatty(STDERR_FILENO) == 1 && !terminal_is_dumb();
}

bool ui_colors(void)
{
    const char *no_color = getenv("NO_COLOR");

    return (!no_color || *no_color == '\0') && isatty(STDOUT_FILENO) == 1 && !terminal_is_dumb();
}

void ui_note(const char *format, ...)
{
    va_list args;
    char *text;

    if (ui.is_quiet)
        return;
    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    plain_make(text);
    fprintf(stderr, "ops: %s\n", text);
    free(text);
}

void ui_error(const struct err *err)
{
    struct err shown = *err;
    char *hint = strstr(shown.text, "\nhint: ");

    if (hint)
        *hint++ = '\0';
    plain_make(shown.text);
    fprintf(stderr, "ops: %s\n", shown.text);
    if (hint) {
        plain_make(hint);
        fprintf(stderr, "%s\n", hint);
    }
}

int ui_fail(int status, const struct err *one, struct err *err)
{
    if (status != 0)
        ui_error(err);
    *err = *one;
    return -1;
}

void ui_warnings(const struct strings *warnings)
{
    for (size_t i = 0; i < warnings->count && (ui.is_verbose || ui.has_warnings); i++)
        ui_note("warning: %s", warnings->items[i]);
}
