# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/core/wait.c

unit-sets   += wait
unit-wait-y += kernel/core/wait_test.c $(fake-kernel-y)
