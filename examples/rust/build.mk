# SPDX-License-Identifier: Apache-2.0
#
# Rust is large, and nothing else here needs it: without a compiler that works this example is left
# out.
.PHONY: examples
ifneq ($(shell rustc --version 2>/dev/null),)
examples: $(B)/examples/rust/server
endif

$(B)/examples/rust/server: examples/rust/server.rs examples/rust/build.mk
	@mkdir -p $(@D)
	@printf '  %-5s %s\n' RUSTC $@
	$(if $(V),,@)rustc --edition 2021 -O -C strip=symbols -o $@ $<
