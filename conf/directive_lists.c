/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers of directives that name time sources, reference clocks, interfaces and destinations,
 * and that accumulate (config.md 9, 10, 11, 15, 20). They record values, which are judged when
 * the daemon adds them.
 */
#include "conf/directive.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "conf/directories.h"
#include "conf/option_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool add_source(struct parser *p, char *args, enum source_kind kind, bool pool)
{
    struct conf *conf = p->conf;
    struct source_conf source = {.kind = kind, .pool = pool};

    if (!parser_source(p, args, &source))
        return false;
    if (source.options.nts && p->env->without_nts)
        parser_warn_without_nts(p, "the nts option");
    conf->sources = mem_resize(conf->sources, conf->source_count + 1, sizeof(source));
    conf->sources[conf->source_count++] = source;
    return true;
}

DIRECTIVE_HANDLER(server)
{
    return add_source(p, args, SOURCE_SERVER, false);
}

DIRECTIVE_HANDLER(pool)
{
    return add_source(p, args, SOURCE_SERVER, true);
}

DIRECTIVE_HANDLER(peer)
{
    return add_source(p, args, SOURCE_PEER, false);
}

/* An occurrence with an impossible list has no effect but a warning (config.md 7). */
DIRECTIVE_HANDLER(sourcedir)
{
    int words = text_count_words(args);

    if (words < 1 || words > CONF_MAX_DIRECTORIES)
        parser_warn(p, "Nothing is read for %s with %d directories (min 1, max %d)", p->word, words,
                    CONF_MAX_DIRECTORIES);
    conf_add_string(&p->conf->source_dirs, args);
    return true;
}

/* One to four characters, from the most significant octet on. */
static bool read_refid(const char *text, void *value, size_t *used)
{
    size_t length = strcspn(text, " ");
    uint32_t refid = 0;

    if (length < 1 || length > 4)
        return false;
    for (size_t i = 0; i < length; i++)
        refid |= (uint32_t)(unsigned char)text[i] << (24 - 8 * i);
    memcpy(value, &refid, sizeof(refid));
    *used = length;
    return true;
}

#define FIELD(f)      offsetof(struct conf_refclock, f)
#define IN(f, lo, hi) OPTION_INT, .offset = FIELD(f), .min = (lo), .max = (hi)
#define FLAG(f)       OPTION_BOOL, .offset = FIELD(f)
#define REAL(f)       OPTION_DOUBLE, .offset = FIELD(f)
#define REFID(f)      OPTION_OTHER, .offset = FIELD(f), .read = read_refid
#define SELECT(b)     OPTION_BITS, .offset = FIELD(select_options), .constant = (b)

static const struct option_row refclock_options[] = {
    {"delay", REAL(delay)},
    {"dpoll", IN(dpoll, -32, 32)},
    {"filter", IN(filter_length, 0, INT_MAX)},
    {"local", FLAG(local)},
    {"lock", REFID(lock_refid)},
    {"maxdispersion", REAL(max_dispersion)},
    {"maxlockage", IN(max_lock_age, 0, INT_MAX)},
    {"maxsamples", IN(max_samples, 0, INT_MAX)},
    {"maxunreach", IN(max_unreach, 0, INT_MAX)},
    {"minsamples", IN(min_samples, 0, INT_MAX)},
    {"noselect", SELECT(SELECT_NOSELECT)},
    {"offset", REAL(offset)},
    {"poll", IN(poll, -32, 32)},
    {"pps", FLAG(pps)},
    {"precision", REAL(precision)},
    {"prefer", SELECT(SELECT_PREFER)},
    {"rate", IN(rate, 1, INT_MAX)},
    {"refid", REFID(refid)},
    {"require", SELECT(SELECT_REQUIRE)},
    {"stratum", IN(stratum, 0, 15), .checked = true},
    {"tai", FLAG(tai)},
    {"trust", SELECT(SELECT_TRUST)},
    {"waitdevice", FLAG(wait_device)},
    {"width", REAL(pulse_width)},
};

#undef FIELD
#undef IN
#undef FLAG
#undef REAL
#undef REFID
#undef SELECT

/* DRIVER PARAMETER [option]...; driver and parameter are judged when the clock is created. */
DIRECTIVE_HANDLER(refclock)
{
    struct conf *conf = p->conf;
    struct conf_refclock clock = {
        .poll = 4,
        .rate = 1,
        .max_lock_age = 2,
        .filter_length = 64,
        .min_samples = SOURCE_DEFAULT_SAMPLES,
        .max_samples = SOURCE_DEFAULT_SAMPLES,
        .max_unreach = 100000,
        .delay = 1e-9,
    };
    char *parameter = text_split(args), *options = text_split(parameter);

    if (parameter[0] == '\0')
        return parser_fail_parse(p);
    if (!parser_options(p, refclock_options, COUNT(refclock_options), options, &clock, true))
        return false;
    clock.filter_length = option_clamp(clock.filter_length, 1, 256);
    clock.driver = text_dup(args);
    clock.parameter = text_dup(parameter);
    conf->refclocks = mem_resize(conf->refclocks, conf->refclock_count + 1, sizeof(clock));
    conf->refclocks[conf->refclock_count++] = clock;
    return true;
}

