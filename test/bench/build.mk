# SPDX-License-Identifier: Apache-2.0
#
# What the benchmark brings along: the plugin that counts, the loads that run in a machine (static,
# so that one binary serves every kernel), and a client.
bench-y := test/bench/micro.c test/bench/memory.c test/bench/memload.c test/bench/crash.c

.PHONY: bench
bench: $(B)/test/bench/count.so $(bench-y:%.c=$(B)/%)

$(B)/test/bench/count.so: test/bench/plugin/count.c test/bench/plugin/qemu_plugin.h
	@mkdir -p $(@D)
	@printf '  %-5s %s\n' CC $@
	$(if $(V),,@)$(CC) $(TEST_FLAGS) -fPIC -shared -fvisibility=hidden -o $@ $<

$(bench-y:%.c=$(B)/%): $(B)/%: %.c
	@mkdir -p $(@D)
	@printf '  %-5s %s\n' CC $@
	$(if $(V),,@)$(CC) $(TEST_FLAGS) -static -o $@ $<
