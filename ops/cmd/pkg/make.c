/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cmd/pkg/make.h"

#include "host/err.h"
#include "host/xmem.h"
#include "ops/output/table.h"
#include "ops/pkg/draft.h"

#include <stdio.h>
#include <stdlib.h>

int make_package(const struct make *make, struct err *err)
{
    struct draft draft = { 0 };
    struct draft_info info = { .name = make->name ? xstrdup(make->name) : NULL,
                               .version = make->version ? xstrdup(make->version) : NULL };
    char *folder = NULL;
    int status = draft_init(&draft, err);

    if (status == 0)
        status = make->fill(&draft, &info, make->context, err);
    if (status == 0)
        status = draft_keep(&draft, &info, make->replaces, &folder, err);
    if (status == 0) {
        table_print_name("path", folder, stdout);
    } else {
        (void)err_prefix(err, "cannot make a package of '%s'", make->of);
    }
    free(folder);
    draft_info_fini(&info);
    draft_fini(&draft);
    return status;
}
