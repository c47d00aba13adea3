# SPDX-License-Identifier: Apache-2.0
#
# What the benchmark brings along: the plugin that counts, the loads that run in a machine (static,
# so that one binary serves every kernel), and a client.
.PHONY: bench
bench: $(addprefix $(B)/test/bench/,count.so micro memory memload)

$(B)/test/bench/count.so: test/bench/plugin/count.c test/bench/plugin/qemu_plugin.h
	@mkdir -p $(@D)
	@printf '  %-5s %s\n' CC $@
	$(if $(V),,@)$(CC) $(TEST_FLAGS) -fPIC -shared -fvisibility=hidden -o $@ $<

$(B)/test/bench/%: test/bench/%.c
	@mkdir -p $(@D)
	@printf '  %-5s %s\n' CC $@
	$(if $(V),,@)$(CC) $(TEST_FLAGS) -static -o $@ $<
