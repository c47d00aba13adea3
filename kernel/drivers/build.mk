# SPDX-License-Identifier: Apache-2.0
kernel-y        += kernel/drivers/drivers.c
