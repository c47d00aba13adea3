/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Commands and flags of calls on descriptors and paths, other than open's (open_flags.h). */

#include "lib/base/types.h"

#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EACCESS          0x200
#define AT_REMOVEDIR        0x200
#define AT_SYMLINK_FOLLOW   0x400
#define AT_NO_AUTOMOUNT     0x800
#define AT_EMPTY_PATH       0x1000
#define AT_STATX_SYNC_TYPE  0x6000

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETOWN        8
#define F_GETOWN        9
#define F_SETSIG        10
#define F_GETSIG        11
#define F_SETOWN_EX     15
#define F_GETOWN_EX     16
#define F_OFD_GETLK     36
#define F_OFD_SETLK     37
#define F_OFD_SETLKW    38
#define F_SETLEASE      1024
#define F_GETLEASE      1025
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ    1031
#define F_GETPIPE_SZ    1032
#define F_ADD_SEALS     1033
#define F_GET_SEALS     1034

#define FD_CLOEXEC 1

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

struct linux_flock {
    int16_t l_type;
    int16_t l_whence;
    s64 l_start;
    s64 l_len;
    s32 l_pid;
};

#define F_SEAL_SEAL         0x01u
#define F_SEAL_SHRINK       0x02u
#define F_SEAL_GROW         0x04u
#define F_SEAL_WRITE        0x08u
#define F_SEAL_FUTURE_WRITE 0x10u

#define MFD_CLOEXEC       0x01u
#define MFD_ALLOW_SEALING 0x02u

#define SEEK_SET  0
#define SEEK_CUR  1
#define SEEK_END  2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE  2u
#define RENAME_WHITEOUT  4u

#define FALLOC_FL_KEEP_SIZE  0x01u
#define FALLOC_FL_PUNCH_HOLE 0x02u
#define FALLOC_FL_ZERO_RANGE 0x10u

#define RWF_HIPRI  1
#define RWF_DSYNC  2
#define RWF_SYNC   4
#define RWF_NOWAIT 8
#define RWF_APPEND 16

#define RESOLVE_NO_XDEV       0x01u
#define RESOLVE_NO_MAGICLINKS 0x02u
#define RESOLVE_NO_SYMLINKS   0x04u
#define RESOLVE_BENEATH       0x08u
#define RESOLVE_IN_ROOT       0x10u
#define RESOLVE_CACHED        0x20u

struct linux_open_how {
    u64 flags;
    u64 mode;
    u64 resolve;
};

#define FIONCLEX 0x5450u
#define FIOCLEX  0x5451u
#define FIONREAD 0x541bu
#define FIONBIO  0x5421u
#define FIOASYNC 0x5452u
#define FIOQSIZE 0x5460u
#define TCGETS   0x5401u

#define EFD_SEMAPHORE 1
#define EFD_NONBLOCK  04000
#define EFD_CLOEXEC   02000000

#define TFD_TIMER_ABSTIME       1
#define TFD_TIMER_CANCEL_ON_SET 2
#define TFD_NONBLOCK            04000
#define TFD_CLOEXEC             02000000

#define XATTR_CREATE  1
#define XATTR_REPLACE 2

#define IOV_MAX      1024
#define RW_COUNT_MAX 0x7ffff000ull

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe
