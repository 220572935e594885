/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of the load generator (test/tools/xdp_client.c): one hands the packets that it is given
 * to an interface, one counts what comes back and drops it, one takes everything and does nothing.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} replies SEC(".maps");

char licence[] SEC("license") = "GPL";

struct constants {
    __u32 target;      /* interface */
    __u32 server_port; /* in the order of the host */
    __u64 interval;    /* ns between packets; 0: as fast as it goes */
    __u16 frame[45];   /* the packet */
};
const volatile struct constants constants;

/* Of each processor on its own: when the next packet is due. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} due SEC(".maps");

#define WAIT_STEPS 8000

SEC("xdp")
int load_send(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u64 *next = bpf_map_lookup_elem(&due, &key);

    if (next && constants.interval != 0) {
        __u64 now = bpf_ktime_get_ns();

        if (now > *next + 200000)
            *next = now;
        for (int i = 0; i < WAIT_STEPS && now < *next; i++)
            now = bpf_ktime_get_ns();
        *next += constants.interval;
    }
    __u16 *packet = (void *)(long)ctx->data;
    /* The memory is that of a packet that was sent before, and answered in place. */
    if ((void *)(packet + 45) > (void *)(long)ctx->data_end)
        return XDP_DROP;
    for (int i = 0; i < 45; i++)
        packet[i] = constants.frame[i];
    return bpf_redirect(constants.target, 0);
}

/* IPv4 only: an answer to a request of ours. */
SEC("xdp")
int load_count(struct xdp_md *ctx)
{
    __u8 *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    __u32 key = 0;
    __u64 *count = bpf_map_lookup_elem(&replies, &key);

    if (start + 90 > end || !count || start[12] != 8 || start[13] != 0 || start[23] != 17 ||
        (start[34] << 8 | start[35]) != constants.server_port || (start[42] & 7) != 4)
        return XDP_PASS;
    ++*count;
    return XDP_DROP;
}

SEC("xdp")
int load_drop(struct xdp_md *ctx)
{
    return XDP_DROP;
}
