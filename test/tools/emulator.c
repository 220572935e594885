/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen behind terminal_client. Sequences that it does not know are ignored, as terminals do.
 */
#include "test/tools/emulator.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define PARAMETERS_MAX 8

struct cell {
    char c;
    bool reversed;
    bool colored;
};

struct emulator {
    int rows, columns;
    int row, column;
    bool reversed, colored; /* of what is written now */
    bool alternate, hidden_cursor;
    struct cell *cells, *other; /* other: the screen that is not shown */
    enum { TEXT, ESCAPE, SEQUENCE } state;
    bool private_sequence; /* begins with ? */
    int parameters[PARAMETERS_MAX];
    int parameter_count;
};

static struct cell *cell_at(const struct emulator *e, int row, int column)
{
    return &e->cells[row * e->columns + column];
}

/* Columns [from, to) of a row. */
static void erase(struct emulator *e, int row, int from, int to)
{
    for (int column = from; column < to; column++)
        *cell_at(e, row, column) = (struct cell){.c = ' '};
}

static void erase_rows(struct emulator *e, int from, int to)
{
    for (int row = from; row < to; row++)
        erase(e, row, 0, e->columns);
}

struct emulator *emulator_new(int rows, int columns)
{
    struct emulator *e = mem_alloc(sizeof(*e));

    e->rows = rows;
    e->columns = columns;
    e->other = mem_array((size_t)(rows * columns), sizeof(*e->cells));
    e->cells = mem_array((size_t)(rows * columns), sizeof(*e->cells));
    erase_rows(e, 0, rows);
    return e;
}

void emulator_free(struct emulator *e)
{
    free(e->cells);
    free(e->other);
    free(e);
}

static void scroll(struct emulator *e)
{
    memmove(e->cells, cell_at(e, 1, 0), (size_t)((e->rows - 1) * e->columns) * sizeof(*e->cells));
    erase(e, e->rows - 1, 0, e->columns);
}

static void line_feed(struct emulator *e)
{
    if (e->row == e->rows - 1)
        scroll(e);
    else
        e->row++;
}

static void put_char(struct emulator *e, char c)
{
    if (e->column == e->columns) {
        e->column = 0;
        line_feed(e);
    }
    *cell_at(e, e->row, e->column++) =
        (struct cell){.c = c, .reversed = e->reversed, .colored = e->colored};
}

static int limit(int value, int max)
{
    return value < 0 ? 0 : value > max ? max : value;
}

static void move(struct emulator *e, int row, int column)
{
    e->row = limit(row, e->rows - 1);
    e->column = limit(column, e->columns - 1);
}

static int parameter(const struct emulator *e, int index, int fallback)
{
    return index < e->parameter_count && e->parameters[index] > 0 ? e->parameters[index] : fallback;
}

static void set_attributes(struct emulator *e)
{
    for (int i = 0; i < (e->parameter_count > 0 ? e->parameter_count : 1); i++) {
        int value = parameter(e, i, 0);

        if (value == 0)
            e->reversed = e->colored = false;
        else if (value == 7)
            e->reversed = true;
        else if (value >= 30 && value <= 37)
            e->colored = true;
    }
}

static void set_mode(struct emulator *e, bool on)
{
    if (!e->private_sequence)
        return;
    if (parameter(e, 0, 0) == 25)
        e->hidden_cursor = !on;
    if (parameter(e, 0, 0) == 1049 && e->alternate != on) {
        struct cell *cells = e->cells;

        e->cells = e->other;
        e->other = cells;
        e->alternate = on;
        if (on)
            erase_rows(e, 0, e->rows);
    }
}

static void insert_chars(struct emulator *e, int count)
{
    count = limit(count, e->columns - e->column);
    for (int column = e->columns - 1; column >= e->column + count; column--)
        *cell_at(e, e->row, column) = *cell_at(e, e->row, column - count);
    erase(e, e->row, e->column, e->column + count);
}

static void delete_chars(struct emulator *e, int count)
{
    count = limit(count, e->columns - e->column);
    for (int column = e->column; column < e->columns - count; column++)
        *cell_at(e, e->row, column) = *cell_at(e, e->row, column + count);
    erase(e, e->row, e->columns - count, e->columns);
}

