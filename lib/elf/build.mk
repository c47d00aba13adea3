# SPDX-License-Identifier: Apache-2.0
kernel-y    += lib/elf/elf.c
ops-y       += lib/elf/elf.c lib/elf/dynamic.c
unit-host-y += lib/elf/elf.c lib/elf/elf_test.c lib/elf/dynamic.c lib/elf/dynamic_test.c
