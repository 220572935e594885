/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking for the facts, see facts.h. Which requests are made stands in one table.
 */
#include "metrics/facts.h"

#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"

/* A source may vanish while the others are asked for, so a number of them is only a beginning. */
#define SOURCES_AT_ONCE 64

#define CERTIFICATES_MAX 64

enum question_key { KEY_NONE, KEY_GROUP, KEY_INDEX, KEY_ADDRESS };

struct question {
    unsigned int command; /* enum cmd_code; 0: nothing is asked, another report has it */
    enum question_key key;
    bool ntp_only; /* not asked of reference clocks */
    size_t offset; /* of the values in struct facts, or struct facts_source */
    size_t size;   /* 0: they are not kept as they are */
    enum report_counts_group group;
};

#define GLOBAL(member)                                                                             \
    .offset = offsetof(struct facts, member), .size = sizeof(((struct facts *)0)->member)
#define PER_SOURCE(member)                                                                         \
    .offset = offsetof(struct facts_source, member),                                               \
    .size = sizeof(((struct facts_source *)0)->member)

static const struct question questions[FACTS_REPORTS] = {
    [FACTS_TRACKING] = {CMD_TRACKING, KEY_NONE, false, GLOBAL(tracking)},
    [FACTS_CLOCK] = {CMD_CLOCK, KEY_NONE, false, GLOBAL(clock)},
    [FACTS_ACTIVITY] = {CMD_ACTIVITY, KEY_NONE, false, GLOBAL(activity)},
    [FACTS_SERVERSTATS] = {CMD_SERVERSTATS, KEY_NONE, false, GLOBAL(server)},
    [FACTS_TEMPERATURE] = {CMD_TEMPERATURE, KEY_NONE, false, GLOBAL(temperature)},
    [FACTS_RTC] = {CMD_RTC, KEY_NONE, false, GLOBAL(rtc)},
    [FACTS_SMOOTHING] = {CMD_SMOOTHING, KEY_NONE, false, GLOBAL(smoothing)},
    [FACTS_UPDATES] = {CMD_COUNTS, KEY_GROUP, false, GLOBAL(updates),
                       .group = REPORT_COUNTS_UPDATES},
    [FACTS_SELECTIONS] = {CMD_COUNTS, KEY_GROUP, false, GLOBAL(selections),
                          .group = REPORT_COUNTS_SELECTIONS},
    [FACTS_REQUESTS] = {CMD_COUNTS, KEY_GROUP, false, GLOBAL(requests),
                        .group = REPORT_COUNTS_REQUESTS},
    [FACTS_KE] = {CMD_COUNTS, KEY_GROUP, false, GLOBAL(ke), .group = REPORT_COUNTS_KE},
    [FACTS_DAEMON] = {CMD_DAEMON, KEY_NONE, false, GLOBAL(daemon)},
    [FACTS_CERTIFICATE] = {.command = CMD_CERTIFICATE, .key = KEY_INDEX},
    [FACTS_SOURCE] = {CMD_SOURCE_DATA, KEY_INDEX, false, PER_SOURCE(data)},
    [FACTS_SOURCENAME] = {.command = CMD_SOURCENAME, .key = KEY_ADDRESS, .ntp_only = true},
    [FACTS_SOURCESTATS] = {CMD_SOURCESTATS, KEY_INDEX, false, PER_SOURCE(stats)},
    [FACTS_SELECTDATA] = {CMD_SELECTDATA, KEY_INDEX, false, PER_SOURCE(selection)},
    [FACTS_AUTHDATA] = {CMD_AUTHDATA, KEY_ADDRESS, true, PER_SOURCE(auth)},
    [FACTS_NTPDATA] = {CMD_NTPDATA, KEY_ADDRESS, true, PER_SOURCE(ntp)},
    [FACTS_ESTIMATOR] = {CMD_ESTIMATOR, KEY_INDEX, false, PER_SOURCE(estimate)},
    [FACTS_SOURCE_COUNTS] = {CMD_SOURCE_COUNTS, KEY_INDEX, false, PER_SOURCE(counts)},
};

bool metrics_may_ask(const struct cmd_request *request)
{
    if (request->command == CMD_SOURCE_COUNT)
        return true;
    for (size_t i = 0; i < COUNT(questions); i++)
        if (questions[i].command != 0 && request->command == questions[i].command)
            return true;
    return false;
}

