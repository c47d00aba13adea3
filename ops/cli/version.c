/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/version.h"

const char version_text[] = "0.1.0";
const char version_date[] = "2026-11-22";
