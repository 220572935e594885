/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers plain NTP requests in the kernel, before they reach a socket (ntp.md 29). It is compiled
 * for the BPF machine and embedded in chronyd, which loads it (chronyd/os/xdp_program.c) and fills
 * the arrays (ntp/server/fast_path.c).
 *
 * A packet is answered when it is exactly what it understands, and else passed on unchanged: the
 * sockets decide about it. Everything is decided before the first octet is changed, and the record
 * of the client is touched after everything that can pass it on. No packet is read beyond its end,
 * no loop depends on what it says.
 */
#include "ntp/server/xdp/packet.h"
#include "ntp/server/xdp/shared.h"

#define MODE_CLIENT 3
#define MODE_SERVER 4
#define LEAP_UNSYNC 3
#define KOD_RATE    bpf_htonl(0x52415445)
#define V4_DIGITS   8
#define V6_DIGITS   32

/* Sizes that depend on the configuration are set before the program is loaded. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct xdp_head);
} head SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, XDP_COPIES);
    __type(key, __u32);
    __type(value, struct xdp_content);
} contents SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct access_node);
} nodes SEC(".maps");

/* The first slot is not one: its end is the head of the client log's table. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct xdp_slot);
} slots SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, XDP_LOCKS);
    __type(key, __u32);
    __type(value, __u32);
} locks SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct xdp_counts);
} counts SEC(".maps");

/* The licence that functions of the kernel ask for. */
char licence[] SEC("license") = "GPL";

/* ---- Addresses ---- */

INLINE bool is_own_v4(const struct xdp_content *c, __u32 addr)
{
    const __u32 hash = xdp_hash(addr);

    for (__u32 i = 0; i < XDP_PROBES; i++) {
        const __u32 entry = c->v4[(hash + i) % XDP_ADDRESSES];

        if (entry == 0)
            return false;
        if (entry == addr)
            return true;
    }
    return false;
}

INLINE bool is_own_v6(const struct xdp_content *c, const __u32 addr[4])
{
    const __u32 hash = xdp_hash_v6(addr);

    for (__u32 i = 0; i < XDP_PROBES; i++) {
        const __u32 *entry = c->v6[(hash + i) % XDP_ADDRESSES];

        if ((entry[0] | entry[1] | entry[2] | entry[3]) == 0)
            return false;
        if (((entry[0] ^ addr[0]) | (entry[1] ^ addr[1]) | (entry[2] ^ addr[2]) |
             (entry[3] ^ addr[3])) == 0)
            return true;
    }
    return false;
}

/* Sources from which the kernel accepts no packet, or which mean something else: "this" network,
   loopback, groups, broadcast. */
INLINE bool is_unicast_v4(__u32 addr)
{
    const __u8 first = bpf_ntohl(addr) >> 24;

    return first != 0 && first != 127 && first < 224;
}

/* Global addresses only: ::/16 has the unspecified, loopback and mapped ones, and a link-local one
   is of one link. */
INLINE bool is_unicast_v6(const __u32 addr[4])
{
    const __u32 first = bpf_ntohl(addr[0]);

    return first >> 16 != 0 && first >> 24 != 0xff && first >> 22 != 0x3fa;
}

/* Whether the packet is for this host, from another one that can have sent it. */
INLINE bool is_for_us(const struct packet *p, const struct xdp_content *c, bool v6)
{
    const struct iphdr *ip4 = p->ip;
    const struct ipv6hdr *ip6 = p->ip;

    if (!v6)
        return is_own_v4(c, ip4->daddr) && is_unicast_v4(ip4->saddr) && !is_own_v4(c, ip4->saddr);
    return is_own_v6(c, ip6->daddr.in6_u.u6_addr32) && is_unicast_v6(ip6->saddr.in6_u.u6_addr32) &&
           !is_own_v6(c, ip6->saddr.in6_u.u6_addr32);
}

INLINE bool is_mac_equal(const __u8 *a, const __u8 *b)
{
    const __u16 *x = (const __u16 *)a, *y = (const __u16 *)b;

    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
}

