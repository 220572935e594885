/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grid behind watch. Sequences for positions and attributes are those of ECMA-48, which all
 * terminals in use understand.
 */
#include "chronyc/grid.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/style.h"

/* A block character of sparkline.h, in UTF-8, is this and one octet more. */
#define BLOCK_PREFIX      "\xe2\x96"
#define BLOCK_PREFIX_SIZE 2
#define BLOCK_FIRST       '\x81'
#define BLOCK_LAST        '\x88'

struct cell {
    char c; /* printable, or the last octet of a block character */
    bool changed;
    enum style style;
};

struct grid {
    int rows;
    int columns;
    struct cell *cells; /* row by row */
};

static struct cell *cell_at(const struct grid *f, int row, int column)
{
    return &f->cells[(size_t)row * (size_t)f->columns + (size_t)column];
}

static void clear(struct grid *f)
{
    for (int row = 0; row < f->rows; row++)
        for (int column = 0; column < f->columns; column++)
            *cell_at(f, row, column) = (struct cell){.c = ' ', .style = STYLE_PLAIN};
}

struct grid *grid_new(int rows, int columns)
{
    struct grid *f = mem_alloc(sizeof(*f));

    f->rows = rows > 0 ? rows : 1;
    f->columns = columns > 0 ? columns : 1;
    f->cells = mem_array((size_t)f->rows * (size_t)f->columns, sizeof(*f->cells));
    clear(f);
    return f;
}

void grid_free(struct grid *f)
{
    if (!f)
        return;
    free(f->cells);
    free(f);
}

bool grid_has_size(const struct grid *f, int rows, int columns)
{
    return f->rows == rows && f->columns == columns;
}

static bool is_block(char c)
{
    return c >= BLOCK_FIRST && c <= BLOCK_LAST;
}

/* Puts the character that the text begins with into a cell. Returns its octets. */
static size_t put_cell(struct grid *f, int row, int column, const char *text, enum style style)
{
    bool block =
        strncmp(text, BLOCK_PREFIX, BLOCK_PREFIX_SIZE) == 0 && is_block(text[BLOCK_PREFIX_SIZE]);
    char c = block ? text[BLOCK_PREFIX_SIZE] : text[0];

    if (row < f->rows && column < f->columns) {
        cell_at(f, row, column)->c = block || (c >= ' ' && c <= '~') ? c : '?';
        cell_at(f, row, column)->style = style;
    }
    return block ? BLOCK_PREFIX_SIZE + 1 : 1;
}

int grid_set_text(struct grid *f, const char *text)
{
    enum style style = STYLE_PLAIN;
    int row = 0, column = 0;

    clear(f);
    while (text[0] != '\0') {
        size_t length;
        enum style found = style_find(text, &length);

        if (found != STYLE_COUNT) {
            style = found;
            text += length;
            continue;
        }
        if (text[0] == '\n') {
            row++;
            column = 0;
            text++;
        } else {
            text += put_cell(f, row, column++, text, style);
        }
    }
    if (column > 0)
        row++; /* a last line without newline */
    return row > f->rows ? row - f->rows : 0;
}

/* End of the word that begins at the column. */
static int word_end(const struct grid *f, int row, int column)
{
    while (column < f->columns && cell_at(f, row, column)->c != ' ')
        column++;
    return column;
}

static bool word_differs(const struct grid *f, const struct grid *previous, int row, int start,
                         int end)
{
    for (int column = start; column < end; column++)
        if (cell_at(f, row, column)->c != cell_at(previous, row, column)->c)
            return true;
    /* The old word was longer. */
    return end < f->columns && cell_at(previous, row, end)->c != ' ';
}

void grid_mark_changes(struct grid *f, const struct grid *previous)
{
    if (!grid_has_size(previous, f->rows, f->columns))
        return;
    for (int row = 0; row < f->rows; row++) {
        int column = 0;

        while (column < f->columns) {
            int end = word_end(f, row, column);
            bool changed = end > column && word_differs(f, previous, row, column, end);

            while (column < end)
                cell_at(f, row, column++)->changed = changed;
            column++;
        }
    }
}

static void draw_row(const struct grid *f, int row, FILE *out)
{
    enum style style = STYLE_PLAIN;
    bool changed = false;
    int length = f->columns;

    while (length > 0 && cell_at(f, row, length - 1)->c == ' ')
        length--;
    for (int column = 0; column < length; column++) {
        const struct cell *cell = cell_at(f, row, column);

        if (cell->style != style || cell->changed != changed) {
            style = cell->style;
            changed = cell->changed;
            fputs(style_sequence(style), out);
            if (changed)
                fputs("\033[7m", out);
        }
        if (is_block(cell->c))
            fputs(BLOCK_PREFIX, out);
        fputc(cell->c, out);
    }
    fputs("\033[0m", out);
    if (length < f->columns)
        fputs("\033[K", out); /* behind a full row it would erase the last character */
}

void grid_draw(const struct grid *f, int first_row, FILE *out)
{
    for (int row = 0; row < f->rows; row++) {
        fprintf(out, "\033[%d;1H", first_row + row);
        draw_row(f, row, out);
    }
}
