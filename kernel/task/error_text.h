/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Error numbers in words, for the log. Negative, as functions return them. Never NULL. */
const char *error_text(int err);
