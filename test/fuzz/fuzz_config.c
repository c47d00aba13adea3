/* SPDX-License-Identifier: Apache-2.0 */
/* config.json of ops: whatever is refused is refused in words, and nothing is kept. */
#include "host/err.h"
#include "ops/config/config.h"
#include "ops/config/settings.h"
#include "test/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_copy(bytes, size);
    struct settings settings;
    struct err err = { 0 };

    settings_init(&settings);
    if (config_parse(&settings, text, size, "config.json", &err) < 0) {
        FUZZ_CHECK(err.text[0] != '\0');
        FUZZ_CHECK(memchr(err.text, '\0', sizeof(err.text)) != NULL);
    } else if (settings_check(&settings, &err) < 0) {
        FUZZ_CHECK(err.text[0] != '\0');
    }
    settings_fini(&settings);
    free(text);
    return 0;
}
