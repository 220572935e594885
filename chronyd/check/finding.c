/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of findings and how it is printed, see finding.h. The form of the lines is that of
 * compilers, so that editors and build systems find the places.
 */
#include "chronyd/check/finding.h"

#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"

/* Longest text, terminator included. */
#define FINDING_SIZE 4096

static char *format_text(const char *format, va_list args)
{
    char text[FINDING_SIZE];

    vsnprintf(text, sizeof(text), format, args);
    text_make_printable(text);
    return text_dup(text);
}

static char *copy_printable(const char *text)
{
    char *copy = text ? text_dup(text) : NULL;

    if (copy)
        text_make_printable(copy);
    return copy;
}

void check_findings_add(struct check_findings *findings, enum check_severity severity,
                        const struct check_place *place, const char *directive, const char *format,
                        va_list args)
{
    if (check_is_full(findings->count))
        findings->items =
            mem_resize(findings->items, 2 * findings->count + 1, sizeof(*findings->items));
    findings->items[findings->count++] = (struct check_finding){
        .severity = severity,
        .place = *place,
        .directive = copy_printable(directive),
        .text = format_text(format, args),
    };
}

void check_findings_set_fix(struct check_findings *findings, const char *format, va_list args)
{
    struct check_finding *last = &findings->items[findings->count - 1];

    free(last->fix);
    last->fix = format_text(format, args);
}

void check_findings_clear(struct check_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].directive);
        free(findings->items[i].text);
        free(findings->items[i].fix);
    }
    free(findings->items);
    *findings = (struct check_findings){NULL, 0};
}

size_t check_findings_count(const struct check_findings *findings, enum check_severity severity)
{
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].severity == severity;
    return count;
}

int check_findings_status(const struct check_findings *findings)
{
    return check_findings_count(findings, CHECK_ERROR) > 0     ? 2
           : check_findings_count(findings, CHECK_WARNING) > 0 ? 1
                                                               : 0;
}

/* ---- Printing ---- */

static const struct {
    const char *word, *colour;
} severities[] = {
    [CHECK_NOTE] = {"note", "\033[36m"},
    [CHECK_WARNING] = {"warning", "\033[33m"},
    [CHECK_ERROR] = {"error", "\033[31m"},
};

/* The order of reading, and of adding for the same line. */
static int compare_findings(const void *a, const void *b)
{
    const struct check_finding *const *x = a, *const *y = b;
    size_t p = (*x)->place.order, q = (*y)->place.order;

    return p != q ? (p > q) - (p < q) : (*x > *y) - (*x < *y);
}

static void print_place(const struct check_place *place, const char *what, FILE *out)
{
    char *file = copy_printable(place->file);

    if (place->line == 0)
        fprintf(out, "%s: ", file ? file : what);
    else if (file)
        fprintf(out, "%s:%d: ", file, place->line);
    else
        fprintf(out, "directive %d: ", place->line);
    free(file);
}

static void print_finding(const struct check_finding *f, const char *what, bool colour, FILE *out)
{
    print_place(&f->place, what, out);
    fprintf(out, "%s%s:%s ", colour ? severities[f->severity].colour : "",
            severities[f->severity].word, colour ? "\033[0m" : "");
    if (f->directive)
        fprintf(out, "%s: ", f->directive);
    fprintf(out, "%s\n", f->text);
    if (f->fix)
        fprintf(out, "    fix: %s\n", f->fix);
}

static void print_number(const struct check_findings *findings, enum check_severity severity,
                         FILE *out)
{
    size_t count = check_findings_count(findings, severity);

    fprintf(out, "%zu %s%s", count, severities[severity].word, count == 1 ? "" : "s");
}

void check_findings_print(struct check_findings *findings, const char *what, bool colour, FILE *out)
{
    struct check_finding **sorted = mem_array(findings->count + 1, sizeof(*sorted));

    for (size_t i = 0; i < findings->count; i++)
        sorted[i] = &findings->items[i];
    if (findings->count > 1)
        qsort(sorted, findings->count, sizeof(struct check_finding *), compare_findings);
    for (size_t i = 0; i < findings->count; i++)
        print_finding(sorted[i], what, colour, out);
    free(sorted);

    fprintf(out, "%s: ", what);
    print_number(findings, CHECK_ERROR, out);
    fprintf(out, ", ");
    print_number(findings, CHECK_WARNING, out);
    if (check_findings_count(findings, CHECK_NOTE) > 0) {
        fprintf(out, ", ");
        print_number(findings, CHECK_NOTE, out);
    }
    fprintf(out, "\n");
}
