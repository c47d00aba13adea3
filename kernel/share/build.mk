# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/share/share.c
