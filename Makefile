# SPDX-License-Identifier: Apache-2.0
#
# The one makefile. It reads the build.mk of every folder; those only say what each file is for,
# with paths from the top of the tree:
#
#     kernel-y     += FILE...    goes into the kernel (.c and .S)
#     host-y       += FILE...    helpers over a C library, for ops
#     ops-y        += FILE...    goes into ops
#     ops-lib-y    += FILE...    goes into ops and into the unit test program of the set `host`
#     unit-SET-y   += FILE...    goes into the unit test program of SET (one of unit-sets): tests,
#                                the code they test, and the fakes it stands on
#     abi-y        += FILE...    each is a test program of its own, for Linux and for our kernel
#     abi-static-y += FILE...    likewise, linked statically
#     app-y        += FILE...    programs that the VM tests run, dynamic
#     fuzz-NAME-y  += FILE...    goes into the fuzz program fuzz_NAME (one of fuzz-entries)
#
#     make            builds everything that runs: the kernel, ops
#     make debug      a kernel that checks the order of locks, in build/debug
#     make unit       the unit test programs; make unit-SET one of them; make fuzz and fuzz-NAME
#                     likewise
#     make abi app    the programs that run in machines; make examples, make bench likewise
#     make check      everything a commit has to pass
#     make docs       docs/syscalls.md from the table of system calls, docs/config.md from that of
#                     keys
#     make man        the manual pages, in build/man
#     make install    ops, kernel, manual pages and completion, below $(DESTDIR)$(PREFIX);
#                     make uninstall takes them away again
#     make V=1        shows the commands
#
# `./dev` is the entry for people; it installs what is missing first.

CC     := gcc
CLANG  := clang
ARCH   := x86_64
B      := build
DEBUG  := 0
PREFIX := /usr/local
MAKEMK := $(sort $(wildcard */build.mk */*/build.mk */*/*/build.mk */*/*/*/build.mk))

# A set of unit tests is a program: within one a name is either real or faked, never both.
unit-sets :=

# A fuzz entry is a libFuzzer program of its own, likewise.
fuzz-entries :=

all:
include $(MAKEMK)

ops-y       += $(ops-lib-y)
unit-host-y += $(ops-lib-y)

# A warning is an error. Each of these has found a bug in somebody's kernel.
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wold-style-definition -Wundef -Wvla -Walloca -Wcast-qual -Wpointer-arith \
        -Wwrite-strings -Wimplicit-fallthrough=5 -Wnull-dereference -Wformat=2 -Wconversion \
        -Wno-sign-conversion

COMMON := -std=gnu17 -I. -g -MMD -MP '-ffile-prefix-map=$(CURDIR)=.' \
          -include lib/base/banned.h $(WARN)

# `make kernel B=build/O0 OPT=-O0` shows what the optimiser hides: structs built on the stack.
OPT          := -O2
KERNEL_FLAGS := $(COMMON) $(OPT) -Ikernel/arch/$(ARCH)/include -ffreestanding -fpie \
                -fvisibility=hidden -fno-common -mno-red-zone -mgeneral-regs-only \
                -fno-strict-aliasing -fno-omit-frame-pointer -momit-leaf-frame-pointer -fno-asynchronous-unwind-tables \
                -fcf-protection=none -fstack-protector-strong -mstack-protector-guard=tls \
                -mstack-protector-guard-reg=gs -mstack-protector-guard-offset=40 \
                -Wframe-larger-than=1024 -DKERNEL_DEBUG=$(DEBUG)
HOST_FLAGS   := $(COMMON) $(OPT) -D_GNU_SOURCE
OPS_LIBS     := -lext2fs -lcom_err -ljansson -larchive
UNIT_FLAGS   := $(COMMON) -O1 -Itest/unit/include -D_GNU_SOURCE -Wno-missing-prototypes \
                -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
                -DKERNEL_DEBUG=1
TEST_FLAGS   := -std=gnu17 -I. -g -O2 -D_GNU_SOURCE $(WARN) -pthread
FUZZ_FLAGS   := -std=gnu17 -I. -Itest/unit/include -MMD -MP -g -O1 -Wall -Wextra -Werror \
                -D_GNU_SOURCE -DKERNEL_DEBUG=1 \
                -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

kernel-o := $(patsubst %.S,$(B)/kernel/%.o,$(kernel-y:%.c=$(B)/kernel/%.o))
ops-o    := $(patsubst %.c,$(B)/host/%.o,$(ops-y) $(host-y))
unit     := $(unit-sets:%=$(B)/unit-tests-%)
abi      := $(abi-y:%.c=$(B)/%) $(abi-static-y:%.c=$(B)/%)
app      := $(app-y:%.c=$(B)/%)
fuzz     := $(fuzz-entries:%=$(B)/test/fuzz/fuzz_%)

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

