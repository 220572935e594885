/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of checks, the list of what they found, and how that is printed; see doctor.h.
 */
#include "chronyc/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

#define TEXT_SIZE 1024

#define EXIT_WARNINGS 1
#define EXIT_ERRORS   2

static const struct {
    const char *name; /* for people and programs */
    void (*run)(struct doctor *d);
} checks[] = {
    {"daemon", doctor_check_contact},
    {"process", doctor_check_process},
    {"configuration", doctor_check_conf},
    {"ports", doctor_check_ports},
    {"other programs", doctor_check_rivals},
    {"systemd", doctor_check_systemd},
    {"kernel clock", doctor_check_kernel_clock},
    {"clock source", doctor_check_clock_source},
    {"real-time clock", doctor_check_rtc},
    {"files", doctor_check_files},
    {"certificates", doctor_check_certificates},
    {"network", doctor_check_network},
    {"firewall", doctor_check_firewall},
};

static const struct {
    const char *word;   /* in JSON and CSV */
    const char *prefix; /* for people */
} severities[DIAGNOSIS_SEVERITIES] = {
    [DIAGNOSIS_OK] = {"ok", "ok"},          [DIAGNOSIS_UNKNOWN] = {"unknown", "not checked"},
    [DIAGNOSIS_NOTE] = {"note", "note"},    [DIAGNOSIS_WARNING] = {"warning", "warning"},
    [DIAGNOSIS_ERROR] = {"error", "error"},
};

/* ---- Findings ---- */

static void add(struct doctor *d, enum diagnosis_severity severity, const char *code,
                const char *fix, const char *format, va_list args)
{
    char text[TEXT_SIZE];

    vsnprintf(text, sizeof(text), format, args);
    text_make_printable(text);
    d->diagnoses = mem_resize(d->diagnoses, d->diagnosis_count + 1, sizeof(*d->diagnoses));
    struct diagnosis *f = &d->diagnoses[d->diagnosis_count++];
    *f = (struct diagnosis){.severity = severity,
                            .check = d->check,
                            .code = code,
                            .text = text_dup(text),
                            .fix = fix ? text_dup(fix) : NULL};
    if (f->fix)
        text_make_printable(f->fix);
}

void doctor_add(struct doctor *d, enum diagnosis_severity severity, const char *code,
                const char *fix, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(d, severity, code, fix, format, args);
    va_end(args);
}

void doctor_ok(struct doctor *d, const char *format, ...)
{
    va_list args;

    for (size_t i = 0; i < d->diagnosis_count; i++)
        if (strcmp(d->diagnoses[i].check, d->check) == 0 &&
            d->diagnoses[i].severity >= DIAGNOSIS_WARNING)
            return;
    va_start(args, format);
    add(d, DIAGNOSIS_OK, "ok", NULL, format, args);
    va_end(args);
}

static struct diagnosis_value *next_value(struct doctor *d, const char *key)
{
    struct diagnosis *f = &d->diagnoses[d->diagnosis_count - 1];

    if (f->value_count == DIAGNOSIS_VALUES_MAX)
        return NULL;
    f->values[f->value_count] = (struct diagnosis_value){.key = key};
    return &f->values[f->value_count++];
}

void doctor_value(struct doctor *d, const char *key, double number)
{
    struct diagnosis_value *value = next_value(d, key);

    if (value)
        value->number = number;
}

void doctor_value_text(struct doctor *d, const char *key, const char *text)
{
    struct diagnosis_value *value = next_value(d, key);

    if (!value)
        return;
    value->text = text_dup(text);
    text_make_printable(value->text);
}

static void free_diagnoses(struct doctor *d)
{
    for (size_t i = 0; i < d->diagnosis_count; i++) {
        free(d->diagnoses[i].text);
        free(d->diagnoses[i].fix);
        for (size_t j = 0; j < d->diagnoses[i].value_count; j++)
            free(d->diagnoses[i].values[j].text);
    }
    free(d->diagnoses);
}

struct formatted doctor_span(double seconds)
{
    static const struct {
        double limit, unit;
        const char *name;
    } units[] = {
        {120.0, 1.0, "second"},
        {7200.0, 60.0, "minute"},
        {172800.0, 3600.0, "hour"},
        {HUGE_VAL, 86400.0, "day"},
    };
    struct formatted f;
    size_t i = 0;

