/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio drivers of this kernel. A new one is added here and in build.mk, nowhere else. */
#include "kernel/drivers/virtio/virtio.h"
#include "lib/base/types.h"

extern const struct virtio_driver virtio_rng_driver;
extern const struct virtio_driver virtio_blk_driver;
extern const struct virtio_driver virtio_net_driver;
extern const struct virtio_driver virtio_console_driver;
extern const struct virtio_driver virtio_9p_driver;

const struct virtio_driver *const virtio_drivers[] = {
    &virtio_blk_driver,     &virtio_net_driver, &virtio_rng_driver,
    &virtio_console_driver, &virtio_9p_driver,  NULL,
};