/* At most four characters are read; what follows them is the next option. */
static bool read_rxfilter(const char *text, void *value, size_t *used)
{
    static const struct {
        const char *name;
        enum hwts_rxfilter filter;
    } filters[] = {
        {"none", HWTS_RXFILTER_NONE},
        {"ntp", HWTS_RXFILTER_NTP},
        {"ptp", HWTS_RXFILTER_PTP},
        {"all", HWTS_RXFILTER_ALL},
    };
    size_t length = strcspn(text, " ");
    char word[5];

    *used = length < 4 ? length : 4;
    memcpy(word, text, *used);
    word[*used] = '\0';

    for (size_t i = 0; i < COUNT(filters); i++) {
        if (text_equal_nocase(word, filters[i].name)) {
            memcpy(value, &filters[i].filter, sizeof(filters[i].filter));
            return true;
        }
    }
    return false;
}

#define FIELD(f)      offsetof(struct conf_hwtimestamp, f)
#define IN(f, lo, hi) OPTION_INT, .offset = FIELD(f), .min = (lo), .max = (hi)
#define REAL(f)       OPTION_DOUBLE, .offset = FIELD(f)

static const struct option_row hwtimestamp_options[] = {
    {"maxpoll", IN(maxpoll, -32, 32)},
    {"maxsamples", IN(max_samples, 0, INT_MAX)},
    {"minpoll", IN(minpoll, -32, 32)},
    {"minsamples", IN(min_samples, 0, INT_MAX)},
    {"nocrossts", OPTION_BOOL, .offset = FIELD(nocrossts)},
    {"precision", REAL(precision)},
    {"rxcomp", REAL(rx_comp)},
    {"rxfilter", OPTION_OTHER, .offset = FIELD(rxfilter), .read = read_rxfilter},
    {"txcomp", REAL(tx_comp)},
};

#undef FIELD
#undef IN
#undef REAL

DIRECTIVE_HANDLER(hwtimestamp)
{
    struct conf *conf = p->conf;
    struct conf_hwtimestamp hw = {
        .maxpoll = INT_MAX, /* not given */
        .min_samples = 2,
        .max_samples = 16,
        .rxfilter = HWTS_RXFILTER_ANY,
        .precision = 100e-9,
    };
    char *options = text_split(args);

    if (args[0] == '\0')
        return parser_fail_parse(p);
    if (!parser_options(p, hwtimestamp_options, COUNT(hwtimestamp_options), options, &hw, false))
        return false;

    if (hw.maxpoll == INT_MAX)
        hw.maxpoll = hw.minpoll + 1;
    hw.minpoll = option_clamp(hw.minpoll, -6, 20);
    hw.maxpoll = option_clamp(hw.maxpoll, hw.minpoll, 20);
    hw.min_samples = option_clamp(hw.min_samples, 2, 64);
    hw.max_samples = option_clamp(hw.max_samples, 2, 64);
    hw.interface = text_dup(args);
    conf->hwtimestamps = mem_resize(conf->hwtimestamps, conf->hwtimestamp_count + 1, sizeof(hw));
    conf->hwtimestamps[conf->hwtimestamp_count++] = hw;
    return true;
}

/* INTERVAL ADDRESS [PORT] */
DIRECTIVE_HANDLER(broadcast)
{
    struct conf *conf = p->conf;
    struct conf_broadcast broadcast = {.dest.port = 123};
    char *address = text_split(args), *port = text_split(address);
    int number = 123;

    if (!parser_address(p, address, &broadcast.dest.addr))
        return parser_fail_address(p, address);
    if (text_count_words(port) > 1 ||
        !parser_next_int(p, &args, INT_MIN, INT_MAX, &broadcast.interval))
        return parser_fail_parse(p);
    if (port[0] != '\0' && !parser_next_int(p, &port, 0, UINT16_MAX, &number))
        return parser_fail_parse(p);

    broadcast.dest.port = (uint16_t)number;
    broadcast.interval = option_clamp(broadcast.interval, 1, 1 << 24);
    conf->broadcasts = mem_resize(conf->broadcasts, conf->broadcast_count + 1, sizeof(broadcast));
    conf->broadcasts[conf->broadcast_count++] = broadcast;
    return true;
}

/* THRESHOLD [HOST]...; the list is replaced, names are resolved at once. */
DIRECTIVE_HANDLER(initstepslew)
{
    struct conf *conf = p->conf;
    char *hosts = text_split(args);
    double threshold;

    if (p->env->restarted)
        return true;
    if (!parser_next_double(p, &args, &threshold))
        return parser_fail_parse(p);

    conf->initstepslew_threshold = threshold;
    conf->initstepslew_count = 0;

    while (hosts[0] != '\0') {
        char *host = hosts;
        struct ip_addr addr;

        hosts = text_split(hosts);
        const char *interface = strchr(host, '%');

        if (!parser_address(p, host, &addr) &&
            (interface || !p->env->resolve ||
             p->env->resolve(host, &addr, 1, p->env->resolve_arg) < 1)) {
            LOG_WARN("Could not resolve address of initstepslew server %s%s%s", host,
                     interface ? " : no interface " : "", interface ? interface + 1 : "");
            continue;
        }
        conf->initstepslew_servers =
            mem_resize(conf->initstepslew_servers, conf->initstepslew_count + 1, sizeof(addr));
        conf->initstepslew_servers[conf->initstepslew_count++] = addr;
    }
    return true;
}