INLINE bool is_mac_ours(const struct packet *p, const struct xdp_content *c, __u32 index)
{
    const __u32 hash = xdp_hash_interface(index, p->vlan);

    for (__u32 i = 0; i < XDP_PROBES; i++) {
        const struct xdp_interface *entry = &c->interfaces[(hash + i) % XDP_INTERFACES];

        if (entry->index == 0)
            return false;
        if (entry->index == index && entry->vlan == p->vlan)
            return is_mac_equal(entry->mac, p->eth->h_dest) && (p->eth->h_source[0] & 1) == 0;
    }
    return false;
}

/* ---- Access rules ---- */

INLINE bool is_allowed(const struct xdp_content *c, __u32 root, const __u8 *octets, int digits)
{
    __u32 state = ACCESS_DENY, index = root;

    for (int i = 0;; i++) {
        __u32 key = c->access_base + index;
        const struct access_node *node = bpf_map_lookup_elem(&nodes, &key);

        if (!node)
            return false;
        if (node->state != ACCESS_AS_PARENT)
            state = node->state;
        if (node->children == 0 || i >= digits)
            break;
        index = node->children + (i % 2 == 0 ? octets[i / 2] >> 4 : octets[i / 2] & 0xf);
    }
    return state == ACCESS_ALLOW;
}

INLINE void get_source(const struct packet *p, struct ip_addr *addr, bool v6)
{
    const struct iphdr *ip4 = p->ip;
    const struct ipv6hdr *ip6 = p->ip;

    __builtin_memset(addr, 0, sizeof(*addr));
    addr->family = v6 ? IP_V6 : IP_V4;
    if (v6)
        __builtin_memcpy(addr->u.v6, &ip6->saddr, 16);
    else
        __builtin_memcpy(addr->u.v4, &ip4->saddr, 4);
}

/* ---- Records of clients ---- */

