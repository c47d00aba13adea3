/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/ldcache.h"

#include "test/unit/unit.h"

#include <string.h>

TEST(ldcache, orders_names_as_glibc_does)
{
    static const char *const ascending[] = {
        "", "liba.so", "liba.so.2", "liba.so.2.1", "liba.so.10", "libb-3.so", "libb3.so",
    };
    size_t count = sizeof(ascending) / sizeof(ascending[0]);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = ldcache_compare(ascending[i], ascending[j]);

            CHECK_EQ(order < 0, i < j);
            CHECK_EQ(order > 0, i > j);
        }
    }
}

TEST(ldcache, lays_entries_out_descending)
{
    struct ldcache_entry entries[] = { { "liba.so.1", "/a" }, { "libz.so", "/zz" } };
    size_t size;
    uint8_t *bytes = ldcache_make(entries, 2, &size);

    CHECK_EQ(size, 48 + 2 * 24 + 8 + 4 + 10 + 3);
    CHECK_EQ(memcmp(bytes, "glibc-ld.so.cache1.1", 20), 0);
    CHECK_EQ(bytes[20], 2);
    CHECK_EQ(strcmp((char *)bytes + bytes[48 + 4], "libz.so"), 0);
    CHECK_EQ(strcmp((char *)bytes + bytes[48 + 24 + 8], "/a"), 0);
    free(bytes);
}
