/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether this machine can run a guest's kernel on its own CPU. */

#include <stdbool.h>

/*
 * Whether KVM can run an ordinary guest: /dev/kvm opens and the CPU shows vmx or svm. Some machines
 * have a /dev/kvm that cannot.
 */
bool accel_kvm_works(void);

/* Whether the text of a /proc/cpuinfo shows a CPU with hardware virtualization. */
bool accel_cpuinfo_has_virt(const char *text);
