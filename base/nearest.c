/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edit distance with exchange of neighbours (optimal string alignment), and what counts as near.
 * Pure: no allocation, bounded work whatever the input is.
 */
#include "base/nearest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LENGTH_MAX         31
#define PREFIX_MIN         2
#define LETTERS_PER_CHANGE 3

struct nearest nearest_start(const char *word)
{
    return (struct nearest){.word = word, .best = NULL, .distance = SIZE_MAX};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(char a, char b)
{
    return lower(a) == lower(b);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LENGTH_MAX + 1]; /* the current one and the two before it */
    size_t *row = rows[0], *previous = rows[1], *before = rows[2];

    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *free_row = before;

        before = previous;
        previous = row;
        row = free_row;
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = smaller(previous[j], row[j - 1]) + 1;
            row[j] = smaller(row[j], previous[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    return row[b_length];
}

static bool begins_with(const char *text, const char *prefix)
{
    while (prefix[0] != '\0' && same(text[0], prefix[0])) {
        text++;
        prefix++;
    }
    return prefix[0] == '\0';
}

void nearest_offer(struct nearest *n, const char *candidate)
{
    size_t length = strnlen(n->word, LENGTH_MAX + 1);
    size_t candidate_length = strnlen(candidate, LENGTH_MAX + 1);

    if (length > LENGTH_MAX || candidate_length > LENGTH_MAX)
        return;
    size_t distance = edit_distance(n->word, length, candidate, candidate_length);
    if (distance > length / LETTERS_PER_CHANGE &&
        !(length >= PREFIX_MIN && begins_with(candidate, n->word)))
        return;
    if (distance < n->distance) {
        n->best = candidate;
        n->distance = distance;
    }
}
