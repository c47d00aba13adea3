/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/config/cloud.h"

#include <stdlib.h>

void cloud_fini(struct cloud *cloud)
{
    char *texts[] = {
        cloud->platform,
        cloud->project,
        cloud->zone,
        cloud->bucket,
        cloud->bucket_namespace,
        cloud->flavor,
        cloud->image_name,
        cloud->image_type,
        cloud->domain,
        cloud->static_ip,
        cloud->vpc,
        cloud->subnet,
        cloud->security_group,
        cloud->instance_profile,
        cloud->kms,
        cloud->dedicated_host,
        cloud->user_data,
        cloud->instance_group,
        cloud->gpu_type,
        cloud->root_volume.name,
        cloud->root_volume.type,
        cloud->target,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(texts[i]);
    for (size_t i = 0; i < cloud->tags.count; i++) {
        free(cloud->tags.items[i].key);
        free(cloud->tags.items[i].value);
    }
    free(cloud->tags.items);
    *cloud = (struct cloud){ 0 };
}
