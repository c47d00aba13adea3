/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/provider/local/local.h"

#include "ops/provider/local/image.h"
#include "ops/provider/local/instance.h"
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
    .image_create = local_image_create,
    .image_list = local_image_list,
    .image_delete = local_image_delete,
    .image_resize = local_image_resize,
    .image_file = local_image_file,
    .instance_create = local_instance_create,
    .instance_list = local_instance_list,
    .instance_start = local_instance_start,
    .instance_stop = local_instance_stop,
    .instance_reboot = local_instance_reboot,
    .instance_delete = local_instance_delete,
    .instance_logs = local_instance_logs,
    .instance_stats = local_instance_stats,
    .instance_answers = local_instance_answers,
    .instance_switch = local_instance_switch,
    .instance_mend = local_instance_mend,
    .volume_create = local_volume_create,
    .volume_list = local_volume_list,
    .volume_delete = local_volume_delete,
    .volume_resize = local_volume_resize,
    .volume_attach = local_volume_attach,
    .volume_detach = local_volume_detach,
};
