/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What uname(2) says that can change, and what cannot. */

#include "lib/base/types.h"

enum {
    HOSTNAME_SIZE = 65, /* With the NUL, as Linux. */
};

#define KERNEL_RELEASE "6.1.0-soliton"
#define KERNEL_VERSION "#1 Soliton"

/* Copies the name, with a NUL. */
void hostname_get(char name[HOSTNAME_SIZE]);
void domainname_get(char name[HOSTNAME_SIZE]);
/* -EINVAL when it is too long. */
int hostname_set(const char *name, size_t len) MUST_USE;
int domainname_set(const char *name, size_t len) MUST_USE;
