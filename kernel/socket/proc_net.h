/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of /proc/net and /proc/sys/net share. */

#include "lib/base/types.h"

/* An address in dotted form, NUL-ended. */
void proc_net_ip(char text[16], u32 ip);

/* Registers /proc/sys/net. */
void proc_sys_net_init(void);
