# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/output/human.c ops/output/plain.c ops/output/progress.c ops/output/roff.c \
             ops/output/table.c ops/output/wrap.c
unit-host-y += ops/output/human_test.c ops/output/progress_test.c ops/output/table_test.c \
               ops/output/wrap_test.c
