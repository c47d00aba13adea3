# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/config/cloud.c ops/config/config.c ops/config/keys.c ops/config/keys_cloud.c \
             ops/config/keys_doc.c ops/config/keys_passthrough.c ops/config/keys_run.c \
             ops/config/keys_top.c ops/config/network.c ops/config/options.c ops/config/ports.c \
             ops/config/position.c ops/config/render.c ops/config/settings.c ops/config/values.c
unit-host-y += ops/config/config_test.c ops/config/keys_test.c ops/config/network_test.c \
               ops/config/ports_test.c ops/config/position_test.c ops/config/render_test.c
