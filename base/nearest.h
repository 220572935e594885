/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The word of a list that a misspelt one was probably meant to be. Used for error messages by the
 * configuration parser and by chronyc.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* The best candidate so far. */
struct nearest {
    const char *word; /* as typed */
    const char *best; /* NULL: none is near */
    size_t distance;
};

/* A search without a candidate. The word has to outlive it. */
struct nearest nearest_start(const char *word);

/*
 * Offers a candidate, which is compared without regard to case and has to outlive the search. It is
 * near if the word is its beginning (at least two characters), or is turned into it by one
 * insertion, deletion, replacement or exchange of neighbours for every three characters of the
 * word. Of equally near ones the first is kept. Words longer than 31 characters are never near.
 */
void nearest_offer(struct nearest *n, const char *candidate);

#endif
