# SPDX-License-Identifier: Apache-2.0
app-y += test/boot/die.c test/boot/network.c test/boot/show.c
app-y += test/boot/crashing.c test/boot/big_file.c test/boot/look.c test/boot/traced.c
