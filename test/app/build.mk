# SPDX-License-Identifier: Apache-2.0
app-y += test/app/counts.c
app-y += test/app/cpu_scale.c
app-y += test/app/touch.c
app-y += test/app/wire.c
app-y += test/fuzz/syscalls.c
