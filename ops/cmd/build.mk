# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/cmd/build.c ops/cmd/completion.c ops/cmd/deploy.c ops/cmd/doctor.c \
             ops/cmd/explain.c ops/cmd/gdb_note.c ops/cmd/help.c ops/cmd/list.c ops/cmd/man.c ops/cmd/profile.c \
             ops/cmd/run.c ops/cmd/run_background.c ops/cmd/version.c
