# SPDX-License-Identifier: Apache-2.0
kernel-y       += kernel/drivers/fw_cfg/fw_cfg.c kernel/drivers/fw_cfg/fw_cfg_dir.c

fw-cfg-parse-y := kernel/drivers/fw_cfg/fw_cfg_dir.c lib/base/text.c lib/base/format.c
unit-sets      += fw-cfg
unit-fw-cfg-y  += kernel/drivers/fw_cfg/fw_cfg_dir_test.c $(fw-cfg-parse-y)
