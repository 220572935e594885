/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads configuration files and what they include: include, confdir, nesting (config.md 6), and the
 * .sources files (config.md 7). Called at start for the former, when sources are loaded for the
 * latter, which goes through struct world. It must never change anything on disk.
 */
#include "conf/directories.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/line_reader.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "base/world.h"
#include "conf/directive.h"

#define MAX_INCLUDE_LEVEL 10

static_assert(TEXT_LINE_SIZE == 2049, "2047 octets with the newline are the longest line");

/* A read error at the end of a file. A pattern may match directories, too. */
static bool end_of_file(struct parser *p, FILE *stream, bool found_by_pattern)
{
    if (!ferror(stream))
        return true;
    if (errno == EISDIR && found_by_pattern) {
        LOG_WARN("Could not read %s : %s", p->file, text_errno(errno));
        return true;
    }
    return conf_fail(p->error, "Could not read %s : %s", p->file, text_errno(errno));
}

static bool read_lines(struct parser *p, FILE *stream, bool found_by_pattern)
{
    struct line_reader reader = line_reader_start(stream, p->file);

    for (;;) {
        bool ok = true;

        errno = 0;
        switch (line_reader_next(&reader)) {
        case LINE_OK:
            p->line = reader.number;
            ok = parser_evaluate(p, reader.line);
            break;
        case LINE_TOO_LONG:
            p->line = reader.number;
            ok = parser_refuse_long_line(p);
            break;
        case LINE_END:
            return end_of_file(p, stream, found_by_pattern);
        }
        if (ok)
            continue;
        if (p->env->watch || !p->fragment || !p->bad_line)
            return false;
        LOG_WARN("%s; line ignored", p->error->message);
    }
}

/* A file that is named may be a pipe. A file found in a directory may be anything, and must not be
   waited for. */
static FILE *open_file(const struct conf_env *env, const char *path, bool found_by_pattern)
{
    if (env->watch)
        return env->watch->open(path, !found_by_pattern, env->watch->arg);
    return found_by_pattern ? file_open_read(path) : file_open_input(path);
}

/* Reads a file one level below the parser's. */
static bool read_file(const struct parser *parent, const char *path, bool found_by_pattern)
{
    struct parser p = *parent;

    p.level++;
    p.file = path;
    p.line = 0;
    if (p.level > MAX_INCLUDE_LEVEL)
        return conf_fail(p.error, "Maximum include level reached");

    FILE *stream = open_file(p.env, path, found_by_pattern);
    if (!stream && found_by_pattern && (errno == EISDIR || errno == ERRNO_NOT_A_FILE)) {
        LOG_WARN("Could not read %s : %s", path, text_errno(errno));
        return true;
    }
    if (!stream)
        return conf_fail(p.error, "Could not open %s : %s", path, text_errno(errno));
    bool ok = read_lines(&p, stream, found_by_pattern);
    fclose(stream);
    return ok;
}

bool conf_read_file(struct conf *conf, const struct conf_env *env, const char *path,
                    struct conf_error *error)
{
    struct parser p = {.conf = conf, .env = env, .error = error};

    return read_file(&p, path, false);
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool directive_include(struct parser *p, const struct directive *d, char *args)
{
    glob_t found;
    bool ok = true;

    if (!parser_check_words(p, args, 1, 1))
        return false;
    if (!strpbrk(args, "*?[")) {
        if (!is_directory(args))
            return read_file(p, args, false);
        /* A directory in place of a file is worth a warning. */
        parser_warn(p, "Nothing is included from the directory %s (did you mean confdir?)", args);
        return true;
    }

    int r = glob(args, GLOB_ERR | GLOB_NOSORT, NULL, &found);
    if (r == GLOB_NOMATCH) {
        LOG_DEBUG("glob of %s failed", args);
        return true;
    }
    if (r != 0)
        return conf_fail(p->error, "Could not search for files matching %s", args);

    qsort(found.gl_pathv, found.gl_pathc, sizeof(found.gl_pathv[0]), compare_paths);
    for (size_t i = 0; ok && i < found.gl_pathc; i++)
        ok = read_file(p, found.gl_pathv[i], true);
    globfree(&found);
    return ok;
}

static bool ends_in(const char *text, const char *suffix)
{
    size_t a = strlen(text), b = strlen(suffix);

    return a >= b && strcmp(text + a - b, suffix) == 0;
}

static char **list_directory(void *ctx, const char *directory, const char *suffix)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    char **names = NULL;
    size_t count = 0;

