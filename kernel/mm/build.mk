# SPDX-License-Identifier: Apache-2.0
kernel-y += kernel/mm/iter.c

unit-sets   += iter
unit-iter-y += kernel/mm/iter_test.c $(fake-kernel-y)
