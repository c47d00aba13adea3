/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cmd/gdb_note.h"

#include "ops/config/settings.h"
#include "ops/vm/gdb.h"
#include "ops/vm/launch.h"

#include <stdio.h>
#include <stdlib.h>

int gdb_note(const char *program, const char *kernel, const struct settings *settings,
             struct err *err)
{
    char *line = gdb_line(program, kernel, launch_gdb_port(settings), err);

    if (!line)
        return -1;
    fprintf(stderr,
            "ops: the machine waits for gdb:\n"
            "\n"
            "    %s\n"
            "\n"
            "hint: first `hbreak main`, then `continue`\n",
            line);
    free(line);
    return 0;
}
