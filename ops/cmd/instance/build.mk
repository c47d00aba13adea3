# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/cmd/instance/args.c ops/cmd/instance/create.c ops/cmd/instance/delete.c \
             ops/cmd/instance/inspect.c ops/cmd/instance/instance.c ops/cmd/instance/list.c \
             ops/cmd/instance/logs.c ops/cmd/instance/reboot.c ops/cmd/instance/start.c \
             ops/cmd/instance/stats.c ops/cmd/instance/stop.c ops/cmd/instance/wait.c
