/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wire types of the control protocol: float, timestamp, address (cmdmon.md 4). Every word that can
 * be received decodes to a value; nothing here fails except by the reader's and writer's bounds.
 */
#include "cmdmon/message.h"
#include "cmdmon/message_field.h"

#include <math.h>
#include <string.h>

#define EXPONENT_BITS    7
#define COEFFICIENT_BITS 25
#define EXPONENT_MAX     63
#define EXPONENT_MIN     (-64)
#define COEFFICIENT_MASK ((1U << COEFFICIENT_BITS) - 1)
#define COEFFICIENT_MAX  ((1U << (COEFFICIENT_BITS - 1)) - 1)

#define SECONDS_32BIT 0x7fffffffU /* high word of a sender with 32-bit seconds */
#define NSEC_MAX      999999999U

/* Coefficient and exponent of a positive value in the range that the logarithm can serve. */
static uint32_t split(double x, uint32_t max, int *exponent)
{
    int e = (int)(log(x) / log(2.0) + 1.0);
    uint64_t c = (uint64_t)(x * pow(2.0, COEFFICIENT_BITS - e) + 0.5);

    while (c > max) {
        c >>= 1;
        e++;
    }
    if (e > EXPONENT_MAX) {
        e = EXPONENT_MAX;
        c = max;
    } else if (e < EXPONENT_MIN) {
        if (e + COEFFICIENT_BITS >= EXPONENT_MIN) {
            c >>= EXPONENT_MIN - e;
            e = EXPONENT_MIN;
        } else {
            e = 0;
            c = 0;
        }
    }
    *exponent = e;
    return (uint32_t)c;
}

uint32_t cmd_float_encode(double x)
{
    uint32_t c;
    int e;

    if (isnan(x))
        x = 0.0;
    uint32_t negative = x < 0.0;
    x = fabs(x);
    uint32_t max = COEFFICIENT_MAX + negative;

    if (x < 1.0e-100) {
        e = 0;
        c = 0;
    } else if (x > 1.0e100) {
        e = EXPONENT_MAX;
        c = max;
    } else {
        c = split(x, max, &e);
    }
    if (negative)
        c = 0U - c;
    return (uint32_t)e << COEFFICIENT_BITS | (c & COEFFICIENT_MASK);
}

double cmd_float_decode(uint32_t word)
{
    int e = (int)(word >> COEFFICIENT_BITS);
    int32_t c = (int32_t)(word & COEFFICIENT_MASK);

    if (e > EXPONENT_MAX)
        e -= 1 << EXPONENT_BITS;
    if ((uint32_t)c > COEFFICIENT_MAX)
        c -= 1 << COEFFICIENT_BITS;
    return ldexp((double)c, e - COEFFICIENT_BITS);
}

double field_get_float(struct reader *r)
{
    return cmd_float_decode(reader_u32(r));
}

void field_put_float(struct writer *w, double x)
{
    writer_u32(w, cmd_float_encode(x));
}

struct instant field_get_time(struct reader *r)
{
    uint32_t high = reader_u32(r);
    uint32_t low = reader_u32(r);
    uint32_t nsec = reader_u32(r);

    if (high == SECONDS_32BIT)
        high = 0;
    if (nsec > NSEC_MAX)
        nsec = NSEC_MAX;
    return (struct instant){.sec = (int64_t)((uint64_t)high << 32 | low), .nsec = (int32_t)nsec};
}

void field_put_time(struct writer *w, struct instant t)
{
    writer_u64(w, (uint64_t)t.sec);
    writer_u32(w, (uint32_t)t.nsec);
}

struct ip_addr field_get_addr(struct reader *r)
{
    struct ip_addr addr = {.family = IP_UNSPEC};
    uint8_t octets[16];
    struct reader id;

    reader_bytes(r, octets, sizeof(octets));
    uint16_t family = reader_u16(r);
    uint16_t scope = reader_u16(r);

    switch (family) {
    case IP_V4:
        addr.family = IP_V4;
        memcpy(addr.u.v4, octets, sizeof(addr.u.v4));
        break;
    case IP_V6:
        addr.family = IP_V6;
        memcpy(addr.u.v6, octets, sizeof(addr.u.v6));
        /* Padding to all but this pair of programs, for which the octets alone may name two sources. */
        if (ip_addr_is_link_local(&addr))
            addr.scope = scope;
        break;
    case IP_ID:
        id = reader_make(octets, sizeof(octets));
        addr.family = IP_ID;
        addr.u.id = reader_u32(&id);
        break;
    default:
        break;
    }
    return addr;
}

void field_put_addr(struct writer *w, const struct ip_addr *addr)
{
    switch (addr->family) {
    case IP_V4:
        writer_bytes(w, addr->u.v4, sizeof(addr->u.v4));
        writer_zeros(w, 12);
        break;
    case IP_V6:
        writer_bytes(w, addr->u.v6, sizeof(addr->u.v6));
        break;
    case IP_ID:
        writer_u32(w, addr->u.id);
        writer_zeros(w, 12);
        break;
    case IP_UNSPEC:
        writer_zeros(w, 16);
        break;
    }
    writer_u16(w, (uint16_t)addr->family);
    writer_u16(w, ip_addr_is_link_local(addr) && addr->scope <= UINT16_MAX ? (uint16_t)addr->scope
                                                                           : 0);
}

int32_t field_get_i32(struct reader *r)
{
    return (int32_t)reader_u32(r);
}

void field_put_i32(struct writer *w, int32_t v)
{
    writer_u32(w, (uint32_t)v);
}