    while (seconds >= units[i].limit && i + 1 < COUNT(units))
        i++;
    double count = floor(seconds / units[i].unit);
    snprintf(f.s, sizeof(f.s), "%.0f %s%s", count, units[i].name, count == 1.0 ? "" : "s");
    return f;
}

/* ---- Output ---- */

static void print_json(struct document *json, const struct diagnosis *f)
{
    document_begin_row(json);
    document_text(json, "check", f->check);
    document_text(json, "severity", severities[f->severity].word);
    document_text(json, "code", f->code);
    document_text(json, "text", f->text);
    document_text(json, "fix", f->fix);
    document_begin_object(json, "values");
    for (size_t i = 0; i < f->value_count; i++) {
        const struct diagnosis_value *value = &f->values[i];

        if (value->text)
            document_text(json, value->key, value->text);
        else if (value->number == rint(value->number) && fabs(value->number) < INT32_MAX)
            document_integer(json, value->key, (int64_t)value->number);
        else
            document_real(json, value->key, value->number);
    }
}

static void print_diagnosis(const struct client *c, const struct diagnosis *f)
{
    FILE *out = c->env->out;

    if (c->json) {
        print_json(c->json, f);
    } else if (c->csv) {
        fprintf(out, "%s,%s,%s\n", severities[f->severity].word, f->check, f->code);
    } else {
        fprintf(out, "%s: %s: %s\n", severities[f->severity].prefix, f->check, f->text);
        if (f->fix)
            fprintf(out, "    fix: %s\n", f->fix);
    }
}

static size_t print_severity(const struct doctor *d, enum diagnosis_severity severity)
{
    size_t count = 0;

    for (size_t i = 0; i < d->diagnosis_count; i++) {
        if (d->diagnoses[i].severity != severity)
            continue;
        print_diagnosis(d->client, &d->diagnoses[i]);
        count++;
    }
    return count;
}

/* False: there are warnings or errors. */
static bool print_diagnoses(const struct doctor *d)
{
    size_t count[DIAGNOSIS_SEVERITIES];
    struct client *c = d->client;

    if (c->json)
        document_begin_rows(c->json);
    for (int severity = DIAGNOSIS_SEVERITIES - 1; severity >= 0; severity--)
        count[severity] = print_severity(d, (enum diagnosis_severity)severity);
    if (!c->json && !c->csv)
        fprintf(c->env->out, "%zu error%s, %zu warning%s\n", count[DIAGNOSIS_ERROR],
                count[DIAGNOSIS_ERROR] == 1 ? "" : "s", count[DIAGNOSIS_WARNING],
                count[DIAGNOSIS_WARNING] == 1 ? "" : "s");
    c->exit_status = count[DIAGNOSIS_ERROR] > 0 ? EXIT_ERRORS : EXIT_WARNINGS;
    return count[DIAGNOSIS_ERROR] == 0 && count[DIAGNOSIS_WARNING] == 0;
}

/* ---- Command ---- */

/* It looks at the machine that it runs on. */
static bool is_local(const struct client *c)
{
    for (size_t i = 0; i < c->endpoint_count; i++)
        if (c->endpoints[i].path || ip_addr_is_loopback(&c->endpoints[i].addr.addr))
            return true;
    return false;
}

bool run_doctor(struct client *c, char *args)
{
    struct doctor d = {.client = c, .machine = c->env->machine};

    if (args[0] != '\0') {
        char *value = text_split(args);

        if (strcmp(args, "-f") != 0 || value[0] == '\0') {
            fprintf(c->env->err, "Invalid syntax for doctor command\n");
            return false;
        }
        d.wanted_conf = value;
    }
    if (!is_local(c)) {
        fprintf(c->env->err, "doctor looks at the machine that it runs on, not at another host\n");
        return false;
    }
    d.now = c->env->now(c->env->ctx);
    doctor_find_facts(&d);
    for (size_t i = 0; i < COUNT(checks); i++) {
        d.check = checks[i].name;
        checks[i].run(&d);
    }
    bool result = print_diagnoses(&d);
    free_diagnoses(&d);
    doctor_free_facts(&d);
    return result;
}
