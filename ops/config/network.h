/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What settings say of a machine's network, in the manifest's words. */

struct err;
struct settings;
struct strings;

/*
 * Adds lines of the manifest's format for a fixed address, gateway, name servers and MTU; none for
 * what is not said. The text of settings is checked: an address that is none, a mask with holes, a
 * gateway without an address of our own. Returns 0, or -1 with `err` set.
 */
int network_lines(struct strings *lines, const struct settings *settings, struct err *err);
