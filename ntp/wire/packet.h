/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTP packets: header, structure of what follows it, extension fields, short formats (ntp.md 2, 3).
 * Pure: bytes in, values out. A packet is always handled as its octets plus a struct ntp_info.
 */
#ifndef NTP_WIRE_PACKET_H
#define NTP_WIRE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/instant.h"
#include "base/sync_status.h"
#include "base/refid.h"
#include "base/wire.h"

#define NTP_PORT              123
#define NTP_VERSION           4
#define NTP_HEADER_LENGTH     48
#define NTP_MAX_LENGTH        1140
#define NTP_INVALID_STRATUM   0
#define NTP_MIN_EXT_LENGTH    16
#define NTP_MIN_MAC_LENGTH    20
#define NTP_MAX_V4_MAC_LENGTH 24
#define NTP_MAX_MAC_LENGTH    68
#define NTP_MAX_EXT_LENGTH    1024

#define NTP_KOD_RATE 0x52415445u
#define NTP_KOD_NTSN 0x4e54534eu

enum ntp_mode {
    NTP_MODE_UNDEFINED = 0,
    NTP_MODE_ACTIVE = 1,
    NTP_MODE_PASSIVE = 2,
    NTP_MODE_CLIENT = 3,
    NTP_MODE_SERVER = 4,
    NTP_MODE_BROADCAST = 5,
};

enum ntp_ext_type {
    NTP_EXT_NTS_UID = 0x0104,
    NTP_EXT_NTS_COOKIE = 0x0204,
    NTP_EXT_NTS_PLACEHOLDER = 0x0304,
    NTP_EXT_NTS_AUTH = 0x0404,
    NTP_EXT_NET_CORRECTION = 0x010a,
    NTP_EXT_MONO_ROOT = 0xf323,
};

enum ntp_auth_type {
    NTP_AUTH_NONE = 0,
    NTP_AUTH_SYMMETRIC,
    NTP_AUTH_MSSNTP,
    NTP_AUTH_MSSNTP_EXT,
    NTP_AUTH_NTS,
};

struct ntp_header {
    uint8_t leap;
    uint8_t version;
    uint8_t mode;
    uint8_t stratum;
    int8_t poll;
    int8_t precision;
    uint32_t root_delay;      /* 16.16 bits */
    uint32_t root_dispersion; /* 16.16 bits */
    uint32_t refid;
    struct ntp_time reference;
    struct ntp_time origin;
    struct ntp_time receive;
    struct ntp_time transmit;
};

/* Structure of a packet, found by ntp_packet_parse. */
struct ntp_info {
    size_t length;
    int version;
    int mode;
    int ext_fields;
    unsigned int ext_flags; /* enum ext_flag of well-formed fields that are present */
    enum ntp_auth_type auth;
    size_t mac_start; /* offset of the MAC (key ID first) */
    size_t mac_length;
    uint32_t mac_key_id;
};

struct ntp_ext_field {
    size_t start;  /* offset of the field in its buffer */
    size_t length; /* with header */
    uint16_t type;
    const uint8_t *body;
    size_t body_length;
};

/* Finds the structure of a packet and checks all its lengths (ntp.md 3.2, 3.3). False: the packet
   is to be dropped. */
bool ntp_packet_parse(const uint8_t *packet, size_t length, struct ntp_info *info);

/* The first 48 octets. The writer or reader must have that room. */
void ntp_header_read(const uint8_t *packet, struct ntp_header *header);
void ntp_header_write(uint8_t *packet, const struct ntp_header *header);

/*
 * The field at *pos (start with NTP_HEADER_LENGTH); *pos moves behind it. False: end of the fields
 * or a malformed one (ntp.md 3.4). `info` limits the walk to what the parser counted as fields.
 */
bool ntp_ext_next(const uint8_t *packet, const struct ntp_info *info, size_t *pos,
                  struct ntp_ext_field *field);
/* One field of an encrypted part: length at least 4, a multiple of 4, within size (nts.md 9.1). */
bool ntp_ext_next_inner(const uint8_t *data, size_t size, size_t *pos, struct ntp_ext_field *field);

/*
 * Appends a field to the packet under construction (ntp.md 3.4, last paragraph); w->pos is the
 * length of the packet so far. A NULL body stands for zeros. False (and w->failed) if it cannot
 * be added.
 */
bool ntp_ext_add(struct writer *w, uint16_t type, const void *body, size_t body_length);
/* The same for inner fields, which have no minimum of 16. */
bool ntp_ext_add_inner(struct writer *w, uint16_t type, const void *body, size_t body_length);

/* Short formats, ntp.md 2.4. */
double ntp_short_to_double(uint32_t v);
uint32_t ntp_short_from_double(double x);
double ntp_fine_to_double(uint32_t v); /* 4.28 bits */
uint32_t ntp_fine_from_double(double x);
double ntp_signed_to_double(struct ntp_time v); /* signed 32.32 */
struct ntp_time ntp_signed_from_double(double x);

/* Mask of the bits below precision p (log2 s): the lowest p + 32 bits of 64 (ntp.md 2.5). */
struct ntp_time ntp_fuzz_mask(int precision);

/* Body of the mono-root field (ntp.md 16.2). */
struct ntp_mono_root {
    double root_delay;
    double root_dispersion;
    struct ntp_time mono_receive;
    uint32_t epoch;
};

#define NTP_EXT_BODY_LENGTH 24 /* of both fields below */
bool ntp_mono_root_read(const uint8_t *body, size_t length, struct ntp_mono_root *out);
void ntp_mono_root_write(uint8_t body[NTP_EXT_BODY_LENGTH], const struct ntp_mono_root *in);
bool ntp_net_correction_read(const uint8_t *body, size_t length, double *correction);
void ntp_net_correction_write(uint8_t body[NTP_EXT_BODY_LENGTH], double correction);

#endif
