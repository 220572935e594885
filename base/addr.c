/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP addresses, ports and subnets as values: parsing, text, comparison, conversion to socket
 * addresses. Used everywhere; resolves no names and owns nothing.
 */
#include "base/addr.h"

#include <errno.h>
#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/crypto.h"
#include "base/text.h"

_Static_assert(ADDR_TEXT_SIZE >= INET6_ADDRSTRLEN + sizeof("[]:65535"), "texts have to fit");
/* Link-local addresses have eight groups at most, none of them in decimal. */
_Static_assert(ADDR_TEXT_SIZE >= 8 * 5 + sizeof("%4294967295[]:65535"), "texts have to fit");

struct ip_addr ip_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct ip_addr){.family = IP_V4, .u.v4 = {a, b, c, d}};
}

struct ip_addr ip_addr_loopback(enum ip_family family)
{
    struct ip_addr addr = ip_addr_any(family);

    if (family == IP_V4)
        return ip_addr_v4(127, 0, 0, 1);
    if (family == IP_V6)
        addr.u.v6[15] = 1;
    return addr;
}

struct ip_addr ip_addr_any(enum ip_family family)
{
    struct ip_addr addr;

    memset(&addr, 0, sizeof(addr));
    addr.family = family;
    return addr;
}

struct ip_addr ip_addr_from_id(uint32_t id)
{
    struct ip_addr addr = ip_addr_any(IP_ID);

    addr.u.id = id;
    return addr;
}

bool ip_addr_parse(const char *text, struct ip_addr *addr)
{
    struct ip_addr parsed = ip_addr_any(IP_V4);

    if (inet_pton(AF_INET, text, parsed.u.v4) != 1) {
        parsed = ip_addr_any(IP_V6);
        if (inet_pton(AF_INET6, text, parsed.u.v6) != 1)
            return false;
    }
    *addr = parsed;
    return true;
}

/* Link-local addresses, and groups that are valid on one interface or link. */
static bool can_have_scope(const struct ip_addr *addr)
{
    return addr->family == IP_V6 &&
           (ip_addr_is_link_local(addr) ||
            (addr->u.v6[0] == 0xff && ((addr->u.v6[1] & 0xf) == 1 || (addr->u.v6[1] & 0xf) == 2)));
}

bool ip_addr_parse_scoped(const char *text, struct ip_addr *addr, const char **interface)
{
    const char *percent = strchr(text, '%');
    char plain[INET6_ADDRSTRLEN];
    struct ip_addr parsed;
    uint32_t scope;
    size_t used;

    *interface = NULL;
    if (!percent)
        return ip_addr_parse(text, addr);
    size_t length = (size_t)(percent - text);
    if (length >= sizeof(plain))
        return false;
    memcpy(plain, text, length);
    plain[length] = '\0';
    if (!ip_addr_parse(plain, &parsed) || !can_have_scope(&parsed))
        return false;
    /* The limits of the kernel for names of interfaces. */
    length = strlen(percent + 1);
    if (length == 0 || length >= IF_NAMESIZE || strpbrk(percent + 1, "/% \t"))
        return false;
    if (percent[1] >= '0' && percent[1] <= '9' && text_scan_uint(percent + 1, &scope, &used) &&
        used == length)
        parsed.scope = scope;
    *addr = parsed;
    *interface = percent + 1;
    return true;
}

bool ip_addr_parse_id(const char *text, struct ip_addr *addr)
{
    uint64_t id = 0;

    if (strncmp(text, "ID#", 3) != 0 || text[3] == '\0')
        return false;
    for (text += 3; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        id = id * 10 + (uint64_t)(*text - '0');
        if (id > UINT32_MAX)
            return false;
    }
    *addr = ip_addr_from_id((uint32_t)id);
    return true;
}

const char *ip_addr_format(const struct ip_addr *addr, char *buf, size_t size)
{
    const char *text = NULL;

    switch (addr->family) {
    case IP_V4:
        text = inet_ntop(AF_INET, addr->u.v4, buf, (socklen_t)size);
        break;
    case IP_V6:
        text = inet_ntop(AF_INET6, addr->u.v6, buf, (socklen_t)size);
        break;
    case IP_ID:
        snprintf(buf, size, "ID#%010lu", (unsigned long)addr->u.id);
        return buf;
    case IP_UNSPEC:
        text_copy(buf, size, "[UNSPEC]");
        return buf;
    }
    /* NULL only if the buffer is too small. */
    assert(text);
    if (addr->scope != 0 && can_have_scope(addr)) {
        size_t length = strlen(buf);

        snprintf(buf + length, size - length, "%%%lu", (unsigned long)addr->scope);
    }
    return buf;
}

