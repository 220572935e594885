/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON documents by libjansson, which keeps the order of insertion and prints enough digits for
 * every double to be read back identically. Without the library there is no document, and the
 * option -j does not exist; the functions are there for the linker only.
 */
#include "chronyc/document.h"

#include "config.h"

#ifdef FEAT_JSON

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

struct document {
    json_t *root;   /* of the report; NULL: nothing was put yet */
    json_t *object; /* that fields go to, owned by root or root itself */
    json_t *list;   /* array that items go to, owned by the document */
    json_t *words;  /* array that words go to, owned by an object */
    json_t *status; /* printed instead of root; NULL: none */
};

struct document *document_new(void)
{
    return mem_alloc(sizeof(struct document));
}

void document_clear(struct document *d)
{
    json_decref(d->root);
    json_decref(d->status);
    memset(d, 0, sizeof(*d));
}

void document_free(struct document *d)
{
    if (!d)
        return;
    document_clear(d);
    free(d);
}

void document_begin_rows(struct document *d)
{
    document_clear(d);
    d->root = json_array();
}

void document_begin_row(struct document *d)
{
    d->object = json_object();
    if (d->root)
        json_array_append_new(d->root, d->object);
    else
        d->root = d->object;
}

/* Takes the value over. */
static void put(struct document *d, const char *key, json_t *value)
{
    if (!d->root)
        document_begin_row(d);
    json_object_set_new(d->object, key, value ? value : json_null());
}

void document_real(struct document *d, const char *key, double value)
{
    put(d, key, json_real(value));
}

void document_integer(struct document *d, const char *key, int64_t value)
{
    put(d, key, json_integer(value));
}

void document_count(struct document *d, const char *key, uint64_t value)
{
    put(d, key, value <= INT64_MAX ? json_integer((int64_t)value) : json_real((double)value));
}

void document_bool(struct document *d, const char *key, bool value)
{
    put(d, key, json_boolean(value));
}

void document_text(struct document *d, const char *key, const char *value)
{
    put(d, key, value ? json_string(value) : json_null());
}

void document_null(struct document *d, const char *key)
{
    put(d, key, json_null());
}

void document_begin_object(struct document *d, const char *key)
{
    json_t *object = json_object();

    put(d, key, object);
    d->object = object;
}

void document_begin_list(struct document *d, const char *key)
{
    d->object = d->root;
    d->list = json_array();
    put(d, key, d->list);
}

void document_begin_item(struct document *d)
{
    d->object = json_object();
    json_array_append_new(d->list, d->object);
}

void document_begin_words(struct document *d, const char *key)
{
    d->words = json_array();
    put(d, key, d->words);
}

void document_word(struct document *d, const char *word)
{
    json_array_append_new(d->words, json_string(word));
}

void document_status(struct document *d, const char *line)
{
    size_t used = 0;
    int code = 0;

    text_scan_int(line, &code, &used);
    line += used;
    line += strspn(line, " -");
    json_decref(d->status);
    d->status = json_pack("{s:i, s:s}", "status_code", code, "status", line);
}

void document_drop_status(struct document *d)
{
    json_decref(d->status);
    d->status = NULL;
}

void document_write(const struct document *d, FILE *out)
{
    const json_t *value = d->status ? d->status : d->root;

    if (!value)
        return;
    json_dumpf(value, out, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
    fputc('\n', out);
}

#else

struct document *document_new(void)
{
    return NULL;
}

void document_free(struct document *d)
{
}

void document_clear(struct document *d)
{
}

void document_begin_rows(struct document *d)
{
}

void document_begin_row(struct document *d)
{
}

void document_real(struct document *d, const char *key, double value)
{
}

void document_integer(struct document *d, const char *key, int64_t value)
{
}

void document_count(struct document *d, const char *key, uint64_t value)
{
}

void document_bool(struct document *d, const char *key, bool value)
{
}

void document_text(struct document *d, const char *key, const char *value)
{
}

void document_null(struct document *d, const char *key)
{
}

void document_begin_object(struct document *d, const char *key)
{
}

void document_begin_list(struct document *d, const char *key)
{
}

void document_begin_item(struct document *d)
{
}

void document_begin_words(struct document *d, const char *key)
{
}

void document_word(struct document *d, const char *word)
{
}

void document_status(struct document *d, const char *line)
{
}

void document_drop_status(struct document *d)
{
}

void document_write(const struct document *d, FILE *out)
{
}

#endif
