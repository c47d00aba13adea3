/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * 9P2000.L, the protocol of shared folders: the part that reading takes. Every message is
 * size[4] type[1] tag[2] and what its type says, little-endian; a text is len[2] and its bytes.
 */

#define P9_VERSION "9P2000.L"

enum p9_type {
    P9_RLERROR = 7, /* ecode[4] */
    P9_TSTATFS = 8, /* fid[4] */
    P9_RSTATFS = 9,
    P9_TLOPEN = 12,    /* fid[4] flags[4] */
    P9_RLOPEN = 13,    /* qid[13] iounit[4] */
    P9_TREADLINK = 22, /* fid[4] */
    P9_RREADLINK = 23, /* target[s] */
    P9_TGETATTR = 24,  /* fid[4] mask[8] */
    P9_RGETATTR = 25,
    P9_TREADDIR = 40,  /* fid[4] off[8] count[4] */
    P9_RREADDIR = 41,  /* count[4], then qid[13] off[8] type[1] name[s] again and again */
    P9_TVERSION = 100, /* msize[4] version[s] */
    P9_RVERSION = 101, /* msize[4] version[s] */
    P9_TATTACH = 104,  /* fid[4] afid[4] uname[s] aname[s] n_uname[4] */
    P9_RATTACH = 105,  /* qid[13] */
    P9_TWALK = 110,    /* fid[4] newfid[4] count[2] name[s]... */
    P9_RWALK = 111,    /* count[2] qid[13]... */
    P9_TREAD = 116,    /* fid[4] off[8] count[4] */
    P9_RREAD = 117,    /* count[4] data */
    P9_TCLUNK = 120,   /* fid[4] */
    P9_RCLUNK = 121,
};

enum p9_sizes {
    P9_HEADER_SIZE = 7,
    P9_QID_SIZE = 13,
    P9_READ_HEADER_SIZE = 11, /* Of an Rread before its data; of an Rlerror in all. */
    P9_IO_HEADER_SIZE = 24,   /* What msize holds beside the data of a read. */
};

#define P9_NO_TAG 0xffffu /* Of Tversion. */
#define P9_NO_FID 0xffffffffu

#define P9_GETATTR_BASIC 0x7ffull /* All that stat(2) shows. */

/* qid.type */
#define P9_QID_DIRECTORY 0x80u
#define P9_QID_SYMLINK   0x02u