enum metrics_answer metrics_answer_of(enum cmd_status status)
{
    switch (status) {
    case CMD_STATUS_SUCCESS:
        return METRICS_ANSWERED;
    case CMD_STATUS_UNAUTHORISED:
    case CMD_STATUS_INVALID:
    case CMD_STATUS_NO_HOST_ACCESS:
    case CMD_STATUS_BAD_VERSION:
    case CMD_STATUS_BAD_LENGTH:
        return METRICS_REFUSED;
    default:
        return METRICS_NOTHING;
    }
}

/* ---- Asking ---- */

struct collection {
    struct facts *facts;
    metrics_ask *ask;
    void *arg;
    uint32_t refused; /* a bit for each enum facts_report that need not be asked for again */
    bool silent;
};

static uint32_t bit(enum facts_report report)
{
    return UINT32_C(1) << report;
}

/* False: there is no answer with values. */
static bool ask(struct collection *c, enum facts_report report, struct cmd_request *request,
                union cmd_reply_body *body)
{
    if (c->silent || (c->refused & bit(report)))
        return false;
    request->command = (uint16_t)questions[report].command;
    memset(body, 0, sizeof(*body));
    switch (c->ask(request, body, c->arg)) {
    case METRICS_ANSWERED:
        return true;
    case METRICS_NOTHING:
        return false;
    case METRICS_REFUSED:
        c->refused |= bit(report);
        return false;
    case METRICS_SILENT:
        break;
    }
    c->silent = true;
    return false;
}

static void ask_global(struct collection *c, enum facts_report report)
{
    const struct question *q = &questions[report];
    struct cmd_request request = {0};
    union cmd_reply_body body;

    if (q->key == KEY_GROUP)
        request.u.index = (int32_t)q->group;
    if (!ask(c, report, &request, &body))
        return;
    memcpy((char *)c->facts + q->offset, &body, q->size);
    c->facts->have |= bit(report);
}

/* A daemon, or who says to be one, sends any octets: what is not a plain word is no name. */
static bool usable_name(const char *name)
{
    return name[0] != '\0' && text_is_graphic(name);
}

static void keep_report(struct facts_source *source, enum facts_report report,
                        const union cmd_reply_body *body)
{
    const struct question *q = &questions[report];

    source->have |= bit(report);
    memcpy((char *)source + q->offset, body, q->size);
    if (report != FACTS_SOURCENAME || !usable_name(body->name))
        return;
    free(source->name);
    source->name = text_dup(body->name);
}

/* The address of a reference clock is made of its reference ID. Several of them may have the same
   one: the second is called "GPS#2". */
static void name_refclock(const struct facts *facts, struct facts_source *source)
{
    char refid[5], name[32];
    int number = 1;

    for (size_t i = 0; i < facts->source_count; i++)
        number += facts->sources[i].data.mode == REPORT_REFCLOCK &&
                  ip_addr_equal(&facts->sources[i].data.addr, &source->data.addr);
    refid_format(ip_addr_refid(&source->data.addr), refid, sizeof(refid));
    if (number > 1)
        snprintf(name, sizeof(name), "%s#%d", refid, number);
    else
        snprintf(name, sizeof(name), "%s", refid);
    if (usable_name(name))
        source->name = text_dup(name);
}

static void name_source(const struct facts *facts, struct facts_source *source)
{
    ip_addr_format(&source->data.addr, source->address, sizeof(source->address));
    if (source->data.mode == REPORT_REFCLOCK)
        name_refclock(facts, source);
    if (!source->name)
        source->name = text_dup(source->address);
}

/* Whether the index is still that of the source. If one before it was removed, others have moved up
   to its place, and what was said since may be of them. */
static bool is_in_place(struct collection *c, int32_t index, const struct facts_source *source)
{
    struct cmd_request request = {.u.index = index};
    union cmd_reply_body body;

    return ask(c, FACTS_SOURCE, &request, &body) && body.source.mode == source->data.mode &&
           ip_addr_equal(&body.source.addr, &source->data.addr);
}

static void drop_indexed(struct facts_source *source)
{
    for (enum facts_report report = FACTS_SOURCE + 1; report < FACTS_REPORTS; report++)
        if (questions[report].key == KEY_INDEX)
            source->have &= ~bit(report);
}

