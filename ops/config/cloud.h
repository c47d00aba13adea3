/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a configuration says for clouds: CloudConfig, and the keys of RunConfig that only a cloud
 * can honour. Checked when it is read, and kept for the providers. Plain data; NULL and 0: not
 * said.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A label on what is made, and on which of it. */
struct cloud_tag {
    char *key;
    char *value;
    bool on_image;
    bool on_instance;
    bool on_network;
    bool on_metadata;
};

struct cloud_tags {
    struct cloud_tag *items;
    size_t count;
};

struct cloud_volume {
    char *name;
    char *type;
    uint64_t iops;
    uint64_t size_gib;
    uint64_t throughput;
};

struct cloud {
    char *platform;
    char *project;
    char *zone;
    char *bucket;
    char *bucket_namespace;
    char *flavor;
    char *image_name;
    char *image_type;
    char *domain;
    char *static_ip;
    char *vpc;
    char *subnet;
    char *security_group;
    char *instance_profile;
    char *kms;
    char *dedicated_host;
    char *user_data;
    char *instance_group;
    char *gpu_type;
    struct cloud_volume root_volume;
    struct cloud_tags tags;
    uint64_t gpus;
    uint64_t threads_per_core;
    uint64_t volume_size_gib;
    bool has_ipv6;
    bool skips_import_check;
    bool is_spot;
    bool is_confidential;
    bool forwards_ip;
    bool attaches_volumes;
    char *target; /* TargetConfig: a JSON object as text. */
};

/* Frees all of it. */
void cloud_fini(struct cloud *cloud);
