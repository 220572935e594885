/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as the program in the kernel (ntp/server/xdp/program.c) sees them: where their parts are,
 * whether they have the form that it understands, checksums, and turning a request round into an
 * answer. Included there only, and inlined: the kernel follows each pointer from the check of the
 * end of the packet to its use.
 */
#ifndef NTP_SERVER_XDP_PACKET_H
#define NTP_SERVER_XDP_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <stdbool.h>

#define NTP_OCTETS 48
#define UDP_OCTETS (8 + NTP_OCTETS)
#define TTL        64

struct ntp {
    __u8 first; /* leap, version, mode */
    __u8 stratum;
    __s8 poll;
    __s8 precision;
    __u32 root_delay;
    __u32 root_dispersion;
    __u32 refid;
    /* Timestamps lie at multiples of four octets only. */
    __u32 reference[2];
    __u32 origin[2];
    __u32 receive[2];
    __u32 transmit[2];
};

/* Where the parts of the packet are. The family is a parameter of what works on it, since the
   kernel cannot see that a pointer and a flag belong together. */
struct packet {
    struct ethhdr *eth;
    void *ip;
    struct udphdr *udp;
    struct ntp *ntp;
    __u16 vlan;
};

#define INLINE static __always_inline

/* ---- Checksums ---- */

INLINE __u16 fold(__u64 sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (__u16)(sum & 0xffff) + (__u16)(sum >> 16);
}

INLINE __u64 sum_words(const void *data, int words)
{
    const __u32 *word = data;
    __u64 sum = 0;

#pragma clang loop unroll(full)
    for (int i = 0; i < words; i++)
        sum += word[i];
    return sum;
}

/* Of UDP header and data with the pseudo header; 0xffff if the checksum in the packet is right. */
INLINE __u16 sum_udp(const struct packet *p, bool v6)
{
    const struct iphdr *ip4 = p->ip;
    const struct ipv6hdr *ip6 = p->ip;

    __u64 sum = sum_words(p->udp, UDP_OCTETS / 4);

    /* Source and destination follow each other. */
    sum += v6 ? sum_words(&ip6->saddr, 8) : sum_words(&ip4->saddr, 2);
    sum += bpf_htons(IPPROTO_UDP) + bpf_htons(UDP_OCTETS);
    return fold(sum);
}

/* ---- Parsing ---- */

/* The Ethernet header and a tag. Returns what follows them, and its type; NULL: too short. */
INLINE void *parse_link(struct packet *p, struct xdp_md *ctx, __u16 *type)
{
    struct ethhdr *eth = (void *)(long)ctx->data;
    __u16 *tag = (void *)(eth + 1);

    if ((void *)(tag + 2) > (void *)(long)ctx->data_end)
        return 0;
    p->eth = eth;
    *type = eth->h_proto;
    if (*type != bpf_htons(ETH_P_8021Q))
        return tag;
    p->vlan = bpf_ntohs(tag[0]) & 0xfff;
    *type = tag[1];
    return tag + 2;
}

/* Whether it is UDP without options or extension headers, and long enough for a request. */
INLINE bool parse_ip(struct packet *p, struct xdp_md *ctx, void *start, bool v6)
{
    struct iphdr *ip4 = start;
    struct ipv6hdr *ip6 = start;

    p->ip = start;
    p->udp = v6 ? (void *)(ip6 + 1) : (void *)(ip4 + 1);
    p->ntp = (void *)(p->udp + 1);
    if ((void *)(p->ntp + 1) > (void *)(long)ctx->data_end)
        return false;
    return v6 ? ip6->version == 6 && ip6->nexthdr == IPPROTO_UDP
              : ip4->version == 4 && ip4->ihl == 5 && ip4->protocol == IPPROTO_UDP;
}

INLINE bool has_form_v4(const struct packet *p)
{
    const struct iphdr *ip = p->ip;

    if (ip->tot_len != bpf_htons(sizeof(*ip) + UDP_OCTETS) ||
        (ip->frag_off & bpf_htons(0xbfff)) != 0 || ip->ttl == 0 || fold(sum_words(ip, 5)) != 0xffff)
        return false;
    /* IPv4 allows to leave it out. */
    return p->udp->check == 0 || sum_udp(p, false) == 0xffff;
}

INLINE bool has_form_v6(const struct packet *p)
{
    const struct ipv6hdr *ip = p->ip;

    return ip->payload_len == bpf_htons(UDP_OCTETS) && p->udp->check != 0 &&
           sum_udp(p, true) == 0xffff;
}

/* Lengths, fragments and checksums. */
INLINE bool has_form(const struct packet *p, struct xdp_md *ctx, bool v6)
{
    return (void *)(p->ntp + 1) == (void *)(long)ctx->data_end &&
           p->udp->len == bpf_htons(UDP_OCTETS) && p->udp->source != 0 &&
           (v6 ? has_form_v6(p) : has_form_v4(p));
}

/* ---- Turning round ---- */

INLINE void turn_ip_round(const struct packet *p, __u8 traffic_class, bool v6)
{
    struct iphdr *ip4 = p->ip;
    struct ipv6hdr *ip6 = p->ip;

    if (v6) {
        const struct in6_addr addr = ip6->daddr;

        *(__u32 *)ip6 = bpf_htonl(0x60000000U | (__u32)traffic_class << 20);
        ip6->hop_limit = TTL;
        ip6->daddr = ip6->saddr;
        ip6->saddr = addr;
    } else {
        const __u32 addr = ip4->daddr;

        ip4->tos = traffic_class;
        ip4->id = 0;
        ip4->frag_off = bpf_htons(0x4000); /* not to be fragmented */
        ip4->ttl = TTL;
        ip4->daddr = ip4->saddr;
        ip4->saddr = addr;
        ip4->check = 0;
        ip4->check = ~fold(sum_words(ip4, 5));
    }
}

INLINE void turn_round(const struct packet *p, __u8 traffic_class, bool v6)
{
    const __u16 port = p->udp->dest;
    __u8 mac[ETH_ALEN];

    __builtin_memcpy(mac, p->eth->h_dest, ETH_ALEN);
    __builtin_memcpy(p->eth->h_dest, p->eth->h_source, ETH_ALEN);
    __builtin_memcpy(p->eth->h_source, mac, ETH_ALEN);
    turn_ip_round(p, traffic_class, v6);
    p->udp->dest = p->udp->source;
    p->udp->source = port;
    p->udp->check = 0;
    const __u16 check = ~sum_udp(p, v6);
    p->udp->check = check != 0 ? check : 0xffff;
}

#endif
