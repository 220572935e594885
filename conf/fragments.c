/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which fragments are read and in which order. Called for confdir (with the file system) and for
 * sourcedir (with struct world); it opens nothing itself.
 */
#include "conf/directories.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"

struct fragment {
    char *name;
    char *path;
    int directory; /* position in the list */
};

struct fragment_list {
    struct fragment *items;
    size_t count;
};

static int compare_fragments(const void *a, const void *b)
{
    const struct fragment *x = a, *y = b;
    int r = strcmp(x->name, y->name);

    return r != 0 ? r : (x->directory > y->directory) - (x->directory < y->directory);
}

static char *join_path(const char *directory, const char *name)
{
    size_t length = strlen(directory) + 1 + strlen(name) + 1;
    char *path = mem_alloc(length);

    snprintf(path, length, "%s/%s", directory, name);
    return path;
}

static void add_directory(struct fragment_list *list, int index, const char *directory,
                          const char *suffix, list_files_function list_files, void *arg)
{
    /* The path is a pattern, in which these characters have a meaning. */
    if (strpbrk(directory, "*?[\\"))
        return;
    errno = 0;
    char **names = list_files(arg, directory, suffix);
    if (!names) {
        /* A missing directory is no problem. */
        if (errno != 0 && errno != ENOENT)
            LOG_WARN("Could not read directory %s : %s", directory, text_errno(errno));
        return;
    }

    for (size_t i = 0; names[i]; i++) {
        list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = (struct fragment){
            .name = names[i], .path = join_path(directory, names[i]), .directory = index};
    }
    free(names);
}

/* Takes the paths over, the first of each name. */
static char **take_paths(struct fragment_list *list)
{
    char **paths = mem_array(list->count + 1, sizeof(*paths));
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (i > 0 && strcmp(list->items[i].name, list->items[i - 1].name) == 0)
            free(list->items[i].path);
        else
            paths[count++] = list->items[i].path;
    }
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].name);
    free(list->items);
    return paths;
}

char **fragment_search(char *directories, const char *suffix, list_files_function list_files,
                       void *arg)
{
    int count = text_count_words(directories);
    struct fragment_list list = {0};

    if (count < 1 || count > CONF_MAX_DIRECTORIES)
        return NULL;

    for (int i = 0; i < count; i++) {
        char *directory = directories;

        directories = text_split(directories);
        add_directory(&list, i, directory, suffix, list_files, arg);
    }
    if (list.count > 1)
        qsort(list.items, list.count, sizeof(*list.items), compare_fragments);
    return take_paths(&list);
}

void path_list_free(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}
