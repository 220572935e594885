/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check of the configuration file as a file: can it be read, and is it what the daemon runs with.
 * What is in it is the business of chronyd --check. See doctor.h.
 */
#include "chronyc/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FIX_SIZE 4096

static void suggest_check(const struct doctor *d, char *fix, size_t size)
{
    snprintf(fix, size, "chronyd --check -f %s", d->conf_path);
}

/* The daemon reads its configuration at the start only. */
static void check_age(struct doctor *d)
{
    struct stat st;

    if (d->contact != CONTACT_FULL || d->daemon_age < 0.0 || !doctor_stat(d, d->conf_path, &st))
        return;
    double changed = (double)(d->now.sec - st.st_mtim.tv_sec);
    if (changed + 1.0 >= d->daemon_age)
        return;
    doctor_add(d, DIAGNOSIS_NOTE, "changed", "restart chronyd if the change is to take effect",
               "%s was changed after the start of the daemon, which does not read it again",
               d->conf_path);
    doctor_value(d, "age_seconds", changed);
}

/* ---- chronyd --check ---- */

/* Lines with "PLACE: SEVERITY: TEXT", and the first of them. */
static size_t count_lines(const char *text, const char *severity, const char **first)
{
    size_t count = 0;

    for (const char *line = text; line && line[0] != '\0'; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        const char *found = strstr(line, severity);
        if (!found || found > line + strcspn(line, "\n"))
            continue;
        if (count++ == 0)
            *first = line;
    }
    return count;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* What it says is only summed up: it explains itself. A program that does not know the option
   says nothing of the kind. */
static void run_check(struct doctor *d, const char *fix)
{
    const char *const argv[] = {"chronyd", "--check", "-f", d->conf_path, NULL};
    const char *first = "";
    char place[FIX_SIZE];

    /* A file of another root is not the one that the program would find. */
    bool is_here = d->wanted_conf || (doctor_path(d, d->conf_path, place, sizeof(place)) &&
                                      strcmp(place, d->conf_path) == 0);
    char *text = is_here ? machine_run(d->machine, argv, NULL) : NULL;
    if (!text)
        return;
    size_t errors = count_lines(text, ": error: ", &first);
    size_t warnings = count_lines(text, ": warning: ", errors > 0 ? &(const char *){NULL} : &first);
    if (errors + warnings > 0) {
        doctor_add(d, errors > 0 ? DIAGNOSIS_ERROR : DIAGNOSIS_WARNING, "check", fix,
                   "chronyd --check finds %zu error%s and %zu warning%s; the first is: %.*s",
                   errors, plural(errors), warnings, plural(warnings), (int)strcspn(first, "\n"),
                   first);
        doctor_value(d, "errors", (double)errors);
        doctor_value(d, "warnings", (double)warnings);
    }
    free(text);
}

void doctor_check_conf(struct doctor *d)
{
    char fix[FIX_SIZE];

    if (!d->conf_path) {
        if (!doctor_file(d, REPORT_FILE_CONF))
            doctor_ok(d, "the directives were given on the command line");
        return; /* or it is in a container */
    }
    suggest_check(d, fix, sizeof(fix));
    if (d->conf_error && d->conf_is_readable) {
        doctor_add(d, DIAGNOSIS_ERROR, "invalid", fix, "chronyd would not start with %s: %s",
                   d->conf_path, d->conf_error);
    } else if (d->conf_error) {
        doctor_add(d, d->contact == CONTACT_FULL ? DIAGNOSIS_UNKNOWN : DIAGNOSIS_WARNING,
                   "unreadable", "run this as root, or name the file with doctor -f FILE",
                   "The configuration file %s cannot be read: %s", d->conf_path, d->conf_error);
    }
    if (d->conf_error) {
        doctor_value_text(d, "path", d->conf_path);
        return;
    }
    check_age(d);
    run_check(d, fix);
    doctor_ok(d, "%s can be read; %s looks at what is in it", d->conf_path, fix);
}
