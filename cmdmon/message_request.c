/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of each request (cmdmon.md 11, 13, 14), and the table of commands made from the list
 * in message_commands.h. Values are carried as they are on the wire and judged by the daemon.
 */
#include "cmdmon/message.h"

#include "base/number.h"
#include "conf/groups.h"

#define ROW(at, wire, member) FIELD(struct cmd_request, at, wire, u.member, NULL)
#define PART(at, mask, match, member, bits)                                                        \
    FIELD(struct cmd_request, at, WIRE_U32, u.member, NULL, SHOW_NOTHING, 0, NULL, mask, match,    \
          bits)
#define FLAG(at, flag, member, bits) PART(at, flag, flag, member, bits)

#define LAYOUT(length, rows)                                                                       \
    {                                                                                              \
        length, COUNT(rows), rows, NULL                                                            \
    }

static const struct cmd_layout request_empty = {CMD_REQUEST_HEADER, 0, NULL, NULL};

static const struct cmd_layout request_ignored_word = {CMD_REQUEST_HEADER + 4, 0, NULL, NULL};

static const struct cmd_field where[] = {
    ROW(20, WIRE_ADDR, where.mask),
    ROW(40, WIRE_ADDR, where.addr),
};
static const struct cmd_layout request_where = LAYOUT(60, where);

static const struct cmd_field burst[] = {
    ROW(20, WIRE_ADDR, burst.where.mask),
    ROW(40, WIRE_ADDR, burst.where.addr),
    ROW(60, WIRE_I32, burst.good_samples),
    ROW(64, WIRE_I32, burst.total_samples),
};
static const struct cmd_layout request_burst = LAYOUT(68, burst);

static const struct cmd_field source_integer[] = {
    ROW(20, WIRE_ADDR, source_integer.addr),
    ROW(40, WIRE_I32, source_integer.value),
};
static const struct cmd_layout request_source_integer = LAYOUT(44, source_integer);

static const struct cmd_field source_number[] = {
    ROW(20, WIRE_ADDR, source_number.addr),
    ROW(40, WIRE_FLOAT, source_number.value),
};
static const struct cmd_layout request_source_number = LAYOUT(44, source_number);

static const struct cmd_field number[] = {ROW(20, WIRE_FLOAT, number)};
static const struct cmd_layout request_number = LAYOUT(24, number);

static const struct cmd_field timestamp[] = {ROW(20, WIRE_TIME, time)};
static const struct cmd_layout request_time = LAYOUT(32, timestamp);

static const struct cmd_field option[] = {ROW(20, WIRE_I32, option)};
static const struct cmd_layout request_option = LAYOUT(24, option);

static const struct cmd_field source_index[] = {ROW(20, WIRE_I32, index)};
static const struct cmd_layout request_index = LAYOUT(24, source_index);

static const struct cmd_field subnet[] = {
    ROW(20, WIRE_ADDR, subnet.addr),
    ROW(40, WIRE_I32, subnet.bits),
};
static const struct cmd_layout request_subnet = LAYOUT(44, subnet);

static const struct cmd_field address[] = {ROW(20, WIRE_ADDR, addr)};
static const struct cmd_layout request_address = LAYOUT(40, address);

static const struct cmd_field makestep[] = {
    ROW(20, WIRE_I32, makestep.limit),
    ROW(24, WIRE_FLOAT, makestep.threshold),
};
static const struct cmd_layout request_makestep = LAYOUT(28, makestep);

static const struct cmd_field clients[] = {
    ROW(20, WIRE_U32, clients.first_index),
    ROW(24, WIRE_U32, clients.count),
    ROW(28, WIRE_U32, clients.min_hits),
    ROW(32, WIRE_U32, clients.reset),
};
static const struct cmd_layout request_clients = LAYOUT(36, clients);

/* The mask is in the numbers of reports, the options are in those of the flags of add source. */
static const struct cmd_field selectopts[] = {
    ROW(20, WIRE_ADDR, selectopts.addr),
    ROW(40, WIRE_U32, selectopts.refid),
    ROW(44, WIRE_U32, selectopts.mask),
    FLAG(48, 0x8, selectopts.options, SELECT_PREFER),
    FLAG(48, 0x10, selectopts.options, SELECT_NOSELECT),
    FLAG(48, 0x20, selectopts.options, SELECT_TRUST),
    FLAG(48, 0x40, selectopts.options, SELECT_REQUIRE),
};
static const struct cmd_layout request_selectopts = LAYOUT(52, selectopts);

