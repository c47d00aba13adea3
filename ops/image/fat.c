/* SPDX-License-Identifier: Apache-2.0 */
/* IWYU pragma: no_include <bits/types/struct_tm.h> */
#include "ops/image/fat.h"

#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SECTOR_SIZE = 512,
    FAT_COUNT = 2,
    ROOT_ENTRIES = 512,
    ENTRY_SIZE = 32,
    ROOT_SECTORS = ROOT_ENTRIES * ENTRY_SIZE / SECTOR_SIZE,
    RESERVED_SECTORS = 1,
    MEDIA_FIXED = 0xf8,
    ATTR_DIRECTORY = 0x10,
    ATTR_ARCHIVE = 0x20,
    CLUSTER_END = 0xffff,
    CLUSTER_FIRST = 2,
    CLUSTERS_MAX = 65524, /* More of them, and it would be FAT32. */
    SIZE_MIN = 8 << 20,   /* Enough clusters that it is not FAT12. */
    DIRS_MAX = 4,
    DIR_ENTRIES_MAX = 16,
};

/* The BIOS parameter block, page 9 on. */
struct fat_boot {
    uint8_t jump[3];
    char oem[8];
    uint16_t sector_size;
    uint8_t cluster_sectors;
    uint16_t reserved_sectors;
    uint8_t fat_count;
    uint16_t root_entries;
    uint16_t sectors_16;
    uint8_t media;
    uint16_t fat_sectors;
    uint16_t track_sectors;
    uint16_t heads;
    uint32_t hidden_sectors;
    uint32_t sectors_32;
    uint8_t drive;
    uint8_t reserved;
    uint8_t extended_signature;
    uint32_t serial;
    char label[11];
    char type[8];
    uint8_t code[448];
    uint8_t signature[2];
} __attribute__((packed));

struct fat_entry {
    char name[11];
    uint8_t attributes;
    uint8_t case_flags;
    uint8_t created_tenths;
    uint16_t created_time;
    uint16_t created_date;
    uint16_t accessed_date;
    uint16_t cluster_high;
    uint16_t time;
    uint16_t date;
    uint16_t cluster;
    uint32_t size;
} __attribute__((packed));

_Static_assert(sizeof(struct fat_boot) == SECTOR_SIZE, "a sector");
_Static_assert(sizeof(struct fat_entry) == ENTRY_SIZE, "the format");

struct fat_dir {
    char path[32];
    uint16_t cluster; /* 0: the root. */
    size_t count;
    struct fat_entry entries[DIR_ENTRIES_MAX];
};

struct fat {
    int fd;
    uint64_t off;
    uint32_t sectors;
    uint32_t cluster_sectors;
    uint32_t fat_sectors;
    uint16_t *table;
    uint32_t cluster_next;
    uint16_t date;
    uint16_t time;
    struct fat_dir dirs[DIRS_MAX];
    size_t dir_count;
};

uint64_t fat_size(const struct fat_file *files, size_t count)
{
    uint64_t size = SIZE_MIN;

    for (size_t i = 0; i < count; i++)
        size += files[i].size;
    return size;
}

/* As many clusters as FAT16 can have; the tables are sized for all sectors, which is ample. */
static void geometry_set(struct fat *fat, uint64_t size)
{
    fat->sectors = (uint32_t)(size / SECTOR_SIZE);
    fat->cluster_sectors = 1;
    while (fat->sectors / fat->cluster_sectors > CLUSTERS_MAX)
        fat->cluster_sectors *= 2;
    fat->fat_sectors = (fat->sectors / fat->cluster_sectors + CLUSTER_FIRST) * 2 / SECTOR_SIZE + 1;
}

static uint32_t data_sector(const struct fat *fat)
{
    return RESERVED_SECTORS + FAT_COUNT * fat->fat_sectors + ROOT_SECTORS;
}

static uint64_t cluster_off(const struct fat *fat, uint32_t cluster)
{
    uint64_t sector = data_sector(fat) + (uint64_t)(cluster - CLUSTER_FIRST) * fat->cluster_sectors;

    return fat->off + sector * SECTOR_SIZE;
}

static void date_set(struct fat *fat, uint64_t epoch)
{
    time_t seconds = (time_t)epoch;
    struct tm tm;

    /* FAT's dates start in 1980. */
    if (!gmtime_r(&seconds, &tm) || tm.tm_year < 80 || tm.tm_year > 80 + 127)
        tm = (struct tm){ .tm_year = 80, .tm_mday = 1 };
    fat->date = (uint16_t)((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday);
    fat->time = (uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
}

/* Chains clusters for `size` bytes. Returns the first, 0 for no bytes. */
static uint32_t clusters_take(struct fat *fat, size_t size)
{
    uint32_t cluster_size = fat->cluster_sectors * SECTOR_SIZE;
    uint32_t count = (uint32_t)((size + cluster_size - 1) / cluster_size);
    uint32_t first = fat->cluster_next;

    if (count == 0)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        fat->table[first + i] = htole16((uint16_t)(i + 1 < count ? first + i + 1 : CLUSTER_END));
    fat->cluster_next += count;
    return first;
}

/* Puts "name.ext" as 8 and 3 letters, upper case, padded with spaces. */
static void name_set(char name[11], const char *text, size_t len)
{
    size_t at = 0;

    memset(name, ' ', 11);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.') {
            at = 8;
        } else if (at < 11) {
            name[at++] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
        }
    }
}

