/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands with named options: add, local and selectopts (chronyc.md 11.1 to 11.3).
 */
#include "chronyc/arguments.h"

#include <stddef.h>
#include <string.h>
#include "base/nearest.h"
#include "base/number.h"
#include "base/text.h"
#include "cmdmon/message_words.h"
#include "conf/option_table.h"

/* Finds the value of a word of JSON. */
static bool find_word(const struct field_word *words, const char *text, uint32_t *number)
{
    while (words->value != FIELD_OTHER && !text_equal_nocase(words->json, text))
        words++;
    *number = (uint32_t)words->value;
    return words->value != FIELD_OTHER;
}

static const struct field_word source_types[] = {
    {CMD_SOURCE_SERVER, "server", NULL},
    {CMD_SOURCE_PEER, "peer", NULL},
    {CMD_SOURCE_POOL, "pool", NULL},
    {FIELD_OTHER, NULL, NULL},
};

void argument_print_bad_option(const struct client *c, const struct bad_option *bad)
{
    FILE *err = c->env->err;

    if (!c->env->err_terminal || !bad->word)
        return;
    fprintf(err, "Unknown option %s", bad->word);
    if (bad->nearest)
        fprintf(err, ", did you mean %s?", bad->nearest);
    fprintf(err, "\n");
}

static void print_bad_value(const struct client *c, const struct options_report *report)
{
    int length = (int)strcspn(report->value, " ");

    if (!c->env->err_terminal)
        return;
    if (length == 0)
        fprintf(c->env->err, "Option %s needs a value\n", report->word);
    else
        fprintf(c->env->err, "Option %s cannot be %.*s\n", report->word, length, report->value);
}

bool argument_add_source(struct client *c, char *text, struct cmd_add_source *add)
{
    FILE *err = c->env->err;
    char *type = text, *name;
    struct options_report report = {0};
    struct ip_addr addr;

    text = text_split(text);
    if (!find_word(source_types, type, &add->type)) {
        fprintf(err, "Invalid syntax for add command\n");
        return false;
    }
    source_options_default(&add->options);
    switch (source_options_parse(text, &name, &add->options, &report)) {
    case SOURCE_PARSE_OK:
        break;
    case SOURCE_PARSE_SYNTAX:
        fprintf(err, "Invalid syntax for add command\n");
        return false;
    case SOURCE_PARSE_OPTION:
        fprintf(err, "Invalid option in add command\n");
        argument_print_bad_option(
            c, &(struct bad_option){.word = report.word, .nearest = report.nearest});
        return false;
    case SOURCE_PARSE_VALUE:
        fprintf(err, "Invalid value in add command\n");
        print_bad_value(c, &report);
        return false;
    }
    /* The daemon resolves the name itself; here it is a check against typing errors. */
    if (strlen(name) >= CMD_NAME_SIZE || !argument_host(c, name, &addr)) {
        fprintf(err, "Invalid host/IP address\n");
        return false;
    }
    text_copy(add->name, sizeof(add->name), name);
    return true;
}

#define LOCAL_STRATUM_MAX     15
#define LOCAL_DEFAULT_STRATUM 10
#define LOCAL_ORPHAN_WAIT     300.0 /* default of waitunsynced with orphan */

#define OPTION_STRUCT struct cmd_local

static const struct option_row local_options[] = {
    {"activate", OPTION_ANY_REAL(activate, 0.0)},
    {"distance", OPTION_ANY_REAL(distance, 1.0)},
    {"orphan", OPTION_FLAG(orphan)},
    {"stratum", OPTION_INTEGER(stratum, 1, LOCAL_STRATUM_MAX, LOCAL_DEFAULT_STRATUM)},
    {"waitsynced", OPTION_ANY_REAL(wait_synced, 0.0)},
    {"waitunsynced", OPTION_ANY_REAL(wait_unsynced, -1.0)},
};

bool argument_local(char *text, struct cmd_local *local, struct bad_option *bad)
{
    struct options_report report = {0};

    memset(local, 0, sizeof(*local));
    memset(bad, 0, sizeof(*bad));
    if (strcmp(text, "off") == 0)
        return true;

    local->enabled = true;
    options_reset(local_options, COUNT(local_options), local);
    switch (options_parse(local_options, COUNT(local_options), text, local, &report)) {
    case OPTIONS_OK:
        break;
    case OPTIONS_UNKNOWN:
        *bad = (struct bad_option){.word = report.word, .nearest = report.nearest};
        return false;
    case OPTIONS_VALUE:
        return false;
    }
    if (local->wait_unsynced < 0.0)
        local->wait_unsynced = local->orphan ? LOCAL_ORPHAN_WAIT : 0.0;
    return true;
}

/* A word of selectopts that is none: its name without the sign, or all of it. */
static bool fail_select_option(struct bad_option *bad, const char *word)
{
    const char *name = word + (word[0] == '+' || word[0] == '-');
    struct nearest nearest = nearest_start(name);

    for (size_t i = 0; words_select_options[i].value != FIELD_OTHER; i++)
        nearest_offer(&nearest, words_select_options[i].json);
    *bad = (struct bad_option){.word = name, .nearest = nearest.best};
    return false;
}

bool argument_selectopts(struct client *c, char *text, struct cmd_selectopts *opts,
                         struct bad_option *bad)
{
    char *word = text;

    memset(bad, 0, sizeof(*bad));
    text = text_split(text);
    if (!argument_source_or_refid(c, word, &opts->addr, &opts->refid))
        return false;
    while (text[0] != '\0') {
        uint32_t option;

        word = text;
        text = text_split(text);
        if ((word[0] != '+' && word[0] != '-') ||
            !find_word(words_select_options, word + 1, &option))
            return fail_select_option(bad, word);
        opts->mask |= option;
        if (word[0] == '+')
            opts->options |= option;
    }
    return true;
}
