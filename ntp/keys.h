/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symmetric keys: the key file (config.md 23), and making and checking of MACs (ntp.md 15.1, 15.2).
 * Keys are looked up by ID at each use, so a reload takes effect at once.
 */
#ifndef NTP_KEYS_H
#define NTP_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/crypto.h"
#include "base/wire.h"
#include "base/world.h"
#include "ntp/wire/packet.h"

struct ntp_keys;

/* Without keys. */
struct ntp_keys *ntp_keys_new(void);
/* Wipes the keys. */
void ntp_keys_free(struct ntp_keys *keys);

/* Drops the old keys and reads the file; path NULL: no keys, no message. Problems are logged. False: the
   file exists and cannot be opened, so that the old keys stay. Where there were none, nothing is missed:
   distributions install a file without keys that only root may read. */
bool ntp_keys_load(struct ntp_keys *keys, const struct world *world, const char *path);

/* False: no such key (ID 0 never is one). type and bits (8 * octets) may be NULL. */
bool ntp_keys_find(const struct ntp_keys *keys, uint32_t id, enum key_type *type, int *bits);

/* Appends the MAC to the packet of the given version under construction; false: unknown key or no
   room. */
bool ntp_keys_add_mac(const struct ntp_keys *keys, uint32_t id, int version, struct writer *w);

/* Whether the packet (parsed as symmetric) ends in a valid MAC of the key that it names. */
bool ntp_keys_check_mac(const struct ntp_keys *keys, const uint8_t *packet,
                        const struct ntp_info *info);

#endif
