# SPDX-License-Identifier: Apache-2.0
kernel-y      += kernel/init/main.c kernel/init/root.c kernel/init/config.c kernel/init/launch.c \
                 kernel/init/launch_file.c kernel/init/drain.c kernel/init/end.c kernel/init/volumes.c

unit-sets     += launch
unit-launch-y += kernel/init/launch_file.c kernel/init/launch_file_test.c lib/base/text.c \
                 lib/base/format.c
