/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing of packets: header, extension fields, MAC, PTP messages around them, frames that come
 * back from the kernel, and the tests of a response.
 */
#include "chronyd/os/frame.h"
#include "conf/source_options.h"
#include "ntp/client/response.h"
#include "ntp/ptp.h"
#include "ntp/wire/packet.h"
#include "test/fuzz/support.h"

static void check_fields(const uint8_t *data, const struct ntp_info *info)
{
    struct ntp_ext_field field;
    size_t pos = NTP_HEADER_LENGTH, inner = 0;
    int count = 0;

    while (ntp_ext_next(data, info, &pos, &field)) {
        assert(field.start >= NTP_HEADER_LENGTH && field.start + field.length == pos);
        assert(pos <= info->length && field.body_length <= field.length);
        inner = 0;
        while (ntp_ext_next_inner(data + field.start, field.length, &inner, &field))
            assert(inner <= info->length);
        count++;
    }
    assert(count <= info->ext_fields);
    assert(info->mac_length == 0 || info->mac_start + info->mac_length <= info->length);
}

static void judge(const uint8_t *data, const struct ntp_info *info)
{
    const struct response_limits limits = {.interleaved = true,
                                           .ext_flags =
                                               EXT_FLAG_MONO_ROOT | EXT_FLAG_NET_CORRECTION,
                                           .max_delay = 3.0,
                                           .max_clock_error = 1e-6};
    const struct local_timestamp rx = {.time = {{FUZZ_TIME, 0}}};
    const struct ip_addr local = ip_addr_v4(192, 0, 2, 1);
    const struct reference_data own = {.stratum = 16};
    const struct response_test_input input = {.loop_possible = true, .own = &own};
    struct exchange ex = {.near_rx = rx, .near_tx = rx};
    struct ntp_header header;
    struct response r;

    /* As if the request had been the right one. */
    ntp_header_read(data, &header);
    ex.sent_tx = header.origin;
    response_read(&r, &limits, data, info, &rx, &local);
    response_check(&r, &ex, &limits, RESPONSE_GOOD);
    if (response_measure(&r, &ex, &limits, 1e-6))
        response_test(&r, &ex, &limits, &input);
    response_update(&r, &ex, &limits);
    if (response_is_valid(&r))
        response_accept(&r, &ex, 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ptp_payload payload;
    struct ip_port destination;
    struct ntp_info info;
    size_t offset;

    if (ptp_unwrap(data, size, 123, &payload))
        assert(payload.ntp + payload.length == data + size);
    if (frame_parse(data, size, &destination, &offset))
        assert(offset <= size);
    if (!ntp_packet_parse(data, size, &info))
        return 0;
    assert(info.length == size);
    check_fields(data, &info);
    judge(data, &info);
    return 0;
}