const char *ip_addr_label(const struct ip_addr *addr, const char *name, char *buf, size_t size)
{
    ip_addr_format(addr, buf, size);
    size_t length = strlen(buf);

    if (name && strcmp(name, buf) != 0)
        snprintf(buf + length, size - length, " (%s)", name);
    return buf;
}

const char *ip_port_bind_hint(const struct ip_port *addr, int error)
{
    return error == EACCES && addr->port > 0 && addr->port < 1024
               ? "; give the process CAP_NET_BIND_SERVICE, or choose a port above 1023"
               : "";
}

const char *ip_port_format(const struct ip_port *addr, char *buf, size_t size)
{
    char text[ADDR_TEXT_SIZE];

    ip_addr_format(&addr->addr, text, sizeof(text));
    if (addr->addr.family == IP_V6)
        snprintf(buf, size, "[%.54s]:%u", text, addr->port);
    else
        snprintf(buf, size, "%.45s:%u", text, addr->port);
    return buf;
}

/* Number of significant bits of a family's addresses. */
static int family_bits(enum ip_family family)
{
    return family == IP_V4 ? 32 : family == IP_V6 ? 128 : 0;
}

const char *subnet_format(const struct subnet *subnet, char *buf, size_t size)
{
    char text[ADDR_TEXT_SIZE];

    if (subnet->addr.family == IP_UNSPEC) {
        text_copy(buf, size, "any address");
        return buf;
    }
    ip_addr_format(&subnet->addr, text, sizeof(text));
    if (subnet->bits == family_bits(subnet->addr.family))
        text_copy(buf, size, text);
    else
        snprintf(buf, size, "%.45s/%d", text, subnet->bits);
    return buf;
}

size_t ip_addr_octets(const struct ip_addr *addr, const uint8_t **octets)
{
    switch (addr->family) {
    case IP_V4:
        *octets = addr->u.v4;
        return sizeof(addr->u.v4);
    case IP_V6:
        *octets = addr->u.v6;
        return sizeof(addr->u.v6);
    case IP_UNSPEC:
    case IP_ID:
        break;
    }
    *octets = NULL;
    return 0;
}

bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
    if (a->family != b->family)
        return false;
    switch (a->family) {
    case IP_V4:
        return memcmp(a->u.v4, b->u.v4, sizeof(a->u.v4)) == 0;
    case IP_V6:
        return memcmp(a->u.v6, b->u.v6, sizeof(a->u.v6)) == 0 && a->scope == b->scope;
    case IP_ID:
        return a->u.id == b->u.id;
    case IP_UNSPEC:
        break;
    }
    return true;
}

bool ip_addr_matches(const struct ip_addr *addr, const struct ip_addr *wanted)
{
    struct ip_addr a = *addr;

    if (wanted->scope == 0)
        a.scope = 0;
    return ip_addr_equal(&a, wanted);
}

bool ip_port_equal(const struct ip_port *a, const struct ip_port *b)
{
    return a->port == b->port && ip_addr_equal(&a->addr, &b->addr);
}

bool ip_addr_equal_masked(const struct ip_addr *a, const struct ip_addr *b,
                          const struct ip_addr *mask)
{
    const uint8_t *a_octets, *b_octets, *mask_octets;

    if (a->family != b->family || mask->family != a->family)
        return ip_addr_equal(a, b);
    size_t length = ip_addr_octets(a, &a_octets);
    if (length == 0)
        return ip_addr_equal(a, b);
    ip_addr_octets(b, &b_octets);
    ip_addr_octets(mask, &mask_octets);
    for (size_t i = 0; i < length; i++) {
        if (((a_octets[i] ^ b_octets[i]) & mask_octets[i]) != 0)
            return false;
    }
    return true;
}

static void set_leading_bits(uint8_t *octets, int bits)
{
    for (; bits >= 8; bits -= 8)
        *octets++ = 0xff;
    if (bits > 0)
        *octets = (uint8_t)(0xff << (8 - bits));
}

