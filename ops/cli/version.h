/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which ops this is. */

extern const char version_text[]; /* "0.1.0" */
extern const char version_date[]; /* Of its release, for manual pages: "2026-11-22". */
