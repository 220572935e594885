/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of metrics. The two formats differ in little: OpenMetrics names a family without the
 * _total and _info of its lines, knows info and stateset, and has units and an end. There is
 * nothing here that knows a family.
 */
#include "metrics/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "base/number.h"
#include "metrics/facts.h"
#include "metrics/family.h"

struct text {
    FILE *out;
    enum metrics_format format;
    const struct facts *facts;
};

static const char *type_word(const struct text *t, enum metric_type type)
{
    bool open = t->format == METRICS_OPENMETRICS;

    switch (type) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_INFO:
        return open ? "info" : "gauge";
    case METRIC_STATESET:
        return open ? "stateset" : "gauge";
    case METRIC_GAUGE:
        break;
    }
    return "gauge";
}

static const char *suffix(enum metric_type type)
{
    return type == METRIC_COUNTER ? "_total" : type == METRIC_INFO ? "_info" : "";
}

static void write_header(const struct text *t, const char *name, enum metric_type type,
                         const char *unit, const char *help)
{
    const char *end = t->format == METRICS_OPENMETRICS ? "" : suffix(type);

    fprintf(t->out, "# TYPE %s%s %s\n", name, end, type_word(t, type));
    if (unit && t->format == METRICS_OPENMETRICS)
        fprintf(t->out, "# UNIT %s %s\n", name, unit);
    fprintf(t->out, "# HELP %s%s %s\n", name, end, help);
}

/* ---- Labels ---- */

/* A daemon, or who says to be one, sends any octets. */
static void write_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"')
            fputc('\\', out);
        fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
    }
}

/* started: whether there are labels before it. */
static void write_label(FILE *out, bool *started, const char *name, const char *value)
{
    fprintf(out, "%s%s=\"", *started ? "," : "{", name);
    *started = true;
    write_escaped(out, value);
    fputc('"', out);
}

/* The source that the clock follows, as it is in the labels of sources. */
static const char *tracking_address(const struct facts *facts, char *buf, size_t size)
{
    const struct report_tracking *tracking = &facts->tracking;
    uint32_t refid = tracking->refid;
    struct ip_addr addr = ip_addr_v4((uint8_t)(refid >> 24), (uint8_t)(refid >> 16),
                                     (uint8_t)(refid >> 8), (uint8_t)refid);

    return ip_addr_format(ip_addr_is_real(&tracking->addr) ? &tracking->addr : &addr, buf, size);
}

static const char *tracking_name(const struct facts *facts, char *buf, size_t size)
{
    const struct report_tracking *tracking = &facts->tracking;

    if (!ip_addr_is_real(&tracking->addr))
        return refid_format(tracking->refid, buf, size);
    for (size_t i = 0; i < facts->source_count; i++)
        if (ip_addr_equal(&facts->sources[i].data.addr, &tracking->addr))
            return facts->sources[i].name;
    return ip_addr_format(&tracking->addr, buf, size);
}

static const char *label_text(const struct text *t, const struct cmd_field *label,
                              const void *report, char *buf, size_t size)
{
    switch (label->show) {
    case SHOW_WORD:
        return field_word(label->words, field_integer(label, report))->json;
    case SHOW_REFID:
        snprintf(buf, size, "%08" PRIX32, (uint32_t)field_integer(label, report));
        return buf;
    case SHOW_GIVEN_ADDRESS:
        return tracking_address(t->facts, buf, size);
    case SHOW_TEXT:
        return field_value(label, report);
    default: /* SHOW_GIVEN_NAME */
        return tracking_name(t->facts, buf, size);
    }
}

/* name, word: one more label, unless name is NULL. */
static void write_labels(const struct text *t, const struct metric_family *family,
                         const struct facts_source *source, const void *report, const char *name,
                         const char *word)
{
    char buf[ADDR_TEXT_SIZE];
    bool started = false;

    if (source) {
        write_label(t->out, &started, "source_address", source->address);
        write_label(t->out, &started, "source_name", source->name);
    }
    for (size_t i = 0; i < family->label_count; i++) {
        const struct cmd_field *label = &family->labels[i];

        write_label(t->out, &started, label->key, label_text(t, label, report, buf, sizeof(buf)));
    }
    if (name)
        write_label(t->out, &started, name, word);
    if (started)
        fputc('}', t->out);
}

/* ---- Values ---- */

static void write_number(FILE *out, double value)
{
    if (isnan(value))
        fputs("NaN", out);
    else if (isinf(value))
        fputs(value > 0.0 ? "+Inf" : "-Inf", out);
    else
        fprintf(out, "%.9g", value); /* a float of the protocol has 25 bits */
}

