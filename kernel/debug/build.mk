# SPDX-License-Identifier: Apache-2.0
trace-format-y := kernel/debug/trace_format.c kernel/debug/trace_result.c \
                  kernel/debug/trace_names.c kernel/debug/trace_memory.c \
                  kernel/debug/trace_flags.c kernel/debug/trace_structs.c \
                  kernel/debug/trace_time.c kernel/debug/trace_signals.c \
                  kernel/debug/trace_sockets.c
trace-y        := kernel/debug/trace.c kernel/debug/trace_summary.c kernel/debug/trace_files.c

unit-sets += trace-format
unit-trace-format-y += $(trace-format-y) kernel/debug/trace_format_test.c \
                       $(filter-out test/unit/fake_user.c kernel/mm/iter.c,$(fake-kernel-y))

unit-sets    += trace
unit-trace-y += $(trace-format-y) $(trace-y) kernel/debug/trace_test.c lib/hash/siphash.c \
                $(fake-kernel-y)

kernel-y += $(trace-format-y) $(trace-y)
