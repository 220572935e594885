/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The course of the program: options, user, banner, connection, then the commands of the command
 * line or of standard input (chronyc.md 2 and 3.1). Called by main and by tests.
 */
#include "chronyc/client.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/commands.h"
#include "chronyc/program_options.h"
#include "config.h"

#define LINE_SIZE 2048 /* terminator included */
#define PROMPT    "chronyc> "

static void print_banner(FILE *out)
{
    fprintf(out,
            "chrony version %s\n"
            "Copyright (C) the authors of this program.\n"
            "It comes with ABSOLUTELY NO WARRANTY. This is free software: you may\n"
            "redistribute it under the terms of the GNU General Public License,\n"
            "version 2 or later.\n\n",
            CHRONY_VERSION);
}

/* Each word is followed by a space, which counts. */
static bool append_word(struct client *c, char *line, size_t *length, const char *word)
{
    size_t word_length = strlen(word);

    if (*length + word_length + 1 >= LINE_SIZE) {
        fprintf(c->env->err, "Command too long\n");
        return false;
    }
    memcpy(line + *length, word, word_length);
    *length += word_length;
    line[(*length)++] = ' ';
    line[*length] = '\0';
    return true;
}

static bool run_arguments(struct client *c, int argc, char **argv, bool separate)
{
    char line[LINE_SIZE] = "";
    size_t length = 0;
    bool result = true;

    for (int i = 0; i < argc; i++) {
        if (!append_word(c, line, &length, argv[i]))
            return false;
        if (!separate && i + 1 < argc)
            continue;
        result = client_run_line(c, line);
        if (!result || c->finished)
            break;
        length = 0;
    }
    return result;
}

/* A long line is run in pieces, each as a line of its own. */
static bool run_pieces(struct client *c, const char *text)
{
    char line[LINE_SIZE];
    bool result;

    do {
        size_t length = strnlen(text, LINE_SIZE - 1);

        memcpy(line, text, length);
        line[length] = '\0';
        text += length;
        result = client_run_line(c, line);
    } while (text[0] != '\0' && !c->finished);
    return result;
}

static bool run_input(struct client *c)
{
    const struct environment *env = c->env;
    bool result = true;

    while (!c->finished && !env->quit(env->ctx)) {
        char *line = env->read_line(env->ctx, env->terminal ? PROMPT : NULL);

        if (!line) {
            if (env->terminal)
                fprintf(env->out, "\n");
            break;
        }
        result = run_pieces(c, line);
        free(line);
    }
    return result;
}

/* The first command of the command line; NULL if there is none or it is unknown. */
static const struct command *first_command(int argc, char *const *argv)
{
    char line[LINE_SIZE];

    if (argc <= 0 || !text_copy(line, sizeof(line), argv[0]))
        return NULL;
    text_normalise(line);
    text_split(line);
    return command_find(line);
}

/* Returns the exit status. */
static int run_client(const struct client_options *options, const struct command *first, int argc,
                      char **argv, const struct environment *env)
{
    struct client c;
    bool result;

    client_init(&c, env);
    c.family = options->family;
    c.numeric = options->numeric;
    c.original_names = options->original_names;
    c.csv = options->csv && !options->json;
    if (options->json) {
        c.json = document_new();
        c.numeric = true; /* as with CSV */
    }
    c.color = options->color == COLOR_ALWAYS || (options->color == COLOR_AUTO && env->colors);
    c.dots = options->dots;
    c.wide = options->wide;
    c.debug = options->debug;

    if (env->terminal && argc == 0)
        print_banner(env->out);
    client_add_hosts(&c, options->hosts, options->port);
    if (!(first && first->offline) && !client_connect(&c)) {
        fprintf(env->err, "Could not open connection to daemon\n");
        result = false;
    } else if (argc > 0) {
        result = run_arguments(&c, argc, argv, options->separate);
    } else {
        result = run_input(&c);
    }
    client_free(&c);
    return result ? EXIT_SUCCESS : c.exit_status;
}

int chronyc_run(int argc, char **argv, const struct environment *env)
{
    struct client_options options;

    switch (client_options_parse(&options, argc, argv, env->out)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_DONE:
        return EXIT_SUCCESS;
    case OPTIONS_WRONG:
        return EXIT_FAILURE;
    }
    argc -= options.first_argument;
    argv += options.first_argument;
    const struct command *first = first_command(argc, argv);
    if (!options.user && !(first && first->keeps_user))
        options.user = DEFAULT_CHRONYC_USER;
    if (options.user && !env->change_user(env->ctx, options.user))
        return EXIT_FAILURE;
    return run_client(&options, first, argc, argv, env);
}
