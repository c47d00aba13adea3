# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/drivers/virtio/drivers.c kernel/drivers/virtio/virtio.c \
            kernel/drivers/virtio/virtqueue.c kernel/drivers/virtio/virtio_mmio.c \
            kernel/drivers/virtio/mmio_param.c kernel/drivers/virtio/virtio_pci.c \
            kernel/drivers/virtio/virtio_rng.c kernel/drivers/virtio/virtio_blk.c \
            kernel/drivers/virtio/virtio_net.c kernel/drivers/virtio/virtio_net_rx.c \
            kernel/drivers/virtio/virtio_net_tx.c kernel/drivers/virtio/virtio_console.c \
            kernel/drivers/virtio/virtio_9p.c

unit-sets        += virtqueue
unit-virtqueue-y += kernel/drivers/virtio/virtqueue.c kernel/drivers/virtio/virtqueue_test.c \
                    kernel/drivers/virtio/mmio_param.c $(fake-kernel-y)

# The real virtqueue under a device that the test plays.
virtio-fake-y    := kernel/drivers/virtio/virtqueue.c test/unit/fake_virtio.c

unit-sets        += virtio
unit-virtio-y    += kernel/drivers/virtio/virtio_blk.c kernel/drivers/virtio/virtio_blk_test.c \
                    kernel/drivers/virtio/virtio_net.c kernel/drivers/virtio/virtio_net_rx.c \
                    kernel/drivers/virtio/virtio_net_tx.c kernel/drivers/virtio/virtio_net_test.c \
                    kernel/net/netbuf.c kernel/net/checksum.c $(virtio-fake-y) $(fake-kernel-y)

unit-sets         += virtio-rng
unit-virtio-rng-y += kernel/drivers/virtio/virtio_rng.c kernel/drivers/virtio/virtio_rng_test.c \
                     $(fake-kernel-y)

unit-sets             += virtio-console
unit-virtio-console-y += kernel/drivers/virtio/virtio_console.c \
                         kernel/drivers/virtio/virtio_console_test.c $(virtio-fake-y) \
                         $(fake-kernel-y)

unit-sets        += virtio-9p
unit-virtio-9p-y += kernel/drivers/virtio/virtio_9p.c kernel/drivers/virtio/virtio_9p_test.c \
                    kernel/share/share.c $(virtio-fake-y) $(fake-kernel-y)
