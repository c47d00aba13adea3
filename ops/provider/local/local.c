/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/provider/local/local.h"

#include "ops/vm/qemu.h"

#include <stdlib.h>

static int check(struct err *err)
{
    char *qemu = qemu_find(err);

    free(qemu);
    return qemu ? 0 : -1;
}

const struct provider provider_local = {
    .name = "onprem",
    .about = "this machine, in QEMU",
    .check = check,
};
