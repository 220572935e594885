/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of a time source: one table that the parser, the order of entries and the list of
 * options without effect walk. Used for server, pool and peer in the configuration, for .sources
 * files and for chronyc's add command. Pure: it must never resolve a name or log.
 */
#include "conf/source_options.h"

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "conf/option_table.h"

#define OPTION_STRUCT struct source_options

static bool read_extfield(const char *text, void *value, size_t *used)
{
    unsigned int *flags = value;
    uint32_t number;

    if (!text_scan_hex(text, &number, used))
        return false;

    switch (number) {
    case 0x010a:
    case 0xf324:
        *flags |= EXT_FLAG_NET_CORRECTION;
        return true;
    case 0xf323:
        *flags |= EXT_FLAG_MONO_ROOT;
        return true;
    default:
        return false;
    }
}

static const struct option_row option_table[] = {
    {"asymmetry", OPTION_ANY_REAL(asymmetry, 1.0)},
    {"auto_offline", OPTION_FLAG(auto_offline)},
    {"burst", OPTION_FLAG(burst)},
    {"certset", .kind = OPTION_UINT, OPTION_AT(uint32_t, cert_set)},
    {"copy", OPTION_FLAG(copy)},
    {"extfield", .kind = OPTION_OTHER, OPTION_AT(unsigned int, ext_flags), .read = read_extfield},
    {"filter", OPTION_INTEGER(filter_length, 0, INT_MAX, 0)},
    {"iburst", OPTION_FLAG(iburst)},
    {"ipv4", .kind = OPTION_SET, OPTION_AT(enum ip_family, family), .constant = IP_V4},
    {"ipv6", .kind = OPTION_SET, OPTION_AT(enum ip_family, family), .constant = IP_V6},
    {"key", .kind = OPTION_UINT, OPTION_AT(uint32_t, key_id), .min = 1},
    {"maxdelay", OPTION_REAL_FROM_0(max_delay, 3.0), .unit = "s"},
    {"maxdelaydevratio", OPTION_REAL_FROM_0(max_delay_dev_ratio, 10.0)},
    {"maxdelayquant", OPTION_ANY_REAL(max_delay_quant, 0.0)},
    {"maxdelayratio", OPTION_ANY_REAL(max_delay_ratio, 0.0)},
    {"maxpoll", OPTION_INTEGER(maxpoll, -32, 32, 10)},
    {"maxsamples", OPTION_INTEGER(max_samples, 0, INT_MAX, SOURCE_DEFAULT_SAMPLES)},
    {"maxsources", OPTION_INTEGER(max_sources, 1, INT_MAX, 4)},
    {"maxunreach", OPTION_INTEGER(max_unreach, 0, INT_MAX, 100000)},
    {"mindelay", OPTION_ANY_REAL(min_delay, 0.0), .unit = "s"},
    {"minpoll", OPTION_INTEGER(minpoll, INT_MIN, INT_MAX, 6)},
    {"minsamples", OPTION_INTEGER(min_samples, 0, INT_MAX, SOURCE_DEFAULT_SAMPLES)},
    {"minstratum", OPTION_INTEGER(min_stratum, 0, 16, 0)},
    {"noselect", OPTION_FLAG_BITS(select_options, SELECT_NOSELECT)},
    {"nts", OPTION_FLAG(nts)},
    {"ntsport", OPTION_PORT_NUMBER(nts_port, 4460)},
    {"offline", .kind = OPTION_SET, OPTION_AT(enum source_connectivity, connectivity),
     .constant = SOURCE_OFFLINE},
    {"offset", OPTION_ANY_REAL(offset, 0.0), .unit = "s"},
    {"polltarget", OPTION_INTEGER(poll_target, 1, INT_MAX, 8)},
    {"port", OPTION_PORT_NUMBER(port, 123)},
    {"prefer", OPTION_FLAG_BITS(select_options, SELECT_PREFER)},
    {"presend", OPTION_INTEGER(presend, -32, 32, 100)},
    {"require", OPTION_FLAG_BITS(select_options, SELECT_REQUIRE)},
    {"trust", OPTION_FLAG_BITS(select_options, SELECT_TRUST)},
    {"version", OPTION_INTEGER(version, 1, 4, 0)},
    {"xleave", OPTION_FLAG(interleaved)},
};

#define OPTION_COUNT COUNT(option_table)
static_assert(OPTION_COUNT <= 64, "the options must fit in a bit map");
static_assert(sizeof(enum ip_family) == sizeof(int), "enums are compared as ints");
static_assert(sizeof(enum source_connectivity) == sizeof(int), "enums are compared as ints");

void source_options_default(struct source_options *options)
{
    /* Clears padding, too, so that equal options are equal as memory. */
    memset(options, 0, sizeof(*options));
    options_reset(option_table, OPTION_COUNT, options);
    options->connectivity = SOURCE_ONLINE;
}

enum source_parse source_options_parse(char *line, char **name, struct source_options *options,
                                       struct options_report *report)
{
    char *word = line;

    source_options_default(options);
    line = text_split(line);
    if (word[0] == '\0')
        return SOURCE_PARSE_SYNTAX;
    *name = word;

    switch (options_parse(option_table, OPTION_COUNT, line, options, report)) {
    case OPTIONS_OK:
        return SOURCE_PARSE_OK;
    case OPTIONS_UNKNOWN:
        return SOURCE_PARSE_OPTION;
    case OPTIONS_VALUE:
        break;
    }
    return SOURCE_PARSE_VALUE;
}

static int compare_ints(long a, long b)
{
    return (a > b) - (a < b);
}

int source_conf_compare(const struct source_conf *a, const struct source_conf *b)
{
    int r = strcmp(a->name, b->name);

    if (r == 0)
        r = compare_ints(a->kind, b->kind);
    if (r == 0)
        r = compare_ints(a->pool, b->pool);
    if (r == 0)
        r = compare_ints(a->options.family, b->options.family);
    if (r == 0)
        r = compare_ints(a->options.port, b->options.port);

    for (size_t i = 0; r == 0 && i < OPTION_COUNT; i++)
        r = option_compare(&option_table[i], &a->options, &b->options);

    return r;
}

const struct option_row *source_option(size_t index)
{
    return index < OPTION_COUNT ? &option_table[index] : NULL;
}
