/* SPDX-License-Identifier: Apache-2.0 */
/* config.json of ops: whatever is refused is refused in words, and nothing is kept. */
#include "host/err.h"
#include "ops/config/config.h"
#include "ops/config/settings.h"
#include "test/fuzz/fuzz.h"

#include <stdbool.h>

static void parse(const char *text, size_t size, bool renders)
{
    struct settings settings;
    struct err err = { 0 };

    settings_init(&settings);
    settings.renders = renders;
    if (config_parse(&settings, text, size, "config.json", &err) < 0) {
        FUZZ_CHECK(err.text[0] != '\0');
        FUZZ_CHECK(memchr(err.text, '\0', sizeof(err.text)) != NULL);
    } else if (settings_use_nic(&settings, &err) < 0 || settings_check(&settings, &err) < 0) {
        FUZZ_CHECK(err.text[0] != '\0');
    }
    settings_fini(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_copy(bytes, size);

    parse(text, size, false);
    parse(text, size, true);
    free(text);
    return 0;
}
