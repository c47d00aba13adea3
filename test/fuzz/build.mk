# SPDX-License-Identifier: Apache-2.0
app-y += test/fuzz/hungry.c

fuzz-entries += config dhcp elf ipv4 manifest report tcp

fuzz-config-y   += test/fuzz/fuzz_config.c ops/config/cloud.c ops/config/config.c \
                   ops/config/keys.c ops/config/keys_cloud.c ops/config/keys_passthrough.c \
                   ops/config/keys_run.c ops/config/keys_top.c ops/config/network.c \
                   ops/config/ports.c ops/config/position.c ops/config/render.c \
                   ops/config/settings.c ops/config/values.c ops/cli/number.c ops/cli/suggest.c \
                   $(manifest-y) $(host-files)
fuzz-dhcp-y     += test/fuzz/fuzz_dhcp.c kernel/net/dhcp_wire.c
fuzz-elf-y      += test/fuzz/fuzz_elf.c lib/elf/elf.c lib/elf/dynamic.c
fuzz-ipv4-y     += test/fuzz/fuzz_ipv4.c $(net-y) test/unit/fake_tcp.c $(fake-kernel-y) \
                   lib/hash/siphash.c
fuzz-manifest-y += test/fuzz/fuzz_manifest.c $(manifest-y)
fuzz-report-y   += test/fuzz/fuzz_report.c ops/vm/report.c
fuzz-tcp-y      += test/fuzz/fuzz_tcp.c $(tcp-c) $(net-y) $(net-sim-y) $(fake-kernel-y) \
                   lib/hash/siphash.c

fuzz-entries += 9p acpi ext4 fw_cfg gpt

fuzz-9p-y       += test/fuzz/fuzz_9p.c kernel/fs/9p/client.c kernel/fs/9p/wire.c $(fake-kernel-y)
fuzz-acpi-y     += test/fuzz/fuzz_acpi.c $(acpi-parse-y)
fuzz-ext4-y     += test/fuzz/fuzz_ext4.c test/disk/ext4_image.c $(ext4-format-y) $(fake-kernel-y) \
                   lib/hash/crc.c
fuzz-fw_cfg-y   += test/fuzz/fuzz_fw_cfg.c kernel/init/launch_file.c $(fw-cfg-parse-y)
fuzz-gpt-y      += test/fuzz/fuzz_gpt.c kernel/block/gpt.c $(fake-kernel-y) lib/hash/crc.c

fuzz-entries += deps oci tar

fuzz-deps-y     += test/fuzz/fuzz_deps.c ops/image/facts.c ops/image/hints.c ops/image/object.c \
                   ops/image/tree.c lib/elf/elf.c \
                   lib/elf/dynamic.c $(host-files)
fuzz-oci-y      += test/fuzz/fuzz_oci.c ops/pkg/oci_json.c $(host-files)
fuzz-tar-y      += test/fuzz/fuzz_tar.c ops/pkg/entry_name.c ops/pkg/made.c ops/pkg/reader.c \
                   ops/pkg/spot.c ops/pkg/unpack.c $(host-files)