    if (!dir)
        return NULL;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || !ends_in(entry->d_name, suffix))
            continue;
        names = mem_resize(names, count + 2, sizeof(*names));
        names[count++] = text_dup(entry->d_name);
        names[count] = NULL;
    }
    closedir(dir);
    return names;
}

bool directive_confdir(struct parser *p, const struct directive *d, char *args)
{
    char **paths = fragment_search(args, ".conf", list_directory, NULL);
    struct parser fragment = *p;
    bool ok = true;

    if (!paths)
        return parser_fail_parse(p);
    fragment.fragment = true;
    for (size_t i = 0; ok && paths[i]; i++)
        ok = read_file(&fragment, paths[i], true);
    path_list_free(paths);
    return ok;
}

struct source_list {
    struct source_conf *items;
    size_t count;
};

/* A line of a .sources file, which may be changed. False: error is set. */
static bool read_source_line(struct parser *p, struct source_list *list, char *line)
{
    static const struct {
        const char *word;
        enum source_kind kind;
        bool pool;
    } kinds[] = {
        {"server", SOURCE_SERVER, false},
        {"pool", SOURCE_SERVER, true},
        {"peer", SOURCE_PEER, false},
    };

    text_normalise(line);
    if (line[0] == '\0')
        return true;
    char *args = text_split(line);
    bool comment = parser_has_comment(args);
    p->word = line;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct source_conf source = {.kind = kinds[i].kind, .pool = kinds[i].pool};

        if (!text_equal_nocase(line, kinds[i].word))
            continue;
        if (!parser_source(p, args, &source))
            return comment ? parser_explain_comment(p) : false;
        list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = source;
        return true;
    }
    if (directive_find(line))
        return parser_fail(p, "Not a server, pool or peer directive: %s", line);
    return parser_fail_unknown(p);
}

/* An incomplete line is ignored: the file may not be written completely yet. */
static void read_source_lines(struct parser *p, struct source_list *list, FILE *stream)
{
    struct line_reader reader = line_reader_start(stream, p->file);
    enum line_result result;

    errno = 0;
    while ((result = line_reader_next(&reader)) != LINE_END) {
        bool ok;

        p->line = reader.number;
        if (result == LINE_TOO_LONG)
            ok = parser_fail(p, "String too long");
        else if (reader.complete)
            ok = read_source_line(p, list, reader.line);
        else
            ok = reader.line[0] == '\0' || parser_fail(p, "Missing end of line");
        if (!ok)
            LOG_WARN("%s; line ignored", p->error->message);
        errno = 0;
    }
    if (ferror(stream))
        LOG_WARN("Could not read %s : %s", p->file, text_errno(errno));
}

static void read_sources(struct source_list *list, const struct world *world, const char *path)
{
    FILE *stream = world->ops->file_read(world->ctx, path);
    struct conf_error error;
    struct parser p = {.error = &error, .file = path};

    if (!stream) {
        LOG_WARN("Could not open %s : %s", path, text_errno(errno));
        return;
    }
    read_source_lines(&p, list, stream);
    fclose(stream);
}

struct source_conf *conf_read_source_dirs(const struct conf_strings *dirs,
                                          const struct world *world, size_t *count)
{
    struct source_list list = {0};

    for (size_t i = 0; i < dirs->count; i++) {
        char *directories = text_dup(dirs->items[i]);
        char **paths = fragment_search(directories, ".sources", world->ops->list_files, world->ctx);

        for (size_t j = 0; paths && paths[j]; j++)
            read_sources(&list, world, paths[j]);
        path_list_free(paths);
        free(directories);
    }
    *count = list.count;
    return list.items;
}

void source_conf_list_free(struct source_conf *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].name);
    free(list);
}
