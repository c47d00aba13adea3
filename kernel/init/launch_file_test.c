/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/init/launch_file.h"

#include "lib/base/types.h"
#include "test/unit/unit.h"

#include <string.h>

TEST(launch_file, knows_what_a_file_is_for)
{
    static const struct {
        const char *name;
        enum launch_kind kind;
        const char *secret;
    } cases[] = {
        { "opt/soliton/manifest", LAUNCH_MANIFEST, NULL },
        { "opt/soliton/overlay", LAUNCH_OVERLAY, NULL },
        { "opt/soliton/overlay2", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton/", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton", LAUNCH_UNKNOWN, NULL },
        { "manifest", LAUNCH_UNKNOWN, NULL },
        { "", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton/secret/db-password_2.txt", LAUNCH_SECRET, "db-password_2.txt" },
        { "opt/soliton/secret/..data", LAUNCH_SECRET, "..data" },
        { "opt/soliton/secret/.", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton/secret/..", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton/secret/", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton/secret", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton/secret/a/b", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton/secret/a b", LAUNCH_UNKNOWN, NULL },
        { "opt/soliton/secret/../x", LAUNCH_UNKNOWN, NULL },
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *secret = NULL;

        CHECK_EQ(launch_kind(cases[i].name, &secret), cases[i].kind);
        CHECK_EQ(secret != NULL, cases[i].secret != NULL);
        CHECK(!secret || strcmp(secret, cases[i].secret) == 0);
    }
}
