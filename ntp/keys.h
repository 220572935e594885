/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symmetric keys: the key file (config.md 23), and the owner of the keys that are in use. They are
 * replaced as a whole. Users look them up by ID at each use, so a reload takes effect at once.
 */
#ifndef NTP_KEYS_H
#define NTP_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/plain.h"
#include "base/report.h"
#include "base/world.h"
#include "ntp/key_table.h"

struct ntp_keys;

/* How the last reading of the key file ended, to be explained. */
struct ntp_key_file {
    char path[REPORT_FINDING_TEXT + 1]; /* empty: there is none; a longer one ends with "..." */
    struct mono_time time;
    int error; /* errno; 0: it was read */
    uint32_t bad_lines;
    int first_bad_line;
};

/* Without keys. */
struct ntp_keys *ntp_keys_new(void);
/* Wipes the keys. */
void ntp_keys_free(struct ntp_keys *keys);

/* Drops the old keys and reads the file; path NULL: no keys, no message. Problems are logged.
   False: the file exists and cannot be opened, so that the old keys stay. Without old keys that
   is no failure: distributions install a file without keys that only root may read. */
bool ntp_keys_load(struct ntp_keys *keys, const struct world *world, const char *path);

/* The present keys, to be asked for at each use; and the same as a plain value. */
const struct key_table *ntp_keys_table(const struct ntp_keys *keys);
struct plain_value ntp_keys_value(const struct ntp_keys *keys);
/* Valid as long as the keys; all zero before the first reading. */
const struct ntp_key_file *ntp_keys_file(const struct ntp_keys *keys);

#endif
