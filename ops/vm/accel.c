/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vm/accel.h"

#include "host/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CPUINFO_SIZE_MAX = 4 << 20, /* Hundreds of CPUs. */
};

static bool has_word(const char *line, size_t len, const char *word)
{
    size_t word_len = strlen(word);

    for (size_t i = 0; i + word_len <= len; i++) {
        bool starts = i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t' || line[i - 1] == ':';
        bool ends = i + word_len == len || line[i + word_len] == ' ';

        if (starts && ends && strncmp(line + i, word, word_len) == 0)
            return true;
    }
    return false;
}

bool accel_cpuinfo_has_virt(const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        if (strncmp(text, "flags", 5) == 0 &&
            (has_word(text, len, "vmx") || has_word(text, len, "svm")))
            return true;
        text += len;
        text += *text == '\n';
    }
    return false;
}

bool accel_kvm_works(void)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    char *cpuinfo;
    bool has_virt;

    if (fd < 0)
        return false;
    close(fd);
    cpuinfo = file_read_text("/proc/cpuinfo", CPUINFO_SIZE_MAX);
    has_virt = cpuinfo && accel_cpuinfo_has_virt(cpuinfo);
    free(cpuinfo);
    return has_virt;
}
