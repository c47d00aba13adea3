# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/config/config.c ops/config/options.c ops/config/ports.c ops/config/cloud.c ops/config/settings.c
unit-host-y += ops/config/config_test.c ops/config/ports_test.c
