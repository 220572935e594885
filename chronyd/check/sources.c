/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the time sources: how many there are, what their options mean together, and names that
 * are none.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"

#define MAX_POOL_SOURCES 16

static const struct check_line *line_of(const struct check *c, const struct check_source *source)
{
    return c->line_count > 0 ? &c->lines[source->line] : NULL;
}

static const char *kind_of(const struct check_source *source)
{
    return source->conf->pool ? "pool" : source->conf->kind == SOURCE_PEER ? "peer" : "server";
}

static bool is_address(const char *name)
{
    const char *interface;
    struct ip_addr addr;

    return ip_addr_parse_scoped(name, &addr, &interface);
}

static bool is_selectable(unsigned int options)
{
    return !(options & SELECT_NOSELECT);
}

/* ---- How many ---- */

static size_t sources_of(const struct source_conf *conf)
{
    if (!is_selectable(conf->options.select_options))
        return 0;
    if (!conf->pool || is_address(conf->name))
        return 1;
    return (size_t)clamp_int(1, conf->options.max_sources, MAX_POOL_SOURCES);
}

static size_t count_selectable(const struct check *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->source_count; i++)
        count += sources_of(c->sources[i].conf);
    for (size_t i = 0; i < c->conf->refclocks.count; i++)
        count += is_selectable(c->conf->refclocks.items[i].select_options);
    return count;
}

/* The last line that names a source. */
static const struct check_line *last_source(const struct check *c)
{
    const struct check_line *last = check_find(c, "refclock");

    for (size_t i = 0; i < c->source_count; i++) {
        const struct check_line *line = line_of(c, &c->sources[i]);

        if (!last || line->place.order > last->place.order)
            last = line;
    }
    return last;
}

static void check_none(struct check *c, bool has_sources)
{
    if (has_sources) {
        check_error(c, last_source(c), NULL,
                    "all sources have noselect, so the clock is never corrected");
        check_fix(c, "remove noselect from at least one of them");
    } else if (!c->conf->manual && !c->conf->reference.local.enabled &&
               c->conf->initstepslew.count == 0) {
        check_warn(c, NULL, "server", "there is no source of time, so the clock is not corrected");
        check_fix(c, "write pool pool.ntp.org iburst, or server NAME iburst");
    }
}

/* A second daemon that follows the one of this machine. */
static bool follows_local_daemon(const struct check *c)
{
    struct ip_addr addr;

    return c->source_count == 1 &&
           (c->sources[0].conf->options.copy ||
            (ip_addr_parse(c->sources[0].conf->name, &addr) && ip_addr_is_loopback(&addr)));
}

static void check_few(struct check *c, size_t count)
{
    if (count == 1 && !follows_local_daemon(c)) {
        check_warn(c, last_source(c), NULL,
                   "this is the only source: if its time is wrong, nothing notices");
        check_fix(c, "name at least three servers, or a pool");
    } else if (count == 2 && !c->conf->reference.local.orphan) {
        /* Of a group of orphans this one is the third. */
        check_warn(c, last_source(c), NULL,
                   "there are only two sources: if they disagree, there is no majority, and the "
                   "clock is not corrected");
        check_fix(c, "name at least three, four are better");
    }
}

/* More sources may come with a source directory. */
static void check_number(struct check *c)
{
    size_t count = count_selectable(c);
    const struct check_line *minimum = check_find(c, "minsources");
    int wanted = c->conf->selection.min_sources;

    if (c->conf->client.source_dirs.count > 0 || c->options->mode != MODE_NORMAL)
        return;
    if (count == 0) {
        check_none(c, c->source_count > 0 || c->conf->refclocks.count > 0);
        return;
    }
    if ((size_t)wanted > count) {
        check_error(c, minimum, NULL,
                    "minsources is %d and there are only %zu sources, so the clock is never "
                    "corrected",
                    wanted, count);
        check_fix(c, "name more sources, or write minsources %zu or less", count);
    } else {
        check_few(c, count);
    }
}

static int compare_names(const void *a, const void *b)
{
    const struct check_source *const *x = a, *const *y = b;
    int r = strcasecmp((*x)->conf->name, (*y)->conf->name);

    if (r == 0)
        r = (int)(*x)->conf->options.family - (int)(*y)->conf->options.family;
    return r != 0 ? r : (*x > *y) - (*x < *y);
}

static bool is_same_source(const struct check_source *a, const struct check_source *b)
{
    return !a->conf->pool && !b->conf->pool && strcasecmp(a->conf->name, b->conf->name) == 0 &&
           a->conf->options.family == b->conf->options.family;
}

