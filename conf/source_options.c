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
#include "base/text.h"
#include "conf/option_table.h"

#define FIELD(f)      offsetof(struct source_options, f)
#define IN(f, lo, hi) .kind = OPTION_INT, .offset = FIELD(f), .min = (lo), .max = (hi)
#define FLAG(f)       .kind = OPTION_BOOL, .offset = FIELD(f)
#define SELECT(b)     .kind = OPTION_BITS, .offset = FIELD(select_options), .constant = (b)
#define REAL(f)       .kind = OPTION_DOUBLE, .offset = FIELD(f)

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
    {"asymmetry", REAL(asymmetry)},
    {"auto_offline", FLAG(auto_offline)},
    {"burst", FLAG(burst)},
    {"certset", .kind = OPTION_UINT, .offset = FIELD(cert_set)},
    {"copy", FLAG(copy)},
    {"extfield", .kind = OPTION_OTHER, .offset = FIELD(ext_flags), .read = read_extfield},
    {"filter", IN(filter_length, 0, INT_MAX)},
    {"iburst", FLAG(iburst)},
    {"ipv4", .kind = OPTION_SET, .offset = FIELD(family), .constant = IP_V4},
    {"ipv6", .kind = OPTION_SET, .offset = FIELD(family), .constant = IP_V6},
    {"key", .kind = OPTION_UINT, .offset = FIELD(key_id), .min = 1},
    {"maxdelay", REAL(max_delay)},
    {"maxdelaydevratio", REAL(max_delay_dev_ratio)},
    {"maxdelayquant", REAL(max_delay_quant)},
    {"maxdelayratio", REAL(max_delay_ratio)},
    {"maxpoll", IN(maxpoll, -32, 32)},
    {"maxsamples", IN(max_samples, 0, INT_MAX)},
    {"maxsources", IN(max_sources, 1, INT_MAX)},
    {"maxunreach", IN(max_unreach, 0, INT_MAX)},
    {"mindelay", REAL(min_delay)},
    {"minpoll", IN(minpoll, INT_MIN, INT_MAX)},
    {"minsamples", IN(min_samples, 0, INT_MAX)},
    {"minstratum", IN(min_stratum, 0, 16)},
    {"noselect", SELECT(SELECT_NOSELECT)},
    {"nts", FLAG(nts)},
    {"ntsport", .kind = OPTION_PORT, .offset = FIELD(nts_port)},
    {"offline", .kind = OPTION_SET, .offset = FIELD(connectivity), .constant = SOURCE_OFFLINE},
    {"offset", REAL(offset)},
    {"polltarget", IN(poll_target, 1, INT_MAX)},
    {"port", .kind = OPTION_PORT, .offset = FIELD(port)},
    {"prefer", SELECT(SELECT_PREFER)},
    {"presend", IN(presend, -32, 32)},
    {"require", SELECT(SELECT_REQUIRE)},
    {"trust", SELECT(SELECT_TRUST)},
    {"version", IN(version, 1, 4)},
    {"xleave", FLAG(interleaved)},
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))
static_assert(OPTION_COUNT <= 64, "the options must fit in a bit map");
static_assert(sizeof(enum ip_family) == sizeof(int), "enums are compared as ints");
static_assert(sizeof(enum source_connectivity) == sizeof(int), "enums are compared as ints");

void source_options_default(struct source_options *options)
{
    /* Clears padding, too, so that equal options are equal as memory. */
    memset(options, 0, sizeof(*options));
    options->minpoll = 6;
    options->maxpoll = 10;
    options->presend = 100;
    options->poll_target = 8;
    options->max_sources = 4;
    options->min_samples = SOURCE_DEFAULT_SAMPLES;
    options->max_samples = SOURCE_DEFAULT_SAMPLES;
    options->max_unreach = 100000;
    options->port = 123;
    options->nts_port = 4460;
    options->connectivity = SOURCE_ONLINE;
    options->family = IP_UNSPEC;
    options->max_delay = 3.0;
    options->max_delay_dev_ratio = 10.0;
    options->asymmetry = 1.0;
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

const char *source_option_name(size_t index)
{
    return index < OPTION_COUNT ? option_table[index].name : NULL;
}
