/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/error_text.h"

#include "abi/linux/errors.h"
#include "lib/base/types.h"

struct error_name {
    int number;
    const char *text;
};

static const struct error_name error_names[] = {
    { EPERM, "not permitted" },
    { ENOENT, "no such file or directory" },
    { EIO, "it cannot be read, or is damaged" },
    { ENOEXEC, "not a program" },
    { ENOMEM, "out of memory" },
    { EACCES, "permission denied" },
    { EEXIST, "its place is taken" },
    { ENODEV, "no such device" },
    { ENOTDIR, "a part of the path is not a directory" },
    { EISDIR, "is a directory" },
    { EINVAL, "not valid" },
    { ENAMETOOLONG, "the name is too long" },
    { ELOOP, "too many symbolic links" },
    { EUCLEAN, "the filesystem is damaged" },
};

const char *error_text(int err)
{
    for (u32 i = 0; i < ARRAY_COUNT(error_names); i++) {
        if (error_names[i].number == -err)
            return error_names[i].text;
    }
    return "unexpected error";
}
