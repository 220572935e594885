/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP addresses, addresses with ports, and subnets. Pure values: no name resolution here.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are those of the control protocol (cmdmon.md 4.3). */
enum ip_family {
    IP_UNSPEC = 0,
    IP_V4 = 1,
    IP_V6 = 2,
    IP_ID = 3, /* placeholder of a source whose name is not resolved yet */
};

struct ip_addr {
    enum ip_family family;
    uint32_t scope; /* interface index of link-local IPv6 addresses and groups; 0: none given */
    union {
        uint8_t v4[4]; /* network order */
        uint8_t v6[16];
        uint32_t id;
    } u;
};

struct ip_port {
    struct ip_addr addr;
    uint16_t port;
};

struct subnet {
    struct ip_addr addr; /* IP_UNSPEC: all addresses of both families */
    int bits;
};

/* Room for every text that the functions below write, terminator included. */
#define ADDR_TEXT_SIZE    64
#define ADDR_LABEL_SIZE   512
#define ADDR_MAX_PER_NAME 16

struct ip_addr ip_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
struct ip_addr ip_addr_loopback(enum ip_family family);
struct ip_addr ip_addr_any(enum ip_family family);
struct ip_addr ip_addr_from_id(uint32_t id);

/* Dotted quad or IPv6 without brackets and scope. False if the text is anything else. */
bool ip_addr_parse(const char *text, struct ip_addr *addr);
/* The same, and "%INTERFACE" behind a link-local IPv6 address or group. *interface points to the
   part behind the percent sign (within text), or is NULL if there is none. If that part is a
   decimal number, it becomes the scope of addr; if it is a name, the caller has to find the
   index. False: the text is anything else. */
bool ip_addr_parse_scoped(const char *text, struct ip_addr *addr, const char **interface);
/* "ID#" and a decimal number, as chronyc prints and reads it. */
bool ip_addr_parse_id(const char *text, struct ip_addr *addr);

/* "192.0.2.1", "2001:db8::1", "fe80::1%2", "ID#0000000001", "[UNSPEC]". Returns buf. */
const char *ip_addr_format(const struct ip_addr *addr, char *buf, size_t size);
/* "ADDRESS (NAME)", or the address alone if the name (which may be NULL) is the same. Returns buf;
   ADDR_LABEL_SIZE is enough for host names. */
const char *ip_addr_label(const struct ip_addr *addr, const char *name, char *buf, size_t size);
/* "192.0.2.1:123", "[2001:db8::1]:123". Returns buf. */
const char *ip_port_format(const struct ip_port *addr, char *buf, size_t size);
/* Advice for a socket that could not be bound to the address, by errno: a text to append to that of
   the error, or "". */
const char *ip_port_bind_hint(const struct ip_port *addr, int error);
/* "any address", plain address when all bits count, else "ADDRESS/BITS". Returns buf. */
const char *subnet_format(const struct subnet *subnet, char *buf, size_t size);

bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b);
/* Equal; the scope counts only if `wanted` has one. */
bool ip_addr_matches(const struct ip_addr *addr, const struct ip_addr *wanted);
bool ip_port_equal(const struct ip_port *a, const struct ip_port *b);
/* (a AND mask) = (b AND mask); a mask of another family is not applied. */
bool ip_addr_equal_masked(const struct ip_addr *a, const struct ip_addr *b,
                          const struct ip_addr *mask);
/* Mask with `bits` leading ones; too large or negative means all ones. */
struct ip_addr ip_addr_mask(enum ip_family family, int bits);

/* An address that can be used on the network: IPv4 or IPv6. */
bool ip_addr_is_real(const struct ip_addr *addr);
/* The unspecified address of its family (0.0.0.0, ::). */
bool ip_addr_is_any(const struct ip_addr *addr);
/* Exactly 127.0.0.1 or ::1. */
bool ip_addr_is_loopback(const struct ip_addr *addr);
/* 169.254.0.0/16 or fe80::/10. */
bool ip_addr_is_link_local(const struct ip_addr *addr);

/* Number of octets: 4, 16 or 0; *octets points into addr. */
size_t ip_addr_octets(const struct ip_addr *addr, const uint8_t **octets);

/* Reference ID of an address (ntp.md 2.7): the IPv4 address, the first 4 octets of the MD5 of an
   IPv6 address, else 0. */
uint32_t ip_addr_refid(const struct ip_addr *addr);

/* Printable characters of a reference ID, most significant first, others left out. buf >= 5. */
const char *refid_format(uint32_t refid, char *buf, size_t size);

struct sockaddr_storage;
/* Conversions for the world's implementation. Returns the length of the socket address, or 0 if the
   address has no such form. */
unsigned int ip_port_to_sockaddr(const struct ip_port *addr, struct sockaddr_storage *sa);
bool ip_port_from_sockaddr(const void *sa, size_t len, struct ip_port *addr);
/* The scope of a link-local IPv6 address, which the function above leaves out; 0: none. */
uint32_t ip_scope_from_sockaddr(const void *sa, size_t len);

#endif