static void check_duplicates(struct check *c)
{
    const struct check_source **sorted = mem_array(c->source_count + 1, sizeof(*sorted));

    for (size_t i = 0; i < c->source_count; i++)
        sorted[i] = &c->sources[i];
    if (c->source_count > 1)
        qsort(sorted, c->source_count, sizeof(*sorted), compare_names);
    for (size_t i = 1; i < c->source_count; i++) {
        if (!is_same_source(sorted[i - 1], sorted[i]))
            continue;
        check_warn(c, line_of(c, sorted[i]), NULL,
                   "%s is named before, and an address can be a source only once",
                   sorted[i]->conf->name);
        check_fix(c, "remove one of the lines");
    }
    free(sorted);
}

/* ---- Authentication ---- */

static bool is_authenticated(const struct check_source *source)
{
    return source->conf->options.nts || source->conf->options.key_id != 0;
}

struct mixture {
    size_t authenticated, plain;
    const struct check_source *first_plain;
};

static struct mixture count_authenticated(const struct check *c)
{
    struct mixture m = {0};

    for (size_t i = 0; i < c->source_count; i++) {
        if (!is_selectable(c->sources[i].conf->options.select_options))
            continue;
        if (is_authenticated(&c->sources[i]))
            m.authenticated++;
        else if (m.plain++ == 0)
            m.first_plain = &c->sources[i];
    }
    return m;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void check_mixture(struct check *c)
{
    const struct check_line *mode = check_find(c, "authselectmode");
    const struct mixture m = count_authenticated(c);

    if (m.plain == 0)
        return;
    const struct check_line *line = line_of(c, m.first_plain);
    switch (c->conf->selection.authselect_mode) {
    case AUTHSELECT_REQUIRE:
        (m.authenticated == 0 && c->conf->refclocks.count == 0 ? check_error : check_warn)(
            c, line, NULL,
            "with authselectmode require %zu source%s without authentication %s never used",
            m.plain, plural(m.plain), m.plain == 1 ? "is" : "are");
        check_fix(c, "add nts or key to the source, or remove it");
        break;
    case AUTHSELECT_PREFER:
        if (m.authenticated == 0)
            return;
        check_warn(c, line, NULL,
                   "with authselectmode prefer %zu source%s without authentication %s not used, as "
                   "there are %zu with it",
                   m.plain, plural(m.plain), m.plain == 1 ? "is" : "are", m.authenticated);
        check_fix(c, "remove the source, or add nts or key to it");
        break;
    case AUTHSELECT_MIX:
        if (m.authenticated == 0 || mode)
            return;
        check_warn(c, line, NULL,
                   "%zu source%s without authentication beside %zu with it: the clock is corrected "
                   "only while one of the authenticated sources can be selected",
                   m.plain, plural(m.plain), m.authenticated);
        check_fix(c, "say that this is meant with authselectmode mix, or remove the source");
        break;
    case AUTHSELECT_IGNORE:
        if (m.authenticated == 0)
            return;
        check_warn(c, line, NULL,
                   "with authselectmode ignore %zu source%s without authentication, which anybody "
                   "on the way can forge, count as much as the %zu with it",
                   m.plain, plural(m.plain), m.authenticated);
        check_fix(c, "remove authselectmode ignore, or add nts or key to the source");
        break;
    }
}

static bool has_certificates(const struct check *c, uint32_t set)
{
    if (set == 0 && !c->conf->nts_client.no_system_cert)
        return true;
    for (size_t i = 0; i < c->conf->nts_client.count; i++) {
        if (c->conf->nts_client.certs[i].set == set)
            return true;
    }
    return false;
}

static void check_authentication(struct check *c, const struct check_source *source)
{
    const struct source_options *o = &source->conf->options;
    const struct check_line *line = line_of(c, source);

    if (o->nts && source->conf->kind == SOURCE_PEER) {
        check_error(c, line, NULL, "nts does not work with peers");
        check_fix(c, "write server on both sides in place of peer");
    } else if (o->nts && !has_certificates(c, o->cert_set)) {
        check_error(c, line, NULL,
                    "no certificate is trusted for this source, as set %u is empty%s", o->cert_set,
                    o->cert_set == 0 ? " (nosystemcert)" : "");
        check_fix(c, "write ntstrustedcerts %u FILE", o->cert_set);
    }
    if (o->nts && o->key_id != 0) {
        check_warn(c, line, NULL, "key has no effect beside nts");
        check_fix(c, "remove key or nts");
    }
    if (!o->nts && (o->cert_set != 0 || check_has_word(line, "ntsport"))) {
        check_warn(c, line, NULL, "%s has no effect without nts",
                   o->cert_set != 0 ? "certset" : "ntsport");
        check_fix(c, "add nts, or remove the option");
    }
}

/* ---- Options ---- */

/* A source of a directory has another line than its own. */
static bool has_own_line(const struct check *c, const struct check_source *source)
{
    return strcmp(line_of(c, source)->directive, "sourcedir") != 0;
}

static void check_polls(struct check *c, const struct check_source *source)
{
    const struct source_options *o = &source->conf->options;
    const struct check_line *line = line_of(c, source);
    bool minimum = check_has_word(line, "minpoll"), maximum = check_has_word(line, "maxpoll");

    if (minimum && (o->minpoll < -7 || o->minpoll > 24)) {
        check_warn(c, line, NULL, "minpoll %d is out of range, %d is used", o->minpoll,
                   o->minpoll < -7 ? 6 : 24);
        check_fix(c, "write minpoll -7 to 24");
    } else if (maximum && (o->maxpoll < -7 || o->maxpoll > 24)) {
        check_warn(c, line, NULL, "maxpoll %d is out of range, %d is used", o->maxpoll,
                   o->maxpoll < -7 ? 10 : 24);
        check_fix(c, "write maxpoll -7 to 24");
    } else if (maximum && o->maxpoll < o->minpoll) {
        check_warn(c, line, NULL, "maxpoll %d is below minpoll %d%s, so maxpoll is %d", o->maxpoll,
                   o->minpoll, minimum ? "" : " (the default)", o->minpoll);
        check_fix(c, "write minpoll %d maxpoll %d", o->maxpoll < o->minpoll ? o->maxpoll : 6,
                  o->maxpoll);
    }
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t a = strlen(name), b = strlen(suffix);

    return a >= b && text_equal_nocase(name + a - b, suffix) && (a == b || name[a - b - 1] == '.');
}

static void check_public(struct check *c, const struct check_source *source)
{
    const struct source_options *o = &source->conf->options;

    if (!ends_in(source->conf->name, "pool.ntp.org"))
        return;
    if (o->minpoll < 6 && o->minpoll >= -7) {
        check_warn(c, line_of(c, source), NULL,
                   "minpoll %d is faster than servers of the public pool allow (64 s); they may "
                   "stop to answer",
                   o->minpoll);
        check_fix(c, "remove minpoll");
    }
}

static void check_samples(struct check *c, const struct check_source *source)
{
    const struct source_options *o = &source->conf->options;
    const struct check_line *line = line_of(c, source);

    if (o->max_samples > 0 && o->min_samples > o->max_samples) {
        check_warn(c, line, NULL, "minsamples %d is above maxsamples %d, which is used",
                   o->min_samples, o->max_samples);
        check_fix(c, "write minsamples of at most %d", o->max_samples);
    }
    if (o->max_delay <= 0.0) {
        check_error(c, line, NULL, "maxdelay 0 refuses every measurement");
        check_fix(c, "write the longest delay that is good, in seconds, or remove maxdelay");
    }
    if (source->conf->pool && o->max_sources > MAX_POOL_SOURCES) {
        check_warn(c, line, NULL, "maxsources %d is out of range, %d is used", o->max_sources,
                   MAX_POOL_SOURCES);
        check_fix(c, "write maxsources %d or less", MAX_POOL_SOURCES);
    }
    if (!source->conf->pool && has_own_line(c, source) && check_has_word(line, "maxsources")) {
        check_warn(c, line, NULL, "maxsources has no effect on a %s", kind_of(source));
        check_fix(c, "write pool, if the name stands for several servers");
    }
}

static void check_peer(struct check *c, const struct check_source *source)
{
    static const char *const words[] = {"iburst", "burst", "presend", "copy"};
    const struct check_line *line = line_of(c, source);

    for (size_t i = 0; source->conf->kind == SOURCE_PEER && i < COUNT(words); i++) {
        if (!has_own_line(c, source) || !check_has_word(line, words[i]))
            continue;
        check_warn(c, line, NULL, "%s has no effect on a peer", words[i]);
        check_fix(c, "remove it; two servers are better than a peer");
    }
}

/* ---- Names ---- */

static void check_port(struct check *c, const struct check_source *source)
{
    const struct source_options *o = &source->conf->options;
    const struct check_line *line = line_of(c, source);

    if (o->port == 323) {
        check_error(c, line, NULL, "port 323 is that of chronyc; NTP has 123");
        check_fix(c, "remove the option port");
    } else if (o->port == 4460) {
        check_error(c, line, NULL, "port 4460 is that of NTS-KE; NTP has 123");
        check_fix(c, "write ntsport 4460, or remove the option");
    }
}

static void check_address(struct check *c, const struct check_source *source,
                          const struct ip_addr *addr)
{
    const struct source_conf *conf = source->conf;
    enum ip_family wanted =
        conf->options.family != IP_UNSPEC ? conf->options.family : c->options->family;

    if (wanted != IP_UNSPEC && wanted != addr->family) {
        check_error(c, line_of(c, source), NULL, "%s is not an IPv%d address", conf->name,
                    wanted == IP_V6 ? 6 : 4);
        check_fix(c, "remove ipv%d (or the option of chronyd)", wanted == IP_V6 ? 6 : 4);
    }
    if (conf->pool) {
        check_warn(c, line_of(c, source), NULL, "a pool with an address is one server");
        check_fix(c, "write the name of the pool, or server in place of pool");
    }
}

/* A URL, something in brackets or quotes, a list, or an address with a wrong number. */
static bool is_no_name(const char *name)
{
    return strpbrk(name, "/\"',;[]") || strspn(name, "0123456789.") == strlen(name);
}

static void check_name(struct check *c, const struct check_source *source)
{
    const struct source_conf *conf = source->conf;
    const struct check_line *line = line_of(c, source);
    const char *equivalent = check_foreign_address(conf->name), *interface;
    const char *colon = strchr(conf->name, ':');
    struct ip_addr addr;

    if (equivalent) {
        check_error(c, line, NULL, "%s is a local clock of ntpd, and no server here", conf->name);
        check_fix(c, "%s", equivalent);
    } else if (ip_addr_parse_scoped(conf->name, &addr, &interface)) {
        check_address(c, source, &addr);
    } else if (colon || is_no_name(conf->name)) {
        check_error(c, line, NULL, "%s is neither a name nor an address", conf->name);
        if (colon && !is_no_name(conf->name))
            check_fix(c, "write %s %.*s %s %s", kind_of(source), (int)(colon - conf->name),
                      conf->name, conf->options.nts ? "ntsport" : "port", colon + 1);
        else
            check_fix(c, "write one host name or IP address, with nothing around it");
    }
}

/* ---- Leap seconds ---- */

/* Servers that spread a leap second over a day, and so differ from others by up to a second. */
static bool is_smeared(const char *name)
{
    static const char *const names[] = {
        "time.google.com",    "time1.google.com",   "time2.google.com",
        "time3.google.com",   "time4.google.com",   "time.facebook.com",
        "time1.facebook.com", "time2.facebook.com", "time3.facebook.com",
        "time4.facebook.com", "time5.facebook.com", "time.aws.com",
        "169.254.169.123",    "fd00:ec2::123",      "metadata.google.internal",
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (text_equal_nocase(name, names[i]))
            return true;
    }
    return false;
}

static void check_smeared(struct check *c)
{
    const struct check_source *smeared = NULL, *other = NULL;
    const struct leap_conf *leap = &c->conf->reference.leap;

    for (size_t i = 0; i < c->source_count; i++) {
        if (is_smeared(c->sources[i].conf->name))
            smeared = &c->sources[i];
        else
            other = &c->sources[i];
    }
    if (!smeared)
        return;
    if (other) {
        check_warn(
            c, line_of(c, smeared), NULL,
            "%s smears leap seconds and %s does not: they differ by up to a second for a day",
            smeared->conf->name, other->conf->name);
        check_fix(c, "use only servers that smear in the same way, or only others");
    }
    if (leap->tz || leap->list) {
        check_warn(c, check_find(c, leap->list ? "leapseclist" : "leapsectz"), NULL,
                   "leap seconds would be corrected twice, as %s smears them", smeared->conf->name);
        check_fix(c, "remove the directive, or that source");
    }
}

void check_sources(struct check *c)
{
    for (size_t i = 0; i < c->source_count; i++) {
        const struct check_source *source = &c->sources[i];

        check_name(c, source);
        check_port(c, source);
        check_public(c, source);
        check_samples(c, source);
        check_peer(c, source);
        if (has_own_line(c, source)) {
            check_polls(c, source);
            check_authentication(c, source);
        }
    }
    check_duplicates(c);
    check_smeared(c);
    /* A source may be in a line that has been refused. */
    if (!c->has_bad_lines) {
        check_mixture(c);
        check_number(c);
    }
}
