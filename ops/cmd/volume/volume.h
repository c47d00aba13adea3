/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands of volumes share. */

struct err;
struct provider;

/* Prints what there is to know of a volume. */
int volume_show(const struct provider *provider, const char *name, struct err *err);