/* False: there is no source of that index. */
static bool ask_source(struct collection *c, int32_t index, struct facts_source *source)
{
    struct cmd_request request = {.u.index = index};
    union cmd_reply_body body;

    if (!ask(c, FACTS_SOURCE, &request, &body))
        return false;
    *source = (struct facts_source){0};
    keep_report(source, FACTS_SOURCE, &body);
    name_source(c->facts, source);
    for (enum facts_report report = FACTS_SOURCE + 1; report < FACTS_REPORTS; report++) {
        const struct question *q = &questions[report];

        if (q->ntp_only && source->data.mode == REPORT_REFCLOCK)
            continue;
        request = (struct cmd_request){.u.index = index};
        if (q->key == KEY_ADDRESS)
            request = (struct cmd_request){.u.addr = source->data.addr};
        if (ask(c, report, &request, &body))
            keep_report(source, report, &body);
    }
    if (!is_in_place(c, index, source))
        drop_indexed(source);
    return true;
}

static bool has_certificate(const struct facts *facts, const char *file)
{
    for (size_t i = 0; i < facts->certificate_count; i++)
        if (strcmp(facts->certificates[i].file, file) == 0)
            return true;
    return false;
}

/* One may be replaced meanwhile: the next text has it. */
static void ask_certificates(struct collection *c)
{
    struct facts *facts = c->facts;

    for (int32_t i = 0; i < CERTIFICATES_MAX; i++) {
        struct cmd_request request = {.u.index = i};
        union cmd_reply_body body;

        if (!ask(c, FACTS_CERTIFICATE, &request, &body))
            return;
        if (has_certificate(facts, body.certificate.file))
            continue;
        facts->certificates = mem_resize(facts->certificates, facts->certificate_count + 1,
                                         sizeof(*facts->certificates));
        facts->certificates[facts->certificate_count++] = body.certificate;
    }
}

/* One that is removed and added again meanwhile comes twice, and each series may be there once. */
static bool has_source(const struct facts *facts, const struct facts_source *source)
{
    for (size_t i = 0; i < facts->source_count && source->data.mode != REPORT_REFCLOCK; i++)
        if (facts->sources[i].data.mode != REPORT_REFCLOCK &&
            ip_addr_equal(&facts->sources[i].data.addr, &source->data.addr))
            return true;
    return false;
}

static void ask_sources(struct collection *c)
{
    struct cmd_request request = {.command = CMD_SOURCE_COUNT};
    struct facts *facts = c->facts;
    union cmd_reply_body body;
    size_t room = 0;

    if (c->silent)
        return;
    enum metrics_answer answer = c->ask(&request, &body, c->arg);
    c->silent = answer == METRICS_SILENT;
    if (answer != METRICS_ANSWERED)
        return;
    for (uint32_t i = 0; i < body.source_count && i < INT32_MAX; i++) {
        if (facts->source_count == room) {
            room += room + SOURCES_AT_ONCE;
            facts->sources = mem_resize(facts->sources, room, sizeof(*facts->sources));
        }
        struct facts_source *source = &facts->sources[facts->source_count];
        if (!ask_source(c, (int32_t)i, source))
            break;
        if (has_source(facts, source))
            free(source->name);
        else
            facts->source_count++;
    }
}

bool facts_collect(struct facts *facts, metrics_ask *ask_daemon, void *arg)
{
    struct collection c = {.facts = facts, .ask = ask_daemon, .arg = arg};

    *facts = (struct facts){0};
    for (enum facts_report report = 0; report < FACTS_LISTS; report++)
        ask_global(&c, report);
    ask_certificates(&c);
    ask_sources(&c);
    if (!c.silent)
        return true;
    facts_free(facts);
    return false;
}

void facts_free(struct facts *facts)
{
    for (size_t i = 0; i < facts->source_count; i++)
        free(facts->sources[i].name);
    free(facts->sources);
    free(facts->certificates);
    *facts = (struct facts){0};
}

size_t facts_count(const struct facts *facts, enum facts_report report)
{
    if (report >= FACTS_PER_SOURCE)
        return facts->source_count;
    if (report == FACTS_CERTIFICATE)
        return facts->certificate_count;
    return report == FACTS_PROCESS ? facts->daemon.count : 1;
}

const void *facts_get(const struct facts *facts, const struct facts_source *source,
                      enum facts_report report)
{
    uint32_t have = source ? source->have : facts->have;
    const char *base = source ? (const char *)source : (const char *)facts;

    return have & bit(report) ? base + questions[report].offset : NULL;
}

const void *facts_at(const struct facts *facts, enum facts_report report, size_t index)
{
    if (report == FACTS_PROCESS)
        return &facts->daemon.processes[index];
    if (report == FACTS_CERTIFICATE)
        return &facts->certificates[index];
    return facts_get(facts, report < FACTS_PER_SOURCE ? NULL : &facts->sources[index], report);
}
