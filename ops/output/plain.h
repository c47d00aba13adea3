/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Text of strangers, names of files above all, on its way to a terminal. */

/* Makes `?` of all that a terminal would obey: control letters, lines' ends among them. */
void plain_make(char *text);
