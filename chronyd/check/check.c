/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of --check, see check.h: order of the checks, findings about lines, and questions that
 * several checks ask. It prints the report; nothing else does.
 */
#include "chronyd/check/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "config.h"
#include "ntp/access.h"

/* ---- Lines ---- */

const struct check_line *check_find(const struct check *c, const char *directive)
{
    for (size_t i = c->line_count; i > 0; i--) {
        const struct check_line *line = &c->lines[i - 1];

        if (line->accepted && strcmp(line->directive, directive) == 0)
            return line;
    }
    return NULL;
}

/* A word is in a list with spaces. */
static bool is_in_list(const char *word, const char *list)
{
    size_t length = strlen(word);

    for (; *list != '\0'; list += strcspn(list, " "), list += strspn(list, " ")) {
        if (strncmp(list, word, length) == 0 && (list[length] == ' ' || list[length] == '\0'))
            return true;
    }
    return false;
}

const struct check_line *check_find_nth(const struct check *c, const char *directives, size_t nth)
{
    struct check_cursor *last = c->cursor;
    size_t i = 0, found = 0;

    /* They are mostly asked for one after the other, and there may be very many. */
    if (last->directives && last->lines == c->line_count && nth >= last->nth &&
        strcmp(last->directives, directives) == 0) {
        i = last->index;
        found = last->nth;
    }
    for (; i < c->line_count; i++) {
        const struct check_line *line = &c->lines[i];

        if (!line->accepted || !is_in_list(line->directive, directives) || found++ < nth)
            continue;
        *last = (struct check_cursor){directives, nth, i, c->line_count};
        return line;
    }
    return NULL;
}

bool check_has_word(const struct check_line *line, const char *word)
{
    char *words = text_dup(line->args);
    bool found = false;

    for (char *next = words; *next != '\0' && !found;) {
        char *current = next;

        next = text_split(next);
        found = text_equal_nocase(current, word);
    }
    free(words);
    return found;
}

/* ---- Findings ---- */

static void add(struct check *c, enum check_severity severity, const struct check_line *line,
                const char *directive, const char *format, va_list args)
{
    const struct check_place whole = {.order = SIZE_MAX};

    check_findings_add(&c->findings, severity, line ? &line->place : &whole,
                       directive ? directive
                       : line    ? line->directive
                                 : NULL,
                       format, args);
}

void check_error(struct check *c, const struct check_line *line, const char *directive,
                 const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(c, CHECK_ERROR, line, directive, format, args);
    va_end(args);
}

void check_warn(struct check *c, const struct check_line *line, const char *directive,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(c, CHECK_WARNING, line, directive, format, args);
    va_end(args);
}

void check_note(struct check *c, const struct check_line *line, const char *directive,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(c, CHECK_NOTE, line, directive, format, args);
    va_end(args);
}

void check_fix(struct check *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    check_findings_set_fix(&c->findings, format, args);
    va_end(args);
}

/* ---- Questions ---- */

bool check_allows(const struct conf_access_rules *rules, enum ip_family family)
{
    struct access_table *table = access_table_new();

    for (size_t i = 0; i < rules->count; i++)
        access_table_set(table, &rules->rules[i].subnet, rules->rules[i].allow,
                         rules->rules[i].all);
    bool allows = (family != IP_V6 && access_table_any_allowed(table, IP_V4)) ||
                  (family != IP_V4 && access_table_any_allowed(table, IP_V6));
    access_table_free(table);
    return allows;
}

bool check_uses_nts_client(const struct check *c)
{
    if (!c->around->has_nts)
        return false;
    for (size_t i = 0; i < c->source_count; i++) {
        if (c->sources[i].conf->options.nts)
            return true;
    }
    return false;
}

bool check_uses_nts_server(const struct check *c)
{
    return c->around->has_nts && c->conf->nts_server.certs.count > 0;
}

bool check_controls_clock(const struct check *c)
{
    return c->options->control_clock;
}

/* ---- Sources and user ---- */

static void add_source(struct check *c, const struct source_conf *conf, size_t line)
{
    if (check_is_full(c->source_count))
        c->sources = mem_resize(c->sources, 2 * c->source_count + 1, sizeof(*c->sources));
    c->sources[c->source_count++] = (struct check_source){conf, line};
}

