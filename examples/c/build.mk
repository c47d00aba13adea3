# SPDX-License-Identifier: Apache-2.0
#
# The same server twice: musl and glibc start up and link differently.
.PHONY: examples
examples: $(B)/examples/c/server-musl $(B)/examples/c/server-glibc

EXAMPLE_C := -std=gnu17 -g -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -pthread -static

$(B)/examples/c/server-musl: examples/c/server.c examples/c/build.mk
	@mkdir -p $(@D)
	@printf '  %-5s %s\n' CC $@
	$(if $(V),,@)musl-gcc $(EXAMPLE_C) -o $@ $<

$(B)/examples/c/server-glibc: examples/c/server.c examples/c/build.mk
	@mkdir -p $(@D)
	@printf '  %-5s %s\n' CC $@
	$(if $(V),,@)$(CC) $(EXAMPLE_C) -o $@ $<
