/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* This machine as a provider: images, instances and volumes in $OPS_HOME, QEMU to run them. */

#include "ops/provider/provider.h"

extern const struct provider provider_local;
