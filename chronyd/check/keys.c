/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the key file: it is read as the daemon reads it, and its keys are compared with those
 * that the sources name. It must never print a part of a key.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/crypto.h"
#include "base/line_reader.h"
#include "base/text.h"
#include "chronyd/check/check.h"
#include "ntp/keys.h"

#define SHORT_BITS 80  /* the daemon warns of less */
#define GOOD_BITS  128 /* recommended */
/* Lines of the file that are told as bad. */
#define MAX_MESSAGES 5

/* The keys of a file, and whether it could be read. */
struct key_check {
    struct check *check;
    const struct check_line *line;
    struct ntp_keys *keys;
    bool was_read;
};

static void judge_key(const struct key_check *k, uint32_t id, int line)
{
    const struct check_line where = {
        .place = {k->check->conf->key_file, line, k->line ? k->line->place.order : 0}};
    enum key_type type;
    int bits;

    if (!key_table_find(ntp_keys_table(k->keys), id, &type, &bits))
        return;
    if (bits < GOOD_BITS) {
        check_warn(k->check, &where, NULL, "key %u has %d bits: %s", id, bits,
                   bits < SHORT_BITS ? "it can be guessed" : "128 are recommended");
        check_fix(k->check, "replace it on both sides: chronyc keygen %u AES128 128", id);
    } else if (type == KEY_MD5) {
        check_warn(k->check, &where, NULL, "key %u is of type MD5, whose MAC others can extend",
                   id);
        check_fix(k->check,
                  "replace it on both sides, if both know the type: chronyc keygen %u "
                  "AES128 128",
                  id);
    }
}

/* The numbers of the lines, which the table of keys does not have. */
static void judge_lines(const struct key_check *k, FILE *file)
{
    struct line_reader reader = line_reader_start(file, k->check->conf->key_file);
    enum line_result result;

    while ((result = line_reader_next(&reader)) != LINE_END) {
        uint32_t id;
        size_t used;

        if (result == LINE_OK)
            text_normalise(reader.line);
        if (result == LINE_OK && reader.line[0] != '\0' && text_scan_uint(reader.line, &id, &used))
            judge_key(k, id, reader.number);
    }
    crypto_wipe(&reader, sizeof(reader));
}

/* What others may do with the file is judged in files.c. A file that has no keys at all would give
   a message for each line. */
static void tell_messages(const struct key_check *k, const struct conf_strings *texts)
{
    struct check *c = k->check;
    size_t told = 0;

    for (size_t i = 0; i < texts->count && told < MAX_MESSAGES; i++) {
        if (strncmp(texts->items[i], "World-", 6) == 0)
            continue;
        check_add_message(c, CHECK_WARNING, k->line, "", c->conf->key_file, texts->items[i]);
        check_fix(c, "write ID TYPE HEX:DIGITS, as chronyc keygen does");
        told++;
    }
    if (told == MAX_MESSAGES) {
        check_warn(c, k->line, NULL, "%s may have more such lines", c->conf->key_file);
        check_fix(c, "look whether this is a file of keys");
    }
}

static void read_keys(struct key_check *k)
{
    struct check *c = k->check;
    const struct world *w = c->around->world;
    struct check_log log;

    errno = 0;
    FILE *file = w->ops->file_read(w->ctx, c->conf->key_file);
    k->was_read = file != NULL;
    if (!file)
        return;
    /* A buffer of the C library would keep a copy of the keys. */
    setvbuf(file, NULL, _IONBF, 0);
    check_log_begin(&log);
    ntp_keys_load(k->keys, w, c->conf->key_file);
    if (log.texts.count == 0 || !strstr(log.texts.items[0], "NUL character"))
        judge_lines(k, file);
    fclose(file);
    check_log_end(&log);
    tell_messages(k, &log.texts);
    check_log_free(&log);
}

static void check_key_file(struct key_check *k)
{
    struct check *c = k->check;
    const char *path = c->conf->key_file;

    if (!path)
        return;
    read_keys(k);
    if (k->was_read) {
        check_readable(c, CHECK_WARNING, k->line, path, "chronyc rekey cannot read it again");
    } else if (errno == ENOENT || errno == ENOTDIR) {
        check_warn(c, k->line, NULL, "%s does not exist, so there are no keys", path);
        check_fix(c, "create it (chronyc keygen prints a key), or remove the line");
    } else if (errno == EACCES && c->around->self.uid != 0) {
        check_note_unseen(c, k->line, NULL, path);
    } else {
        check_error(c, k->line, NULL, "%s cannot be read: %s", path, text_errno(errno));
        check_fix(c, "name a file with keys, or remove the line");
    }
}

static void check_source_key(struct key_check *k, const struct check_source *source)
{
    struct check *c = k->check;
    const struct check_line *line = &c->lines[source->line];
    uint32_t id = source->conf->options.key_id;

    if (id == 0 || source->conf->options.nts)
        return;
    if (!c->conf->key_file) {
        check_error(c, line, NULL, "there is no keyfile with key %u, so nothing is sent", id);
        check_fix(c, "write keyfile FILE");
    } else if (k->was_read && !key_table_find(ntp_keys_table(k->keys), id, NULL, NULL)) {
        check_error(c, line, NULL, "there is no key %u in %s, so nothing is sent", id,
                    c->conf->key_file);
        check_fix(c, "add the key that the server has under this number");
    }
}

void check_keys(struct check *c)
{
    struct key_check k = {.check = c, .line = check_find(c, "keyfile"), .keys = ntp_keys_new()};

    check_key_file(&k);
    for (size_t i = 0; i < c->source_count; i++)
        check_source_key(&k, &c->sources[i]);
    ntp_keys_free(k.keys);
}
