# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/init/main.c kernel/init/root.c kernel/init/config.c kernel/init/drain.c