static const struct cmd_field offset[] = {
    ROW(20, WIRE_ADDR, offset.addr),
    ROW(40, WIRE_U32, offset.refid),
    ROW(44, WIRE_FLOAT, offset.offset),
};
static const struct cmd_layout request_offset = LAYOUT(48, offset);

static const struct cmd_field local[] = {
    ROW(20, WIRE_I32, local.enabled),         ROW(24, WIRE_I32, local.stratum),
    ROW(28, WIRE_FLOAT, local.distance),      ROW(32, WIRE_I32, local.orphan),
    ROW(36, WIRE_FLOAT, local.activate),      ROW(40, WIRE_FLOAT, local.wait_synced),
    ROW(44, WIRE_FLOAT, local.wait_unsynced),
};
static const struct cmd_layout request_local = LAYOUT(48, local);

static const struct cmd_field add_source[] = {
    ROW(20, WIRE_U32, add.type),
    ROW(24, WIRE_NAME, add.name),
    ROW(280, WIRE_U32, add.options.port),
    ROW(284, WIRE_I32, add.options.minpoll),
    ROW(288, WIRE_I32, add.options.maxpoll),
    ROW(292, WIRE_I32, add.options.presend),
    ROW(296, WIRE_U32, add.options.min_stratum),
    ROW(300, WIRE_U32, add.options.poll_target),
    ROW(304, WIRE_U32, add.options.version),
    ROW(308, WIRE_U32, add.options.max_sources),
    ROW(312, WIRE_I32, add.options.min_samples),
    ROW(316, WIRE_I32, add.options.max_samples),
    ROW(320, WIRE_U32, add.options.key_id),
    ROW(324, WIRE_U32, add.options.nts_port),
    ROW(328, WIRE_FLOAT, add.options.max_delay),
    ROW(332, WIRE_FLOAT, add.options.max_delay_ratio),
    ROW(336, WIRE_FLOAT, add.options.max_delay_dev_ratio),
    ROW(340, WIRE_FLOAT, add.options.min_delay),
    ROW(344, WIRE_FLOAT, add.options.asymmetry),
    ROW(348, WIRE_FLOAT, add.options.offset),
    FLAG(352, 0x1, add.options.connectivity, SOURCE_ONLINE),
    FLAG(352, 0x2, add.options.auto_offline, true),
    FLAG(352, 0x4, add.options.iburst, true),
    FLAG(352, 0x8, add.options.select_options, SELECT_PREFER),
    FLAG(352, 0x10, add.options.select_options, SELECT_NOSELECT),
    FLAG(352, 0x20, add.options.select_options, SELECT_TRUST),
    FLAG(352, 0x40, add.options.select_options, SELECT_REQUIRE),
    FLAG(352, 0x80, add.options.interleaved, true),
    FLAG(352, 0x100, add.options.burst, true),
    FLAG(352, 0x200, add.options.nts, true),
    FLAG(352, 0x400, add.options.copy, true),
    FLAG(352, 0x800, add.options.ext_flags, EXT_FLAG_MONO_ROOT),
    FLAG(352, 0x1000, add.options.ext_flags, EXT_FLAG_NET_CORRECTION),
    FLAG(352, 0x2000, add.options.family, IP_V4),
    PART(352, 0x6000, 0x4000, add.options.family, IP_V6), /* not when IP_V4 is set */
    ROW(356, WIRE_I32, add.options.filter_length),
    ROW(360, WIRE_U32, add.options.cert_set),
    ROW(364, WIRE_FLOAT, add.options.max_delay_quant),
    ROW(368, WIRE_I32, add.options.max_unreach),
};
static const struct cmd_layout request_add_source = LAYOUT(372, add_source);

static const struct cmd_field explain[] = {
    ROW(20, WIRE_I32, explain.index),
    ROW(24, WIRE_U32, explain.first),
};
static const struct cmd_layout request_explain = LAYOUT(28, explain);

#define COMMAND(code, number, layout, access, reply, open, execute)                                \
    {&layout, code, access, reply, open},
const struct cmd_command cmd_commands[] = {CMD_COMMANDS(COMMAND)};
const size_t cmd_command_count = COUNT(cmd_commands);

const struct cmd_command *cmd_command_find(unsigned int code)
{
    for (size_t i = 0; i < cmd_command_count; i++)
        if (cmd_commands[i].code == code)
            return &cmd_commands[i];
    return NULL;
}