.PHONY: all kernel debug ops unit abi app fuzz test check docs man install uninstall format clean
.DELETE_ON_ERROR:

all: kernel ops

kernel: $(B)/soliton.elf

debug:
	$(Q)$(MAKE) B=$(B)/debug DEBUG=1 kernel

ops:    $(B)/ops
unit:   $(unit)
abi:    $(abi)
app:    $(app)
fuzz:   $(fuzz)

# What is installed, and where. Each shell looks for completion in a folder of its own.
bin_dir  := $(DESTDIR)$(PREFIX)/bin
lib_dir  := $(DESTDIR)$(PREFIX)/lib/soliton
man_dir  := $(DESTDIR)$(PREFIX)/share/man
bash_dir := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zsh_dir  := $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fish_dir := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

man: $(B)/ops
	$(call say,MAN,$(B)/man)
	$(Q)rm -rf $(B)/man
	$(Q)$(B)/ops man -o $(B)/man

install: all man
	$(Q)install -d '$(bin_dir)' '$(lib_dir)' '$(bash_dir)' '$(zsh_dir)' '$(fish_dir)'
	$(Q)install -m 755 -s $(B)/ops '$(bin_dir)/ops'
	$(Q)install -m 644 $(B)/soliton.elf $(B)/soliton.debug '$(lib_dir)'
	$(Q)for section in 1 5; do \
	    install -d "$(man_dir)/man$$section" && \
	    install -m 644 $(B)/man/man$$section/* "$(man_dir)/man$$section" || exit 1; \
	done
	$(Q)$(B)/ops completion bash > '$(bash_dir)/ops'
	$(Q)$(B)/ops completion zsh > '$(zsh_dir)/_ops'
	$(Q)$(B)/ops completion fish > '$(fish_dir)/ops.fish'
	$(Q)chmod 644 '$(bash_dir)/ops' '$(zsh_dir)/_ops' '$(fish_dir)/ops.fish'

# Its own pages alone: ops.1, ops-config.5, ops-run.1, ...
uninstall:
	$(Q)rm -f '$(bin_dir)/ops' '$(bash_dir)/ops' '$(zsh_dir)/_ops' '$(fish_dir)/ops.fish'
	$(Q)rm -f '$(man_dir)/man1/ops.1' '$(man_dir)'/man1/ops-*.1 '$(man_dir)/man5/ops-config.5'
	$(Q)rm -rf '$(lib_dir)'

# On failure make adds a line of its own to stderr; ./dev test calls the script itself instead.
test: all unit abi
	$(Q)scripts/run_tests.py $(unit) $(abi)

check:
	$(Q)./check.sh

docs: $(B)/ops
	$(Q)scripts/gen_syscalls_md.py
	$(Q)$(B)/ops explain --markdown > docs/config.md

format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	$(Q)rm -rf $(B)

$(B)/kernel/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_FLAGS) -c -o $@ $<

$(B)/kernel/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(KERNEL_FLAGS) -D__ASSEMBLER__ -c -o $@ $<

# The kernel is linked twice: the table of its symbols, for backtraces, needs their addresses, which
# the table itself does not move (it lies behind the code). In the file segments need not begin on
# pages: nobody maps it, loaders copy.
KERNEL_LD    := kernel/arch/$(ARCH)/kernel.ld
KERNEL_LINK  := ld -pie --no-dynamic-linker -z text -z noexecstack -z max-page-size=64 \
                -z pack-relative-relocs --build-id=none -T $(KERNEL_LD)

$(B)/kernel/no-symbols.S: scripts/gen_symbols.py
	@mkdir -p $(@D)
	$(Q)scripts/gen_symbols.py < /dev/null > $@

$(B)/kernel/first.elf: $(kernel-o) $(B)/kernel/no-symbols.o $(KERNEL_LD) $(MAKEMK)
	$(call say,LD,$@)
	$(Q)$(KERNEL_LINK) -o $@ $(kernel-o) $(B)/kernel/no-symbols.o

$(B)/kernel/symbols.S: $(B)/kernel/first.elf scripts/gen_symbols.py
	$(call say,GEN,$@)
	$(Q)nm -n $< | scripts/gen_symbols.py > $@

$(B)/kernel/%symbols.o: $(B)/kernel/%symbols.S
	$(Q)$(CC) -c -o $@ $<

$(B)/soliton.debug: $(kernel-o) $(B)/kernel/symbols.o
	$(call say,LD,$@)
	$(Q)$(KERNEL_LINK) -o $@ $^

$(B)/soliton.elf: $(B)/soliton.debug
	$(call say,STRIP,$@)
	$(Q)strip -o $@ $<

# The vDSO is the program's side of the kernel: a shared object, carried in the kernel as bytes.
VDSO_FLAGS := -std=gnu17 -I. -O2 -fPIC -fno-stack-protector -fcf-protection=none -fno-builtin \
              -fasynchronous-unwind-tables -ffreestanding -mno-red-zone $(filter-out \
              -Wmissing-prototypes,$(WARN))

$(B)/kernel/vdso.so: $(vdso-y) kernel/vm/vdso/vdso.ld kernel/vm/vdso/vvar.h
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(VDSO_FLAGS) -nostdlib -shared -Wl,-T,kernel/vm/vdso/vdso.ld -Wl,-soname,linux-vdso.so.1 \
	    -Wl,--hash-style=both -Wl,-Bsymbolic -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	    -Wl,--eh-frame-hdr -Wl,-z,noexecstack -s -o $@ $(vdso-y)

$(B)/kernel/kernel/vm/vdso/vdso_image.o: KERNEL_FLAGS += -DVDSO_IMAGE='"$(B)/kernel/vdso.so"'
$(B)/kernel/kernel/vm/vdso/vdso_image.o: $(B)/kernel/vdso.so

$(B)/host/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(HOST_FLAGS) -c -o $@ $<

$(B)/unit/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(UNIT_FLAGS) -c -o $@ $<

$(B)/ops: $(ops-o) $(MAKEMK)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $(ops-o) $(OPS_LIBS)

# The list of tests of a set. A TEST that the pattern misses (one broken over two lines) must not
# get lost.
define unit_set
unit-$(1)-o     := $$(patsubst %.c,$(B)/unit/%.o,$$(sort $$(unit-$(1)-y)))
unit-$(1)-tests := $$(filter %_test.c,$$(sort $$(unit-$(1)-y)))

.PHONY: unit-$(1)
unit-$(1): $(B)/unit-tests-$(1)

$(B)/gen/unit-$(1)/unit_tests.def: $$(unit-$(1)-tests) $(MAKEMK) Makefile
	@mkdir -p $$(@D)
	$(Q)grep -hoE '^TEST\([a-z0-9_]+, [a-z0-9_]+\)' $$(unit-$(1)-tests) > $$@
	$(Q)test $$$$(cat $$(unit-$(1)-tests) | grep -c '^ *TEST(') -eq $$$$(wc -l < $$@)

$(B)/unit/main-$(1).o: test/unit/main.c $(B)/gen/unit-$(1)/unit_tests.def
	@mkdir -p $$(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -I$(B)/gen/unit-$(1) -c -o $$@ $$<

$(B)/unit-tests-$(1): $(B)/unit/main-$(1).o $$(unit-$(1)-o) $(MAKEMK)
	$$(call say,LD,$$@)
	$(Q)$(CC) $(UNIT_FLAGS) -o $$@ $$(filter %.o,$$^) $(OPS_LIBS) -pthread

-include $$(unit-$(1)-o:.o=.d) $(B)/unit/main-$(1).d
endef
$(foreach set,$(unit-sets),$(eval $(call unit_set,$(set))))

# Ordinary Linux programs: nothing of ours goes into them.
$(abi-y:%.c=$(B)/%) $(app): $(B)/%: %.c test/abi/abi.h Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(TEST_FLAGS) -o $@ $<

$(abi-static-y:%.c=$(B)/%): $(B)/%: %.c test/abi/abi.h Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(TEST_FLAGS) -static -o $@ $<

$(B)/fuzz/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -c -o $@ $<

define fuzz_entry
fuzz-$(1)-o := $$(patsubst %.c,$(B)/fuzz/%.o,$$(sort $$(fuzz-$(1)-y)))

.PHONY: fuzz-$(1)
fuzz-$(1): $(B)/test/fuzz/fuzz_$(1)

$(B)/test/fuzz/fuzz_$(1): $$(fuzz-$(1)-o) $(MAKEMK)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -o $$@ $$(filter %.o,$$^) $(OPS_LIBS) -pthread

-include $$(fuzz-$(1)-o:.o=.d)
endef
$(foreach entry,$(fuzz-entries),$(eval $(call fuzz_entry,$(entry))))

-include $(kernel-o:.o=.d) $(ops-o:.o=.d)
