/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's answers; see virtual_server.h. Called by virtual_network.c only. It has no socket:
 * packets are given and returned.
 */
#include "test/interop/virtual_server.h"

#include <arpa/inet.h>
#include <string.h>

#define NS         1000000000
#define NTP_OFFSET 2208988800
/* Of the first node, and from one to the next. */
#define FUZZ_STREAM      2002
#define FUZZ_STREAM_STEP 10000

void virtual_server_init(struct virtual_server *server, const struct virtual_time_params *p,
                         int node)
{
    *server = (struct virtual_server){.precision = p->precisions[node]};
    sim_clock_init(&server->clock, &p->oscillators[node], p->start, p->seed,
                   SIM_CLOCK_STREAM(node));
    sim_random_seed(&server->fuzz, p->seed, FUZZ_STREAM + (uint64_t)node * FUZZ_STREAM_STEP);
}

static void put_timestamp(uint8_t *out, int64_t time, uint32_t fuzz)
{
    uint32_t seconds = htonl((uint32_t)(time / NS + NTP_OFFSET));
    uint32_t fraction = htonl((uint32_t)(((uint64_t)(time % NS) << 32) / NS) ^ fuzz);

    memcpy(out, &seconds, 4);
    memcpy(out + 4, &fraction, 4);
}

/* ntp.md 10.3: timestamps are random below the precision. */
static uint32_t draw_fuzz(struct virtual_server *server)
{
    uint64_t unknown = (UINT64_C(1) << (32 + server->precision)) - 1;

    return (uint32_t)(sim_random_bits(&server->fuzz) & unknown);
}

/* ntp.md 20.4. The reply says how the last exchange ended, if the request continues it. */
static void interleave(struct virtual_exchange *exchange, const uint8_t *request, uint8_t *reply)
{
    bool eligible = (request[31] & 1) != 0 && memcmp(request + 32, request + 40, 8) != 0;
    bool known = eligible && memcmp(request + 24, exchange->receive, 8) == 0;
    struct virtual_exchange now;

    memcpy(now.receive, reply + 32, 8);
    memcpy(now.transmit, reply + 40, 8);
    if (known) {
        memcpy(reply + 24, request + 32, 8);
        memcpy(reply + 40, exchange->transmit, 8);
    }
    if (eligible)
        *exchange = now;
}

void virtual_server_answer(struct virtual_server *server, int64_t now,
                           const uint8_t request[static VIRTUAL_SERVER_LENGTH],
                           uint8_t reply[static VIRTUAL_SERVER_LENGTH])
{
    sim_clock_advance(&server->clock, now);

    /* Received and sent at once. The lowest bits are those of ntp.md 10.3. */
    int64_t time = server->clock.raw;
    memset(reply, 0, VIRTUAL_SERVER_LENGTH);
    reply[0] = (uint8_t)((request[0] & 0x38) | 4);
    reply[1] = 1;
    reply[2] = request[2];
    reply[3] = (uint8_t)server->precision;
    memcpy(reply + 12, "\x7f\x7f\x01\x01", 4);
    put_timestamp(reply + 16, time / NS * NS, 0);
    memcpy(reply + 24, request + 40, 8);
    put_timestamp(reply + 32, time, draw_fuzz(server));
    put_timestamp(reply + 40, time, draw_fuzz(server));
    reply[39] |= 1;
    reply[47] &= 0xfe;
    interleave(&server->exchange, request, reply);
}
