# SPDX-License-Identifier: Apache-2.0
unit-sets += host

host-y      += host/err.c
unit-host-y += host/err.c host/err_test.c