INLINE bool is_record_of(const struct client_record *r, const struct ip_addr *addr)
{
    const __u32 *a = (const __u32 *)r->addr.u.v6, *b = (const __u32 *)addr->u.v6;

    if (r->addr.family != addr->family || a[0] != b[0])
        return false;
    return addr->family == IP_V4 || ((a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
}

/* The record of a client in its slot, as the client log finds it (ntp/server/client_log.c). */
INLINE struct client_record *find_record(struct xdp_slot *slot, const struct client_limits *limits,
                                         const struct ip_addr *addr, struct xdp_counts *count)
{
    __u32 empty = CLIENT_SLOT_RECORDS, oldest = 0;

    for (__u32 i = 0; i < CLIENT_SLOT_RECORDS; i++) {
        struct client_record *r = &slot->records[i];

        if (is_record_of(r, addr))
            return r;
        if (r->addr.family == IP_UNSPEC && empty == CLIENT_SLOT_RECORDS)
            empty = i;
    }
    if (empty == CLIENT_SLOT_RECORDS) {
        for (__u32 i = 1; i < CLIENT_SLOT_RECORDS; i++) {
            const struct client_record *o = &slot->records[oldest % CLIENT_SLOT_RECORDS];
            const struct client_record *r = &slot->records[i];
            const __s32 age = client_time_since(client_record_latest(o), client_record_latest(r));

            if (age > 0 || (age == 0 && client_record_total(o) > client_record_total(r)))
                oldest = i;
        }
        empty = oldest;
        count->record_drops++;
    } else {
        count->new_records++;
    }
    struct client_record *r = &slot->records[empty % CLIENT_SLOT_RECORDS];
    client_record_init(r, limits, addr);
    return r;
}

INLINE __u32 slot_of(const struct xdp_content *c, const struct ip_addr *addr)
{
    __u32 hash = c->log_seed;

#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++)
        hash = client_hash_step(hash, addr->u.v6[i]);
    if (addr->family == IP_V6) {
#pragma clang loop unroll(full)
        for (int i = 4; i < 16; i++)
            hash = client_hash_step(hash, addr->u.v6[i]);
    }
    return hash & c->slot_mask;
}

INLINE enum limit_result decide(struct client_record *r, const struct client_limits *limits)
{
    if (!limits->services[CLIENT_NTP].limited || client_record_take(r, limits, CLIENT_NTP))
        return LIMIT_PASS;
    return client_record_limit(r, limits, CLIENT_NTP, bpf_get_prandom_u32());
}

/* Whether contents and access rules that were used are not being written again by now. */
INLINE bool is_whole(const struct xdp_head *h, const struct xdp_content *c, __u32 turn)
{
    return *(const volatile __u32 *)&h->turn - turn <= XDP_COPIES - 2 &&
           *(const volatile __u32 *)&h->access_started - c->access_generation <= 1;
}

/* Counts the request and applies the rate limit. False: another processor is at work in the slot,
   or what was read has changed. */
INLINE bool limit(const struct xdp_head *h, const struct xdp_content *c, __u32 turn,
                  const struct ip_addr *addr, __u32 stamp, struct xdp_counts *count,
                  enum limit_result *result)
{
    const __u32 number = slot_of(c, addr);
    __u32 key = number + 1, lock_key = number % XDP_LOCKS;
    struct xdp_slot *slot = bpf_map_lookup_elem(&slots, &key);
    __u32 *lock = bpf_map_lookup_elem(&locks, &lock_key);

    if (!slot || !lock || __sync_val_compare_and_swap(lock, 0, 1) != 0)
        return false;
    /* The exchange above is a barrier: everything that was read before it was read by now. */
    const bool whole = is_whole(h, c, turn);
    if (whole) {
        struct client_record *r = find_record(slot, &c->limits, addr, count);

        client_record_hit(r, &c->limits, CLIENT_NTP, stamp);
        *result = decide(r, &c->limits);
    }
    __sync_lock_test_and_set(lock, 0);
    return whole;
}

/* ---- Replies ---- */

/* How a packet is looked at: the newest contents, when it came, and a copy of the time, which was
   made before it was found out that the contents were whole. What else of them a reply needs is
   the same in all. */
struct view {
    const struct xdp_head *head;
    const struct xdp_content *content;
    struct xdp_counts *count;
    __u32 turn;
    __u64 now;
    struct xdp_time time;
};

/* Units of 2^-32 s from the instant of the page to e nanoseconds after it. */
INLINE __u64 delta_of(const struct xdp_time *t, __u64 e)
{
    return 3 * e + (e * t->scale >> XDP_SCALE_BITS);
}

INLINE void put_time(__u32 field[2], __u64 time)
{
    field[0] = bpf_htonl((__u32)(time >> 32));
    field[1] = bpf_htonl((__u32)time);
}

INLINE void put_fields(struct ntp *ntp, const struct view *view, bool kod)
{
    const struct xdp_time *t = &view->time;
    const __s8 min_poll = view->content->min_poll;
    const __u64 e = view->now - t->boot_ns;
    const __u32 added = (e * t->growth + (1ULL << XDP_GROWTH_BITS) - 1) >> XDP_GROWTH_BITS;
    const __u32 dispersion = t->root_dispersion + added;
    const __u8 leap = kod ? LEAP_UNSYNC : t->leap;

    ntp->first = leap << 6 | (ntp->first & 0x38) | MODE_SERVER;
    ntp->stratum = kod ? 0 : t->stratum;
    ntp->poll = ntp->poll > min_poll ? ntp->poll : min_poll;
    ntp->precision = t->precision;
    ntp->root_delay = t->root_delay;
    ntp->root_dispersion = bpf_htonl(dispersion < added ? 0xffffffff : dispersion);
    ntp->refid = kod ? KOD_RATE : t->refid;
    ntp->reference[0] = (__u32)t->reference;
    ntp->reference[1] = (__u32)(t->reference >> 32);
}

/* The timestamps have random bits below the precision, and differ from each other and from the
   client's. The lowest bit tells receive from transmit times. */
INLINE void put_times(struct ntp *ntp, const struct view *view)
{
    const struct xdp_time *t = &view->time;
    const __u64 origin = (__u64)bpf_ntohl(ntp->transmit[0]) << 32 | bpf_ntohl(ntp->transmit[1]);
    __u64 receive = t->served + delta_of(t, view->now - t->boot_ns);

    receive = (receive ^ (bpf_get_prandom_u32() & t->fuzz)) | 1;
    if (receive == origin)
        receive ^= 2;
    ntp->origin[0] = ntp->transmit[0];
    ntp->origin[1] = ntp->transmit[1];
    put_time(ntp->receive, receive);

    __u64 transmit = t->served + delta_of(t, bpf_ktime_get_boot_ns() - t->boot_ns);
    transmit = (transmit ^ (bpf_get_prandom_u32() & t->fuzz)) & ~1ULL;
    if (transmit == origin)
        transmit ^= 2;
    put_time(ntp->transmit, transmit);
}

/* ---- The whole ---- */

INLINE bool is_interleaved(const struct ntp *ntp, __u8 version)
{
    return version == 4 && (ntp->origin[1] & bpf_htonl(1)) != 0 &&
           ((ntp->receive[0] ^ ntp->transmit[0]) | (ntp->receive[1] ^ ntp->transmit[1])) != 0;
}

INLINE enum xdp_result judge_client(const struct view *view, const struct ip_addr *addr)
{
    const struct xdp_content *c = view->content;
    const struct xdp_time *t = &view->time;
    const __u64 log = t->log + delta_of(t, view->now - t->boot_ns);
    enum limit_result limited = LIMIT_PASS;
    __u64 barrier = 0;

    if (!c->has_log) {
        /* As in limit(): everything was read before. */
        __sync_val_compare_and_swap(&barrier, 0, 1);
        return is_whole(view->head, c, view->turn) ? XDP_RESULT_ANSWERED : XDP_RESULT_BUSY;
    }
    if (!limit(view->head, c, view->turn, addr, (__u32)(log >> 28), view->count, &limited))
        return XDP_RESULT_BUSY;
    return limited == LIMIT_DROP  ? XDP_RESULT_DROPPED
           : limited == LIMIT_KOD ? XDP_RESULT_KOD
                                  : XDP_RESULT_ANSWERED;
}

INLINE enum xdp_result judge(const struct packet *p, struct xdp_md *ctx, const struct view *view,
                             bool v6)
{
    const struct xdp_content *c = view->content;
    const __u8 version = p->ntp->first >> 3 & 7;
    struct ip_addr addr;

    if (!has_form(p, ctx, v6))
        return XDP_RESULT_FORM;
    if ((p->ntp->first & 7) != MODE_CLIENT || version < 1 || version > 4)
        return XDP_RESULT_MODE;
    if (is_interleaved(p->ntp, version))
        return XDP_RESULT_INTERLEAVED;
    if (view->now >= view->time.valid_until_ns || view->now < view->time.boot_ns)
        return XDP_RESULT_TIME;
    if (!is_mac_ours(p, c, ctx->ingress_ifindex) || !is_for_us(p, c, v6))
        return XDP_RESULT_ADDRESS;
    get_source(p, &addr, v6);
    if (!is_allowed(c, v6 ? ACCESS_V6_ROOT : ACCESS_V4_ROOT, v6 ? addr.u.v6 : addr.u.v4,
                    v6 ? V6_DIGITS : V4_DIGITS))
        return XDP_RESULT_ACCESS;
    return judge_client(view, &addr);
}

INLINE int serve(struct packet *p, struct xdp_md *ctx, struct view *view, bool v6)
{
    __u32 key = view->turn % XDP_COPIES;
    const struct xdp_content *c = bpf_map_lookup_elem(&contents, &key);

    if (!c || c->port == 0 || p->udp->dest != c->port)
        return XDP_PASS;
    view->now = bpf_ktime_get_boot_ns();
    key = bpf_get_smp_processor_id();
    view->count = bpf_map_lookup_elem(&counts, &key);
    if (!view->count)
        return XDP_PASS;
    view->content = c;
    view->time = c->time;

    const enum xdp_result result = judge(p, ctx, view, v6);
    view->count->results[result]++;
    if (result == XDP_RESULT_DROPPED)
        return XDP_DROP;
    if (result > XDP_RESULT_DROPPED)
        return XDP_PASS;
    put_fields(p->ntp, view, result == XDP_RESULT_KOD);
    put_times(p->ntp, view);
    turn_round(p, c->traffic_class, v6);
    return XDP_TX;
}

SEC("xdp")
int holdover_ntp(struct xdp_md *ctx)
{
    struct view view = {0};
    struct packet p = {0};
    __u32 key = 0;
    __u16 type = 0;
    void *ip = parse_link(&p, ctx, &type);

    view.head = bpf_map_lookup_elem(&head, &key);
    if (!ip || !view.head)
        return XDP_PASS;
    view.turn = *(const volatile __u32 *)&view.head->turn;
    if (type == bpf_htons(ETH_P_IP) && parse_ip(&p, ctx, ip, false))
        return serve(&p, ctx, &view, false);
    if (type == bpf_htons(ETH_P_IPV6) && parse_ip(&p, ctx, ip, true))
        return serve(&p, ctx, &view, true);
    return XDP_PASS;
}
