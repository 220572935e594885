/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS Authenticator and Encrypted Extension Fields field: building and checking (nts.md 9.2).
 * Pure; used by both the NTP client and the server side of NTS.
 */
#ifndef NTS_AUTH_FIELD_H
#define NTS_AUTH_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/aead_batch.h"
#include "base/wire.h"
#include "ntp/wire/packet.h"
#include "nts/context.h"

/*
 * Appends the field to the packet in w (w->pos octets so far, all of them authenticated). plain may
 * be empty; min_length is the least length of the whole field. False (and w->failed) if the packet
 * is not NTPv4, would get too long, or encryption failed.
 */
bool auth_field_add(struct writer *w, int aead, const struct secret *key,
                    const uint8_t nonce[NTS_NONCE_LENGTH], const uint8_t *plain,
                    size_t plain_length, size_t min_length);

/*
 * Checks the field found in the packet and decrypts what is in it. plain has room for
 * NTP_MAX_LENGTH octets. False: not authentic, nothing in plain is to be used.
 */
bool auth_field_open(const uint8_t *packet, const struct ntp_ext_field *field, int aead,
                     const struct secret *key, uint8_t plain[NTP_MAX_LENGTH], size_t *plain_length);

/*
 * The same in two steps, so that several fields can be encrypted or decrypted together: the work is
 * described, without `failed`, and is the caller's to do. False: there is nothing to do, as above.
 * Key and plain have to stay until it is done. The field is in its place in w, but for what is to
 * be sealed.
 */
bool auth_field_prepare(struct writer *w, int aead, const struct secret *key,
                        const uint8_t nonce[NTS_NONCE_LENGTH], const uint8_t *plain,
                        size_t plain_length, size_t min_length, struct aead_work *work);
/* The length of the plaintext is that of the work's input without AEAD_TAG_LENGTH. */
bool auth_field_find(const uint8_t *packet, const struct ntp_ext_field *field, int aead,
                     const struct secret *key, uint8_t plain[NTP_MAX_LENGTH],
                     struct aead_work *work);

#endif
