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
#include "base/number.h"
#include "base/text.h"
#include "conf/directories.h"

static bool add_source(struct parser *p, char *args, enum source_kind kind, bool pool)
{
    struct conf *conf = p->conf;
    struct source_conf source = {.kind = kind, .pool = pool};

    if (!parser_source(p, args, &source))
        return false;
    if (source.options.nts && p->env->without_nts)
        parser_warn_without_nts(p, "the nts option");
    conf->client.sources =
        mem_resize(conf->client.sources, conf->client.source_count + 1, sizeof(source));
    conf->client.sources[conf->client.source_count++] = source;
    return true;
}

bool directive_server(struct parser *p, const struct directive *d, char *args)
{
    return add_source(p, args, SOURCE_SERVER, false);
}

bool directive_pool(struct parser *p, const struct directive *d, char *args)
{
    return add_source(p, args, SOURCE_SERVER, true);
}

bool directive_peer(struct parser *p, const struct directive *d, char *args)
{
    return add_source(p, args, SOURCE_PEER, false);
}

/* An occurrence with an impossible list has no effect but a warning (config.md 7). */
bool directive_sourcedir(struct parser *p, const struct directive *d, char *args)
{
    int words = text_count_words(args);

    if (words < 1 || words > CONF_MAX_DIRECTORIES)
        parser_warn(p, "Nothing is read for %s with %d directories (min 1, max %d)", p->word, words,
                    CONF_MAX_DIRECTORIES);
    conf_add_string(&p->conf->client.source_dirs, args);
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

#define OPTION_STRUCT struct refclock_conf

const struct option_row refclock_options[] = {
    {"delay", OPTION_REAL_FROM_0(delay, 1e-9), .unit = "s"},
    {"dpoll", OPTION_INTEGER(dpoll, -32, 32, 0)},
    {"filter", OPTION_INTEGER(filter_length, 0, INT_MAX, 64)},
    {"local", OPTION_FLAG(local)},
    {"lock", .kind = OPTION_OTHER, OPTION_AT(uint32_t, lock_refid), .read = read_refid},
    {"maxdispersion", OPTION_ANY_REAL(max_dispersion, 0.0), .unit = "s"},
    {"maxlockage", OPTION_INTEGER(max_lock_age, 0, INT_MAX, 2)},
    {"maxsamples", OPTION_INTEGER(max_samples, 0, INT_MAX, SOURCE_DEFAULT_SAMPLES)},
    {"maxunreach", OPTION_INTEGER(max_unreach, 0, INT_MAX, 100000)},
    {"minsamples", OPTION_INTEGER(min_samples, 0, INT_MAX, SOURCE_DEFAULT_SAMPLES)},
    {"noselect", OPTION_FLAG_BITS(select_options, SELECT_NOSELECT)},
    {"offset", OPTION_ANY_REAL(offset, 0.0), .unit = "s"},
    {"poll", OPTION_INTEGER(poll, -32, 32, 4)},
    {"pps", OPTION_FLAG(pps)},
    {"precision", OPTION_ANY_REAL(precision, 0.0), .unit = "s"},
    {"prefer", OPTION_FLAG_BITS(select_options, SELECT_PREFER)},
    {"rate", OPTION_INTEGER(rate, 1, INT_MAX, 1)},
    {"refid", .kind = OPTION_OTHER, OPTION_AT(uint32_t, refid), .read = read_refid},
    {"require", OPTION_FLAG_BITS(select_options, SELECT_REQUIRE)},
    {"stratum", OPTION_INTEGER(stratum, 0, 15, 0), .checked = true},
    {"tai", OPTION_FLAG(tai)},
    {"trust", OPTION_FLAG_BITS(select_options, SELECT_TRUST)},
    {"waitdevice", OPTION_FLAG(wait_device)},
    {"width", OPTION_ANY_REAL(pulse_width, 0.0), .unit = "s"},
};
const size_t refclock_option_count = COUNT(refclock_options);

/* DRIVER PARAMETER [option]...; driver and parameter are judged when the clock is created. */
bool directive_refclock(struct parser *p, const struct directive *d, char *args)
{
    struct conf *conf = p->conf;
    struct refclock_conf clock = {.driver = NULL};
    char *parameter = text_split(args), *options = text_split(parameter);

    options_reset(refclock_options, refclock_option_count, &clock);
    if (parameter[0] == '\0')
        return parser_fail_parse(p);
    if (!parser_options(p, refclock_options, refclock_option_count, options, &clock, true))
        return false;
    clock.filter_length = clamp_int(1, clock.filter_length, 256);
    clock.driver = text_dup(args);
    clock.parameter = text_dup(parameter);
    conf->refclocks.items =
        mem_resize(conf->refclocks.items, conf->refclocks.count + 1, sizeof(clock));
    conf->refclocks.items[conf->refclocks.count++] = clock;
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

#undef OPTION_STRUCT
#define OPTION_STRUCT struct hwtimestamp_conf

const struct option_row hwtimestamp_options[] = {
    {"maxpoll", OPTION_INTEGER(maxpoll, -32, 32, INT_MAX)}, /* INT_MAX: not given */
    {"maxsamples", OPTION_INTEGER(max_samples, 0, INT_MAX, 16)},
    {"minpoll", OPTION_INTEGER(minpoll, -32, 32, 0)},
    {"minsamples", OPTION_INTEGER(min_samples, 0, INT_MAX, 2)},
    {"nocrossts", OPTION_FLAG(nocrossts)},
    {"precision", OPTION_REAL_FROM_0(precision, 100e-9), .unit = "s"},
    {"rxcomp", OPTION_ANY_REAL(rx_comp, 0.0), .unit = "s"},
    {"rxfilter", .kind = OPTION_OTHER, OPTION_AT(enum hwts_rxfilter, rxfilter),
     .read = read_rxfilter},
    {"txcomp", OPTION_ANY_REAL(tx_comp, 0.0), .unit = "s"},
};
const size_t hwtimestamp_option_count = COUNT(hwtimestamp_options);

bool directive_hwtimestamp(struct parser *p, const struct directive *d, char *args)
{
    struct conf *conf = p->conf;
    struct hwtimestamp_conf hw = {.rxfilter = HWTS_RXFILTER_ANY};
    char *options = text_split(args);

    options_reset(hwtimestamp_options, hwtimestamp_option_count, &hw);
    if (args[0] == '\0')
        return parser_fail_parse(p);
    if (!parser_options(p, hwtimestamp_options, hwtimestamp_option_count, options, &hw, false))
        return false;

    if (hw.maxpoll == INT_MAX)
        hw.maxpoll = hw.minpoll + 1;
    hw.minpoll = clamp_int(-6, hw.minpoll, 20);
    hw.maxpoll = clamp_int(hw.minpoll, hw.maxpoll, 20);
    hw.min_samples = clamp_int(2, hw.min_samples, 64);
    hw.max_samples = clamp_int(2, hw.max_samples, 64);
    hw.interface = text_dup(args);
    conf->nic_clocks.items =
        mem_resize(conf->nic_clocks.items, conf->nic_clocks.count + 1, sizeof(hw));
    conf->nic_clocks.items[conf->nic_clocks.count++] = hw;
    return true;
}

/* INTERFACE... [generic] */
bool directive_xdp(struct parser *p, const struct directive *d, char *args)
{
    struct xdp_conf *xdp = &p->conf->xdp;
    const size_t first = xdp->count;

    if (!parser_check_words(p, args, 1, 64))
        return false;
    if (p->env->without_xdp)
        return parser_fail_parse(p) ||
               parser_explain(p, ": this build cannot answer in the kernel (--enable-xdp)");
    while (args[0] != '\0') {
        char *next = text_split(args);

        if (next[0] == '\0' && xdp->count > first && strcasecmp(args, "generic") == 0) {
            for (size_t i = first; i < xdp->count; i++)
                xdp->items[i].generic = true;
            break;
        }
        xdp->items = mem_resize(xdp->items, xdp->count + 1, sizeof(*xdp->items));
        xdp->items[xdp->count++] = (struct xdp_interface_conf){.interface = text_dup(args)};
        args = next;
    }
    return true;
}

/* INTERVAL ADDRESS [PORT] */
bool directive_broadcast(struct parser *p, const struct directive *d, char *args)
{
    struct conf *conf = p->conf;
    struct broadcast_conf broadcast = {.dest.port = 123};
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
    broadcast.interval = clamp_int(1, broadcast.interval, 1 << 24);
    conf->broadcasts.items =
        mem_resize(conf->broadcasts.items, conf->broadcasts.count + 1, sizeof(broadcast));
    conf->broadcasts.items[conf->broadcasts.count++] = broadcast;
    return true;
}

/* THRESHOLD [HOST]...; the list is replaced, names are resolved at once. */
bool directive_initstepslew(struct parser *p, const struct directive *d, char *args)
{
    static const struct option_row any = {.kind = OPTION_REAL, .min = -INFINITY, .max = INFINITY};
    struct conf *conf = p->conf;
    char *hosts = text_split(args);

    if (p->env->restarted)
        return true;
    if (!parser_next_number(p, &args, &any, &conf->reference.initstepslew_threshold))
        return parser_fail_parse(p);

    conf->initstepslew.count = 0;

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
        conf->initstepslew.servers =
            mem_resize(conf->initstepslew.servers, conf->initstepslew.count + 1, sizeof(addr));
        conf->initstepslew.servers[conf->initstepslew.count++] = addr;
    }
    return true;
}
