/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/output/plain.h"

#include <stdbool.h>

void plain_make(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        /* U+0080 to U+009F, which are control letters as well, in UTF-8. */
        bool is_long =
            at[0] == '\xc2' && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] < 0xa0;

        if ((unsigned char)*at < ' ' || *at == 0x7f || is_long)
            *at = '?';
        if (is_long)
            *++at = '?';
    }
}