struct ip_addr ip_addr_mask(enum ip_family family, int bits)
{
    struct ip_addr mask = ip_addr_any(family);

    if (bits < 0 || bits > family_bits(family))
        bits = family_bits(family);
    if (family == IP_V4)
        set_leading_bits(mask.u.v4, bits);
    else if (family == IP_V6)
        set_leading_bits(mask.u.v6, bits);
    return mask;
}

bool ip_addr_is_real(const struct ip_addr *addr)
{
    return addr->family == IP_V4 || addr->family == IP_V6;
}

bool ip_addr_is_any(const struct ip_addr *addr)
{
    struct ip_addr any = ip_addr_any(addr->family);

    return ip_addr_is_real(addr) && ip_addr_equal(addr, &any);
}

bool ip_addr_is_loopback(const struct ip_addr *addr)
{
    struct ip_addr loopback = ip_addr_loopback(addr->family);

    return ip_addr_is_real(addr) && ip_addr_equal(addr, &loopback);
}

bool ip_addr_is_link_local(const struct ip_addr *addr)
{
    if (addr->family == IP_V4)
        return addr->u.v4[0] == 169 && addr->u.v4[1] == 254;
    return addr->family == IP_V6 && addr->u.v6[0] == 0xfe && (addr->u.v6[1] & 0xc0) == 0x80;
}

uint32_t ip_addr_refid(const struct ip_addr *addr)
{
    uint8_t id[4];

    if (addr->family == IP_V4)
        memcpy(id, addr->u.v4, sizeof(id));
    else if (addr->family != IP_V6 || hash_compute(KEY_MD5, addr->u.v6, sizeof(addr->u.v6), NULL, 0,
                                                   id, sizeof(id)) != sizeof(id))
        return 0;
    return (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
}

const char *refid_format(uint32_t refid, char *buf, size_t size)
{
    size_t n = 0;

    for (int shift = 24; shift >= 0; shift -= 8) {
        char c = (char)(refid >> shift & 0xff);

        if (c >= ' ' && c <= '~' && n + 1 < size)
            buf[n++] = c;
    }
    buf[n] = '\0';
    return buf;
}

unsigned int ip_port_to_sockaddr(const struct ip_port *addr, struct sockaddr_storage *sa)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (addr->addr.family) {
    case IP_V4:
        v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(addr->port)};
        memcpy(&v4.sin_addr, addr->addr.u.v4, sizeof(v4.sin_addr));
        memcpy(sa, &v4, sizeof(v4));
        return sizeof(v4);
    case IP_V6:
        v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                   .sin6_port = htons(addr->port),
                                   .sin6_scope_id = addr->addr.scope};
        memcpy(&v6.sin6_addr, addr->addr.u.v6, sizeof(v6.sin6_addr));
        memcpy(sa, &v6, sizeof(v6));
        return sizeof(v6);
    case IP_UNSPEC:
    case IP_ID:
        break;
    }
    return 0;
}

bool ip_port_from_sockaddr(const void *sa, size_t len, struct ip_port *addr)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    sa_family_t family;

    if (len < offsetof(struct sockaddr, sa_family) + sizeof(family))
        return false;
    memcpy(&family, (const char *)sa + offsetof(struct sockaddr, sa_family), sizeof(family));
    if (family == AF_INET && len >= sizeof(v4)) {
        memcpy(&v4, sa, sizeof(v4));
        addr->addr = ip_addr_any(IP_V4);
        memcpy(addr->addr.u.v4, &v4.sin_addr, sizeof(addr->addr.u.v4));
        addr->port = ntohs(v4.sin_port);
        return true;
    }
    if (family == AF_INET6 && len >= sizeof(v6)) {
        memcpy(&v6, sa, sizeof(v6));
        addr->addr = ip_addr_any(IP_V6);
        memcpy(addr->addr.u.v6, &v6.sin6_addr, sizeof(addr->addr.u.v6));
        addr->port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

uint32_t ip_scope_from_sockaddr(const void *sa, size_t len)
{
    struct sockaddr_in6 v6;
    struct ip_port addr;

    if (!ip_port_from_sockaddr(sa, len, &addr) || !can_have_scope(&addr.addr))
        return 0;
    memcpy(&v6, sa, sizeof(v6));
    return v6.sin6_scope_id;
}
