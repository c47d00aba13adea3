# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/cli/cmd.c ops/cli/number.c ops/cli/options.c ops/cli/suggest.c ops/cli/ui.c \
             ops/cli/version.c
