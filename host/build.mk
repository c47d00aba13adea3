# SPDX-License-Identifier: Apache-2.0
unit-sets += host

host-files  := host/child.c host/clock.c host/err.c host/file.c host/new_file.c host/sha256.c \
               host/strings.c host/xmem.c host/xxh64.c
host-y      += $(host-files)
unit-host-y += $(host-files) host/child_test.c host/clock_test.c host/err_test.c \
               host/file_test.c host/new_file_test.c host/sha256_test.c host/strings_test.c host/xxh64_test.c