static void erase_in_line(struct emulator *e)
{
    int which = parameter(e, 0, 0);

    erase(e, e->row, which == 0 ? limit(e->column, e->columns) : 0,
          which == 1 ? limit(e->column + 1, e->columns) : e->columns);
}

static void erase_in_screen(struct emulator *e)
{
    if (parameter(e, 0, 0) == 2) {
        erase_rows(e, 0, e->rows);
    } else if (parameter(e, 0, 0) == 0) {
        erase(e, e->row, limit(e->column, e->columns), e->columns);
        erase_rows(e, e->row + 1, e->rows);
    }
}

static void run_sequence(struct emulator *e, char final)
{
    int n = parameter(e, 0, 1);

    switch (final) {
    case 'A':
        move(e, e->row - n, e->column);
        break;
    case 'B':
        move(e, e->row + n, e->column);
        break;
    case 'C':
        move(e, e->row, e->column + n);
        break;
    case 'D':
        move(e, e->row, e->column - n);
        break;
    case 'G':
        move(e, e->row, n - 1);
        break;
    case 'H':
        move(e, n - 1, parameter(e, 1, 1) - 1);
        break;
    case 'J':
        erase_in_screen(e);
        break;
    case 'K':
        erase_in_line(e);
        break;
    case 'P':
        delete_chars(e, n);
        break;
    case '@':
        insert_chars(e, n);
        break;
    case 'm':
        set_attributes(e);
        break;
    case 'h':
        set_mode(e, true);
        break;
    case 'l':
        set_mode(e, false);
        break;
    default:
        break;
    }
}

static void feed_sequence(struct emulator *e, char c)
{
    if (c == '?') {
        e->private_sequence = true;
    } else if (c >= '0' && c <= '9') {
        if (e->parameter_count == 0)
            e->parameter_count = 1;
        int *value = &e->parameters[e->parameter_count - 1];
        *value = limit(*value, 9999) * 10 + (c - '0');
    } else if (c == ';') {
        if (e->parameter_count == 0)
            e->parameter_count = 1;
        if (e->parameter_count < PARAMETERS_MAX)
            e->parameters[e->parameter_count++] = 0;
    } else if (c >= '@') {
        run_sequence(e, c);
        e->state = TEXT;
    }
}

static void feed_text(struct emulator *e, char c)
{
    if (c == '\r')
        e->column = 0;
    else if (c == '\n')
        line_feed(e);
    else if (c == '\b')
        move(e, e->row, e->column - 1);
    else if (c == '\t')
        move(e, e->row, (e->column / 8 + 1) * 8);
    else if (c >= ' ' && c <= '~')
        put_char(e, c);
}

void emulator_feed(struct emulator *e, const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '\033') {
            e->state = ESCAPE;
        } else if (e->state == ESCAPE) {
            e->state = data[i] == '[' ? SEQUENCE : TEXT;
            e->private_sequence = false;
            e->parameter_count = 0;
            memset(e->parameters, 0, sizeof(e->parameters));
        } else if (e->state == SEQUENCE) {
            feed_sequence(e, data[i]);
        } else {
            feed_text(e, data[i]);
        }
    }
}

static char *get_text(const struct emulator *e, bool (*shown)(const struct cell *cell))
{
    char *text = mem_alloc((size_t)(e->rows * (e->columns + 1)) + 1);
    size_t length = 0;

    for (int row = 0; row < e->rows; row++) {
        size_t end = length;

        for (int column = 0; column < e->columns; column++) {
            const struct cell *cell = cell_at(e, row, column);

            text[length++] = shown(cell) ? cell->c : ' ';
            if (text[length - 1] != ' ')
                end = length;
        }
        length = end;
        text[length++] = '\n';
    }
    text[length] = '\0';
    return text;
}

static bool is_any(const struct cell *cell)
{
    return cell->c != '\0';
}

static bool is_reversed(const struct cell *cell)
{
    return cell->reversed;
}

static bool is_colored(const struct cell *cell)
{
    return cell->colored;
}

char *emulator_text(const struct emulator *e)
{
    return get_text(e, is_any);
}

char *emulator_reversed(const struct emulator *e)
{
    return get_text(e, is_reversed);
}

char *emulator_colored(const struct emulator *e)
{
    return get_text(e, is_colored);
}

bool emulator_is_alternate(const struct emulator *e)
{
    return e->alternate;
}

bool emulator_shows_cursor(const struct emulator *e)
{
    return !e->hidden_cursor;
}