static size_t index_of(const struct check *c, const struct check_line *line)
{
    return line ? (size_t)(line - c->lines) : 0;
}

static void collect_sources(struct check *c)
{
    const struct check_line *directory = check_find(c, "sourcedir");
    struct check_log log;

    for (size_t i = 0; i < c->conf->client.source_count; i++)
        add_source(c, &c->conf->client.sources[i],
                   index_of(c, check_find_nth(c, "server pool peer", i)));
    if (!directory)
        return;
    check_log_begin(&log);
    c->directory_sources = conf_read_source_dirs(&c->conf->client.source_dirs, c->around->world,
                                                 &c->directory_source_count);
    check_log_end(&log);
    for (size_t i = 0; i < log.texts.count; i++)
        check_add_message(c, CHECK_WARNING, directory, NULL, NULL, log.texts.items[i]);
    check_log_free(&log);
    for (size_t i = 0; i < c->directory_source_count; i++)
        add_source(c, &c->directory_sources[i], index_of(c, directory));
}

/* The user that the daemon will have, as in process/sandbox.c. */
static void find_user(struct check *c)
{
    const struct check_line *line = check_find(c, "user");
    const char *name = c->options->user ? c->options->user : c->conf->process.user;

    c->user.name = name;
    c->knows_user = c->around->find_user(name, &c->user.uid, &c->user.gid);
    if (!c->knows_user) {
        check_error(c, c->options->user ? NULL : line, "user",
                    "there is no user %s, so the daemon does not start", name);
        check_fix(c, "adduser --system --group --no-create-home %s, or name another user", name);
    } else if (!c->options->need_root && c->around->self.uid != 0) {
        c->user = c->around->self;
    }
}

/* ---- Run ---- */

struct check *check_new(const struct options *options, const struct surroundings *around)
{
    static void (*const checks[])(struct check * c) = {
        check_effects, check_sources,     check_server,  check_commands,
        check_clock,   check_values,      check_network, check_files,
        check_keys,    check_directories, check_renewal, check_certificates,
    };
    struct check *c = mem_alloc(sizeof(*c));

    c->options = options;
    c->around = around;
    c->cursor = mem_alloc(sizeof(*c->cursor));
    check_reading(c);
    if (c->is_unread)
        return c;
    collect_sources(c);
    find_user(c);
    for (size_t i = 0; i < COUNT(checks); i++)
        checks[i](c);
    return c;
}

static void free_strings(struct conf_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct conf_strings){NULL, 0};
}

void check_free(struct check *c)
{
    if (!c)
        return;
    check_findings_clear(&c->findings);
    for (size_t i = 0; i < c->line_count; i++) {
        free((char *)c->lines[i].directive);
        free((char *)c->lines[i].args);
    }
    free(c->lines);
    free(c->cursor);
    free(c->sources);
    source_conf_list_free(c->directory_sources, c->directory_source_count);
    free_strings(&c->files);
    conf_free(c->conf);
    free(c);
}

static bool wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && (!no_color || no_color[0] == '\0') && term &&
           strcmp(term, "dumb") != 0;
}

int check_run(const struct options *options)
{
    struct surroundings *around = surroundings_new();
    struct check *c = check_new(options, around);
    int status = check_findings_status(&c->findings);

    check_findings_print(&c->findings,
                         options->directive_count > 0 ? "directives" : options->conf_file,
                         wants_colour(), stdout);
    check_free(c);
    surroundings_free(around);
    return status;
}

/* ---- Log ---- */

static void keep_message(enum log_severity severity, const char *text, void *arg)
{
    struct check_log *log = arg;
    struct conf_strings *texts = &log->texts;

    if (severity == LOG_SEV_FATAL) {
        /* The status of a fatal message is that of a warning here. */
        fprintf(stderr, "chronyd --check: %s\n", text);
        exit(2);
    }
    if (severity < LOG_SEV_WARN)
        return;
    texts->items = mem_resize(texts->items, texts->count + 1, sizeof(*texts->items));
    texts->items[texts->count++] = text_dup(text);
}

void check_log_begin(struct check_log *log)
{
    *log = (struct check_log){{NULL, 0}};
    log_open_function(keep_message, log);
}

void check_log_end(struct check_log *log)
{
    log_open_stderr();
}

void check_log_free(struct check_log *log)
{
    free_strings(&log->texts);
}