static void entry_add(struct fat *fat, struct fat_dir *dir, const char *name, size_t len,
                      uint8_t attributes, uint32_t cluster, size_t size)
{
    struct fat_entry *entry = &dir->entries[dir->count++];

    *entry = (struct fat_entry){
        .attributes = attributes,
        .created_time = htole16(fat->time),
        .created_date = htole16(fat->date),
        .accessed_date = htole16(fat->date),
        .time = htole16(fat->time),
        .date = htole16(fat->date),
        .cluster = htole16((uint16_t)cluster),
        .size = htole32((uint32_t)size),
    };
    if (name[0] == '.') {
        memset(entry->name, ' ', sizeof(entry->name));
        memcpy(entry->name, name, len);
    } else {
        name_set(entry->name, name, len);
    }
}

/* The directory whose path is the first `len` bytes of `path`, made in `parent` if need be. */
static struct fat_dir *dir_get(struct fat *fat, struct fat_dir *parent, const char *path,
                               size_t len, size_t name_at)
{
    struct fat_dir *dir;

    for (size_t i = 1; i < fat->dir_count; i++) {
        if (strlen(fat->dirs[i].path) == len && strncmp(fat->dirs[i].path, path, len) == 0)
            return &fat->dirs[i];
    }
    dir = &fat->dirs[fat->dir_count++];
    memcpy(dir->path, path, len);
    dir->cluster = (uint16_t)clusters_take(fat, sizeof(dir->entries));
    entry_add(fat, parent, path + name_at, len - name_at, ATTR_DIRECTORY, dir->cluster, 0);
    entry_add(fat, dir, ".", 1, ATTR_DIRECTORY, dir->cluster, 0);
    entry_add(fat, dir, "..", 2, ATTR_DIRECTORY, parent->cluster, 0);
    return dir;
}

static int file_add(struct fat *fat, const struct fat_file *file, struct err *err)
{
    struct fat_dir *dir = &fat->dirs[0];
    const char *name = file->path;
    const char *slash;
    uint32_t cluster;

    while ((slash = strchr(name, '/')) != NULL) {
        dir = dir_get(fat, dir, file->path, (size_t)(slash - file->path),
                      (size_t)(name - file->path));
        name = slash + 1;
    }
    cluster = clusters_take(fat, file->size);
    entry_add(fat, dir, name, strlen(name), ATTR_ARCHIVE, cluster, file->size);
    if (file->size > 0 &&
        file_write_at(fat->fd, file->bytes, file->size, cluster_off(fat, cluster)) < 0)
        return err_set_errno(err, "cannot write the EFI system partition");
    return 0;
}

static void boot_fill(const struct fat *fat, struct fat_boot *boot, uint32_t serial)
{
    *boot = (struct fat_boot){
        .jump = { 0xeb, 0x3c, 0x90 },
        .oem = { 'S', 'O', 'L', 'I', 'T', 'O', 'N', ' ' },
        .sector_size = htole16(SECTOR_SIZE),
        .cluster_sectors = (uint8_t)fat->cluster_sectors,
        .reserved_sectors = htole16(RESERVED_SECTORS),
        .fat_count = FAT_COUNT,
        .root_entries = htole16(ROOT_ENTRIES),
        .sectors_16 = htole16(fat->sectors <= UINT16_MAX ? (uint16_t)fat->sectors : 0),
        .media = MEDIA_FIXED,
        .fat_sectors = htole16((uint16_t)fat->fat_sectors),
        .track_sectors = htole16(63),
        .heads = htole16(255),
        .hidden_sectors = htole32((uint32_t)(fat->off / SECTOR_SIZE)),
        .sectors_32 = htole32(fat->sectors > UINT16_MAX ? fat->sectors : 0),
        .drive = 0x80,
        .extended_signature = 0x29,
        .serial = htole32(serial),
        .label = { 'S', 'O', 'L', 'I', 'T', 'O', 'N', ' ', ' ', ' ', ' ' },
        .type = { 'F', 'A', 'T', '1', '6', ' ', ' ', ' ' },
        .signature = { 0x55, 0xaa },
    };
}

static int tables_write(const struct fat *fat, uint32_t serial, struct err *err)
{
    struct fat_boot boot;
    uint64_t off = fat->off + (uint64_t)RESERVED_SECTORS * SECTOR_SIZE;
    size_t table_size = (size_t)fat->fat_sectors * SECTOR_SIZE;

    boot_fill(fat, &boot, serial);
    if (file_write_at(fat->fd, &boot, sizeof(boot), fat->off) < 0 ||
        file_write_at(fat->fd, fat->table, table_size, off) < 0 ||
        file_write_at(fat->fd, fat->table, table_size, off + table_size) < 0)
        return err_set_errno(err, "cannot write the EFI system partition");

    for (size_t i = 0; i < fat->dir_count; i++) {
        const struct fat_dir *dir = &fat->dirs[i];
        uint64_t at = i == 0 ? off + 2 * table_size : cluster_off(fat, dir->cluster);

        if (file_write_at(fat->fd, dir->entries, dir->count * sizeof(struct fat_entry), at) < 0)
            return err_set_errno(err, "cannot write the EFI system partition");
    }
    return 0;
}

int fat_write(int fd, uint64_t off, uint64_t size, const struct fat_file *files, size_t count,
              uint64_t epoch, uint32_t serial, struct err *err)
{
    struct fat *fat = xcalloc(1, sizeof(*fat));
    int status = 0;

    fat->fd = fd;
    fat->off = off;
    fat->dir_count = 1;
    fat->cluster_next = CLUSTER_FIRST;
    geometry_set(fat, size);
    date_set(fat, epoch);
    fat->table = xcalloc(fat->fat_sectors, SECTOR_SIZE);
    fat->table[0] = htole16(0xff00 | MEDIA_FIXED);
    fat->table[1] = htole16(CLUSTER_END);

    for (size_t i = 0; i < count && status == 0; i++)
        status = file_add(fat, &files[i], err);
    if (status == 0)
        status = tables_write(fat, serial, err);
    free(fat->table);
    free(fat);
    return status;
}
