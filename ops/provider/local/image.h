/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Images and volumes on this machine, as the provider's contract has them. */

#include "ops/provider/provider.h"

#include <stdbool.h>
#include <stdint.h>

int local_image_create(const struct settings *settings, const char *name, const char *path,
                       bool replace, struct err *err);
int local_image_list(struct provider_images *images, struct err *err);
int local_image_delete(const char *name, struct err *err);
int local_image_resize(const char *name, uint64_t size, struct err *err);
char *local_image_file(const char *name, struct err *err);

int local_volume_create(const char *name, const char *label, const char *folder, uint64_t size,
                        struct err *err);
int local_volume_list(struct provider_volumes *volumes, struct err *err);
int local_volume_delete(const char *name, struct err *err);
int local_volume_resize(const char *name, uint64_t size, struct err *err);
int local_volume_attach(const char *instance, const char *volume, const char *where,
                        struct err *err);
int local_volume_detach(const char *instance, const char *volume, struct err *err);

/* Fails when an instance has the volume that lies at `path`. */
int local_volume_free(const char *path, struct err *err);
