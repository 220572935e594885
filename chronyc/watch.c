/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report again and again, see watch.h, and the command watch. The screen is always given back as
 * it was.
 */
#include "chronyc/watch.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyc/commands.h"
#include "chronyc/grid.h"
#include "chronyc/style.h"

#define DEFAULT_INTERVAL 2.0
#define MIN_INTERVAL     0.1
#define TITLE_ROWS       2 /* the title and an empty row */

#define SCREEN_ENTER "\033[?1049h\033[?25l\033[2J" /* alternate screen, no cursor, clear */
#define SCREEN_LEAVE "\033[?25h\033[?1049l"

struct watch {
    struct client *client;
    const struct watched *watched;
    struct grid *grid;
};

/* Cuts an interval off the end of the line. A number behind -p belongs to clients. */
static double split_interval(char *line)
{
    char *last = strrchr(line, ' ');
    double interval;
    size_t used;

    if (!last || !text_scan_double(last + 1, &interval, &used) || last[1 + used] != '\0')
        return DEFAULT_INTERVAL;
    if (last - line >= 3 && strncmp(last - 3, " -p", 3) == 0)
        return DEFAULT_INTERVAL;
    *last = '\0';
    return interval >= MIN_INTERVAL ? interval : MIN_INTERVAL;
}

static bool is_watchable(const char *line)
{
    char *name = text_dup(line), *args = text_split(name);
    const struct command *cmd = command_find(name);
    bool result =
        cmd && cmd->watchable && (strcmp(name, "manual") != 0 || strncmp(args, "list", 4) == 0);

    free(name);
    return result;
}

/* arg: a normalised command line. */
static bool run_report(struct client *c, void *arg)
{
    char *line = text_dup(arg);
    bool result = command_run(c, line);

    free(line);
    return result;
}

static bool print_report(const struct watch *w)
{
    return w->watched->print(w->client, w->watched->arg);
}

static bool has_quit(const struct client *c)
{
    return c->env->quit(c->env->ctx);
}

static bool watch_plain(struct watch *w)
{
    struct client *c = w->client;
    const struct environment *env = c->env;

    for (;;) {
        bool result = print_report(w);

        fflush(env->err);
        /* What cannot be written is reported for the whole command. */
        if (fflush(env->out) != 0 || ferror(env->out))
            return false;
        if (has_quit(c) || !env->pause(env->ctx, w->watched->interval))
            return result;
        if (!c->csv && !c->json)
            fputc('\n', env->out);
    }
}

struct output {
    char *out;
    char *err;
    bool result;
};

/* The report as text instead of on the terminal. */
static struct output capture(struct watch *w)
{
    struct client *c = w->client;
    const struct environment *real = c->env;
    struct environment env = *real;
    struct output output = {0};
    size_t out_size, err_size;

    env.out = open_memstream(&output.out, &out_size);
    env.err = open_memstream(&output.err, &err_size);
    if (!env.out || !env.err)
        LOG_FATAL("Could not allocate memory");
    c->env = &env;
    output.result = print_report(w);
    c->env = real;
    fclose(env.out);
    fclose(env.err);
    return output;
}

static void output_free(struct output *output)
{
    free(output->out);
    free(output->err);
}

/* "Every 2 s: sources", what is hidden, and the time at the right. */
static void draw_title(const struct watch *w, int hidden, int columns, FILE *out)
{
    const struct environment *env = w->client->env;
    char now[32], more[48] = "", title[256];

    instant_format_utc(env->now(env->ctx), now, sizeof(now));
    if (hidden > 0)
        snprintf(more, sizeof(more), " (%d more lines)", hidden);
    snprintf(title, sizeof(title), "Every %g s: %s%s", w->watched->interval, w->watched->title,
             more);
    int length = columns - (int)strlen(now) - 1;
    fprintf(out, "\033[1;1H\033[1m%.*s\033[0m\033[K", columns, title);
    if (length > (int)strlen(title))
        fprintf(out, "\033[1;%dH%s", length + 2, now);
    fputs("\033[2;1H\033[K", out);
}

static void draw(struct watch *w, const struct output *output)
{
    const struct environment *env = w->client->env;
    int rows, columns;

    env->screen_size(env->ctx, &rows, &columns);
    rows = rows > TITLE_ROWS ? rows - TITLE_ROWS : 1;
    struct grid *grid = grid_new(rows, columns);
    int hidden = grid_set_text(grid, output->out[0] != '\0' ? output->out : output->err);
    if (w->grid && w->watched->marks_changes)
        grid_mark_changes(grid, w->grid);
    draw_title(w, hidden, columns, env->out);
    grid_draw(grid, TITLE_ROWS + 1, env->out);
    fflush(env->out);
    grid_free(w->grid);
    w->grid = grid;
}

/* False: the user ends it. Keys without a meaning show the report again at once. */
static bool wait_for_key(const struct watch *w)
{
    const struct environment *env = w->client->env;
    int key = has_quit(w->client) ? 0 : env->screen_key(env->ctx, w->watched->interval);

    return !has_quit(w->client) && key != 'q' && key != 'Q' && key != -1 && !ferror(env->out);
}

static bool watch_screen(struct watch *w)
{
    const struct environment *env = w->client->env;
    struct output output = capture(w);
    bool wrong = !output.result && output.err[0] != '\0';

    if (wrong) {
        /* Arguments that will not get better. */
        fputs(output.err, env->err);
        output_free(&output);
        return false;
    }
    if (!env->screen_enter(env->ctx)) {
        output_free(&output);
        return watch_plain(w);
    }
    fputs(SCREEN_ENTER, env->out);
    draw(w, &output);
    output_free(&output);
    while (wait_for_key(w)) {
        output = capture(w);
        if (!has_quit(w->client))
            draw(w, &output);
        output_free(&output);
    }
    fputs(SCREEN_LEAVE, env->out);
    fflush(env->out);
    env->screen_leave(env->ctx);
    grid_free(w->grid);
    return true;
}

bool watch_show(struct client *c, const struct watched *watched)
{
    struct watch w = {.client = c, .watched = watched};
    const struct environment *env = c->env;

    /* The lines of JSON are for programs. */
    bool result = env->terminal && !c->json ? watch_screen(&w) : watch_plain(&w);
    if (env->terminal)
        env->forget_interrupt(env->ctx);
    return result;
}

bool run_watch(struct client *c, char *args)
{
    double interval = split_interval(args);
    struct watched watched = {args, interval, true, run_report, args};

    if (!is_watchable(args)) {
        fprintf(c->env->err, "Only reports can be watched\n");
        return false;
    }
    return watch_show(c, &watched);
}
