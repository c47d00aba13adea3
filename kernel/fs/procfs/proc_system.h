/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Registers the files of /sys: CPUs, memory limits of cgroups, huge pages. */
void sysfs_add_standard(void);
