/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/init/launch_file.h"

#include "lib/base/text.h"
#include "lib/base/types.h"

static bool is_secret_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
}

static bool is_secret_name(const char *name)
{
    if (name[0] == '\0' || str_equal(name, ".") || str_equal(name, ".."))
        return false;
    while (is_secret_letter(*name))
        name++;
    return *name == '\0';
}

enum launch_kind launch_kind(const char *name, const char **secret)
{
    name = str_after(name, LAUNCH_PREFIX);
    if (!name)
        return LAUNCH_UNKNOWN;
    if (str_equal(name, "manifest"))
        return LAUNCH_MANIFEST;
    if (str_equal(name, "overlay"))
        return LAUNCH_OVERLAY;
    name = str_after(name, "secret/");
    if (!name || !is_secret_name(name))
        return LAUNCH_UNKNOWN;
    *secret = name;
    return LAUNCH_SECRET;
}
