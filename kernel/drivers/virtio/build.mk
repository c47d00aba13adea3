# SPDX-License-Identifier: Apache-2.0
virtio-dir  := kernel/drivers/virtio
kernel-y    += $(virtio-dir)/drivers.c $(virtio-dir)/virtio.c $(virtio-dir)/virtqueue.c
kernel-y    += $(virtio-dir)/virtio_mmio.c $(virtio-dir)/mmio_param.c $(virtio-dir)/virtio_pci.c
kernel-y    += $(virtio-dir)/virtio_rng.c $(virtio-dir)/virtio_blk.c
kernel-y    += $(virtio-dir)/virtio_net.c $(virtio-dir)/virtio_net_rx.c $(virtio-dir)/virtio_net_tx.c

unit-sets       += virtqueue
unit-virtqueue-y += $(fake-kernel-y) $(virtio-dir)/virtqueue.c $(virtio-dir)/virtqueue_test.c
unit-virtqueue-y += $(virtio-dir)/mmio_param.c
