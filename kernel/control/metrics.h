/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The machine's figures in Prometheus' text format, with the units it likes: bytes and seconds.
 * Everything is a count that its owner keeps anyway; nothing is measured here.
 */

struct text;

void metrics_put(struct text *out);
