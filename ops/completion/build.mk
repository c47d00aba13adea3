# SPDX-License-Identifier: Apache-2.0
ops-lib-y += ops/completion/bash.c ops/completion/fish.c ops/completion/words.c \
             ops/completion/zsh.c
