# SPDX-License-Identifier: Apache-2.0
virtio-dir  := kernel/drivers/virtio
kernel-y    += $(virtio-dir)/drivers.c $(virtio-dir)/virtio.c $(virtio-dir)/virtqueue.c
kernel-y    += $(virtio-dir)/virtio_mmio.c $(virtio-dir)/mmio_param.c $(virtio-dir)/virtio_pci.c
kernel-y    += $(virtio-dir)/virtio_rng.c $(virtio-dir)/virtio_blk.c
kernel-y    += $(virtio-dir)/virtio_net.c $(virtio-dir)/virtio_net_rx.c $(virtio-dir)/virtio_net_tx.c

unit-sets        += virtqueue
unit-virtqueue-y += $(fake-kernel-y) $(virtio-dir)/virtqueue.c $(virtio-dir)/virtqueue_test.c
unit-virtqueue-y += $(virtio-dir)/mmio_param.c

virtio-fake-y    := $(virtio-dir)/virtqueue.c test/unit/fake_virtio.c
unit-sets        += virtio
unit-virtio-y    += $(fake-kernel-y) $(virtio-fake-y)
unit-virtio-y    += $(virtio-dir)/virtio_blk.c $(virtio-dir)/virtio_blk_test.c
unit-virtio-y    += $(virtio-dir)/virtio_net.c $(virtio-dir)/virtio_net_rx.c
unit-virtio-y    += $(virtio-dir)/virtio_net_tx.c $(virtio-dir)/virtio_net_test.c
unit-virtio-y    += kernel/net/netbuf.c kernel/net/checksum.c
unit-sets        += virtio-rng
unit-virtio-rng-y += $(fake-kernel-y) $(virtio-dir)/virtio_rng.c $(virtio-dir)/virtio_rng_test.c
