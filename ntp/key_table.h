/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symmetric keys in the form in which they are used: a plain value (base/plain.h) that is made once
 * and never changed, and the making and checking of MACs with it (ntp.md 15.1, 15.2). Pure.
 * ntp/keys.h owns the one that is in use.
 */
#ifndef NTP_KEY_TABLE_H
#define NTP_KEY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/crypto.h"
#include "base/plain.h"
#include "base/wire.h"
#include "ntp/wire/packet.h"

struct key_table;

/* A key of the key file. */
struct ntp_key {
    uint32_t id;
    enum key_type type;
    uint8_t *value;
    size_t length;
};

/* keys: sorted by ID, of types that this build supports and with values of the length that the type
   asks for. They are copied. Freeing wipes the table. */
struct key_table *key_table_new(const struct ntp_key *keys, size_t count);
void key_table_free(struct key_table *table);

size_t key_table_size(const struct key_table *table); /* octets */
size_t key_table_count(const struct key_table *table);

/* False: no such key (ID 0 never is one). type and bits (8 * octets) may be NULL. */
bool key_table_find(const struct key_table *table, uint32_t id, enum key_type *type, int *bits);

/* Appends the MAC to the packet of the given version under construction; false: unknown key or no
   room. */
bool key_table_add_mac(const struct key_table *table, uint32_t id, int version, struct writer *w);

/* Whether the packet (parsed as symmetric) ends in a valid MAC of the key that it names. */
bool key_table_check_mac(const struct key_table *table, const uint8_t *packet,
                         const struct ntp_info *info);

#endif
