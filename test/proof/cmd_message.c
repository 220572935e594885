/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the control protocol.
 *
 * Proved: for every length and content of a datagram, the headers and the rows of a layout are
 * decoded without reading outside of the datagram and without writing outside of the values;
 * what is too short is refused; names are terminated; a number of records that is too large is
 * reduced where the layout says so.
 * Assumed: a row of any kind that lies inside of its message and of its values. That those of the
 * product do is checked on the wire by the unit test cmdmon/message_field; the place of a member
 * is computed by the compiler. Names of 256 octets and texts of 120 are left out: they are one
 * copy by the bounded reader (wire.c).
 * Stubs: cmd_float_decode() gives any number; it has only arithmetic.
 *
 * sources: cmdmon/message.c cmdmon/message_field.c base/wire.c
 * options: --unwind 17
 */
#include <string.h>
#include "cmdmon/message.h"
#include "test/proof/proof.h"

#define MAX_DATAGRAM 64
#define MAX_VALUES   48
#define RECORDS      3

double nondet_double(void);

static const struct cmd_command *found;

double cmd_float_decode(uint32_t word)
{
    return nondet_double();
}

bool ip_addr_is_link_local(const struct ip_addr *addr)
{
    return nondet_bool();
}

const struct cmd_command *cmd_command_find(unsigned int code)
{
    return found;
}

const struct cmd_layout *cmd_reply_layout(unsigned int reply)
{
    return found ? found->request : NULL;
}

/* Octets of the member that a row fills in. */
static size_t member_size(const struct cmd_field *field)
{
    switch (field->wire) {
    case WIRE_NONE:
    case WIRE_ONES:
        return 0;
    case WIRE_FLOAT:
        return sizeof(double);
    case WIRE_TIME:
        return sizeof(struct instant);
    case WIRE_ADDR:
        return sizeof(struct ip_addr);
    default:
        return sizeof(uint64_t);
    }
}

static struct cmd_field any_field(size_t message, size_t values)
{
    struct cmd_field field = {.wire = nondet_u8(),
                              .member = nondet_u8(),
                              .at = nondet_u16(),
                              .offset = nondet_u16(),
                              .mask = nondet_u32(),
                              .match = nondet_u32(),
                              .bits = nondet_u32()};

    proof_assume(field.wire <= WIRE_ONES && field.wire != WIRE_NAME && field.wire != WIRE_TEXT);
    proof_assume(field.at + field_wire_size((enum field_wire)field.wire) <= message);
    proof_assume(field.offset % 8 == 0 && field.offset + member_size(&field) <= values);
    return field;
}

void prove_row(void)
{
    const size_t length = size_within(0, MAX_DATAGRAM);
    uint8_t *data = any_octets(length);
    uint64_t values[MAX_VALUES / 8] = {0};
    struct cmd_layout layout = {.length = (uint16_t)size_within(0, MAX_DATAGRAM), .field_count = 1};
    struct cmd_field field = any_field(layout.length, sizeof(values));

    layout.fields = &field;
    bool ok = layout_decode(&layout, data, length, values);
    proof_assert(ok == (length >= layout.length));
    if (ok)
        proof_reached("decoded");
    else
        proof_reached("too short");
}

void prove_records(void)
{
    const size_t length = size_within(0, MAX_DATAGRAM);
    uint8_t *data = any_octets(length);
    struct {
        uint32_t count;
        uint64_t records[RECORDS];
    } values = {nondet_u32(), {0}};
    struct cmd_field field = {.wire = WIRE_U32, .member = MEMBER_U32};
    struct cmd_records records = {.fields = &field,
                                  .field_count = 1,
                                  .max = RECORDS,
                                  .at = (uint16_t)size_within(0, MAX_DATAGRAM),
                                  .length = 4,
                                  .offset = offsetof(__typeof__(values), records),
                                  .size = sizeof(uint64_t),
                                  .count_offset = offsetof(__typeof__(values), count),
                                  .limited = true};
    const struct cmd_layout layout = {.length = (uint16_t)(records.at + RECORDS * records.length),
                                      .records = &records};

    if (!layout_decode(&layout, data, length, &values))
        return;
    proof_assert(values.count <= RECORDS);
    proof_reached("records");
}

void prove_unknown(void)
{
    const size_t length = size_within(0, MAX_DATAGRAM);
    uint8_t *data = any_octets(length);
    struct cmd_request request;
    const unsigned int code = nondet_u16();

    proof_assert(!cmd_request_decode(data, length, code, &request));
    proof_assert(request.command == code);
    proof_reached("unknown code");
}

void prove_headers(void)
{
    const size_t length = size_within(0, MAX_DATAGRAM);
    uint8_t *data = any_octets(length);
    struct cmd_request_header request;
    struct cmd_reply_header reply;

    if (cmd_request_header_decode(data, length, &request)) {
        proof_assert(length >= CMD_REQUEST_HEADER);
        proof_assert(request.version == data[0] && request.type == data[1]);
        proof_reached("header of a request");
    }
    if (cmd_reply_header_decode(data, length, &reply)) {
        proof_assert(length >= CMD_REPLY_HEADER);
        proof_reached("header of a reply");
    }
}
