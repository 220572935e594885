/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON document that -j prints for a command: an object, or an array of objects for a report
 * with rows. Reports put their fields here in the order in which they are printed. The library is
 * confined to document.c.
 */
#ifndef CHRONYC_DOCUMENT_H
#define CHRONYC_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct document;

/* NULL: built without the library. */
struct document *document_new(void);
void document_free(struct document *d);
/* Forgets everything: the next command begins. */
void document_clear(struct document *d);

/* The document is an array, to which nothing but rows is added. */
void document_begin_rows(struct document *d);
/* The following fields belong to a new object of the array; without an array it is the document. */
void document_begin_row(struct document *d);

/* Fields. A value that JSON cannot express (infinite, not a number), or a NULL text, is null. */
void document_real(struct document *d, const char *key, double value);
void document_integer(struct document *d, const char *key, int64_t value);
/* A value above INT64_MAX is rounded to what a double holds. */
void document_count(struct document *d, const char *key, uint64_t value);
void document_bool(struct document *d, const char *key, bool value);
void document_text(struct document *d, const char *key, const char *value);
void document_null(struct document *d, const char *key);
/* An object, to which the following fields belong until the next row begins. */
void document_begin_object(struct document *d, const char *key);
/* An array of the document, to which only objects are added. */
void document_begin_list(struct document *d, const char *key);
/* The following fields belong to a new object of the list. */
void document_begin_item(struct document *d);
/* An array, to which the following words belong. */
void document_begin_words(struct document *d, const char *key);
void document_word(struct document *d, const char *word);

/* "501 Not authorised": replaces the document by {"status_code": 501, "status": "Not..."}. */
void document_status(struct document *d, const char *line);
/* Takes that back. */
void document_drop_status(struct document *d);

/* Writes the document and a newline; nothing if there is none. */
void document_write(const struct document *d, FILE *out);

#endif