static void write_time(FILE *out, const struct instant *time)
{
    if (time->sec < 0 || time->nsec == 0)
        fprintf(out, "%" PRId64, time->sec);
    else
        fprintf(out, "%" PRId64 ".%09" PRId32, time->sec, time->nsec);
}

static void write_field(FILE *out, const struct metric_family *family, const void *report)
{
    const struct cmd_field *field = &family->value;
    int64_t number = field_integer(field, report);
    double factor = family->factor != 0.0 ? family->factor : 1.0;

    switch (field->show) {
    case SHOW_TIME:
        write_time(out, field_value(field, report));
        break;
    case SHOW_COUNTER:
        fprintf(out, "%" PRIu64, (uint64_t)number);
        break;
    case SHOW_REAL:
        write_number(out, factor * *(const double *)field_value(field, report));
        break;
    case SHOW_LOG2_SECONDS:
        write_number(out, ldexp(1.0, (int)number));
        break;
    case SHOW_AGE:
        write_number(out, number == UINT32_MAX ? (double)INFINITY : (double)number);
        break;
    default: /* SHOW_INTEGER */
        fprintf(out, "%" PRId64, number);
        break;
    }
}

static void write_sample(const struct text *t, const struct metric_family *family,
                         const struct facts_source *source, const void *report)
{
    fprintf(t->out, "%s%s", family->name, suffix((enum metric_type)family->type));
    write_labels(t, family, source, report, NULL, NULL);
    fputc(' ', t->out);
    if (family->type == METRIC_INFO)
        fputc('1', t->out);
    else if (family->derive)
        write_number(t->out, family->derive(report));
    else
        write_field(t->out, family, report);
    fputc('\n', t->out);
}

static void write_states(const struct text *t, const struct metric_family *family,
                         const struct facts_source *source, const void *report)
{
    const struct field_word *words = family->value.words;
    const struct field_word *now = field_word(words, field_integer(&family->value, report));

    for (const struct field_word *word = words;; word++) {
        fputs(family->name, t->out);
        write_labels(t, family, source, report, family->name, word->json);
        fprintf(t->out, " %d\n", word == now);
        if (word->value == FIELD_OTHER)
            break;
    }
}

/* Values that this program has no word for come from a newer daemon. */
static void write_counts(const struct text *t, const struct metric_family *family,
                         const struct facts_source *source, const void *report)
{
    struct cmd_field value = family->value;
    size_t size = value.member == MEMBER_U64 ? sizeof(uint64_t) : sizeof(uint32_t);

    for (const struct field_word *word = value.words; word->value != FIELD_OTHER; word++) {
        value.offset = (uint16_t)(family->value.offset + (size_t)word->value * size);
        if (word->value >= field_integer(&family->count, report))
            break;
        uint64_t number = (uint64_t)field_integer(&value, report);
        if (source && number == 0)
            continue;
        fprintf(t->out, "%s_total", family->name);
        write_labels(t, family, source, report, family->by, word->json);
        fprintf(t->out, " %" PRIu64 "\n", number);
    }
}

/* ---- Families ---- */

static void write_of(const struct text *t, const struct metric_family *family,
                     const struct facts_source *source, const void *report)
{
    if (family->by)
        write_counts(t, family, source, report);
    else if (family->type == METRIC_STATESET)
        write_states(t, family, source, report);
    else
        write_sample(t, family, source, report);
}

static void write_family(const struct text *t, const struct metric_family *family)
{
    enum facts_report what = (enum facts_report)family->report;
    size_t count = facts_count(t->facts, what);
    bool started = false;

    for (size_t i = 0; i < count; i++) {
        const void *report = facts_at(t->facts, what, i);

        if (!report || (family->valid && !family->valid(report)))
            continue;
        if (!started)
            write_header(t, family->name, (enum metric_type)family->type, family->unit,
                         family->help);
        started = true;
        write_of(t, family, what < FACTS_PER_SOURCE ? NULL : &t->facts->sources[i], report);
    }
}

bool metrics_write(FILE *out, enum metrics_format format, metrics_ask *ask, void *arg)
{
    struct facts facts;
    struct text text = {.out = out, .format = format, .facts = &facts};
    bool up = facts_collect(&facts, ask, arg);

    write_header(&text, "chrony_up", METRIC_GAUGE, NULL, "1 when the daemon answers, else 0.");
    fprintf(out, "chrony_up %d\n", up);
    for (size_t i = 0; up && metric_family_get(i); i++)
        write_family(&text, metric_family_get(i));
    if (format == METRICS_OPENMETRICS)
        fputs("# EOF\n", out);
    facts_free(&facts);
    return up;
}
