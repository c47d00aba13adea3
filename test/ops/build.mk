# SPDX-License-Identifier: Apache-2.0
# run.py assembles it itself, since it is no part of any program of ours.
ops-test-y += test/ops/stub_kernel.S
