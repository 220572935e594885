/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Table of places and their processes; see process_table.h. The fork server and the process itself
 * both tell of a start, in either order, so that each is good for a new row or a new process.
 */
#include "process/process_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"

/* Generations of helpers: one that serves, one that starts, and those that drain. More than the
   fork server lets live. */
#define MAX_GENERATIONS 6

struct process_table {
    struct process_row *rows; /* sorted */
    size_t count;
};

struct process_table *process_table_new(void)
{
    return mem_alloc(sizeof(struct process_table));
}

static void close_file(struct process_row *row)
{
    if (row->status_file >= 0)
        close(row->status_file);
    row->status_file = -1;
}

void process_table_free(struct process_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->count; i++)
        close_file(&table->rows[i]);
    free(table->rows);
    free(table);
}

static int compare(const struct process_place *a, const struct process_place *b)
{
    if (a->role != b->role)
        return a->role < b->role ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->generation == b->generation ? 0 : a->generation < b->generation ? -1 : 1;
}

static void remove_row(struct process_table *table, size_t index)
{
    close_file(&table->rows[index]);
    table->count--;
    memmove(&table->rows[index], &table->rows[index + 1],
            (table->count - index) * sizeof(*table->rows));
}

static bool is_same_helper(const struct process_place *a, const struct process_place *b)
{
    return a->role == b->role && a->number == b->number;
}

/* The row for a place, before which those of older generations are. */
static struct process_row *insert(struct process_table *table, size_t index,
                                  const struct process_place *place)
{
    uint32_t restarts = 0;
    size_t older = 0;

    while (older < index && is_same_helper(&table->rows[index - older - 1].place, place))
        older++;
    if (older > 0)
        restarts = table->rows[index - 1].restarts;
    if (older >= MAX_GENERATIONS) {
        index -= older;
        remove_row(table, index);
        index += older - 1;
    }
    table->rows = mem_resize(table->rows, table->count + 1, sizeof(*table->rows));
    memmove(&table->rows[index + 1], &table->rows[index],
            (table->count - index) * sizeof(*table->rows));
    table->count++;
    table->rows[index] =
        (struct process_row){.place = *place, .status_file = -1, .restarts = restarts};
    return &table->rows[index];
}

static struct process_row *row_of(struct process_table *table, const struct process_place *place)
{
    size_t i = 0;

    while (i < table->count && compare(&table->rows[i].place, place) < 0)
        i++;
    if (i < table->count && compare(&table->rows[i].place, place) == 0)
        return &table->rows[i];
    return insert(table, i, place);
}

void process_table_expect(struct process_table *table, const struct process_place *place)
{
    row_of(table, place);
}

void process_table_started(struct process_table *table, const struct process_place *place,
                           pid_t pid)
{
    struct process_row *row = row_of(table, place);

    if (row->pid == pid)
        return;
    row->restarts += row->pid != 0;
    row->pid = pid;
    row->rests = false;
    close_file(row);
}

void process_table_rest(struct process_table *table, const struct process_place *place)
{
    struct process_row *row = row_of(table, place);

    row->pid = 0;
    row->rests = true;
    close_file(row);
}

void process_table_facts(struct process_table *table, const struct process_place *place, pid_t pid,
                         int status_file)
{
    process_table_started(table, place, pid);
    struct process_row *row = row_of(table, place);
    close_file(row);
    row->status_file = status_file;
}

size_t process_table_count(const struct process_table *table)
{
    return table->count;
}

const struct process_row *process_table_row(const struct process_table *table, size_t index)
{
    return index < table->count ? &table->rows[index] : NULL;
}
