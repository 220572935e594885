/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookie files of a client (nts.md 14). Called when a source gets or loses its address. A file is
 * removed before it is read, so that no cookie is ever used twice; key octets and cookies are wiped
 * from every buffer here.
 */
#include "nts/cookie_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file_trouble.h"
#include "base/log.h"
#include "base/text.h"
#include "nts/file_line.h"

#define FORMAT "NNC0"

static char *make_path(const char *directory, const struct ip_addr *addr, const char *suffix)
{
    char text[ADDR_TEXT_SIZE], name[ADDR_TEXT_SIZE + 8];

    ip_addr_format(addr, text, sizeof(text));
    snprintf(name, sizeof(name), "%s%s", text, suffix);
    return file_path_join(directory, name);
}

static bool read_words(FILE *stream, struct file_line *line, int count)
{
    return file_line_read(stream, line) && line->word_count == count;
}

static bool read_address(struct file_line *line, struct ip_port *addr)
{
    uint32_t port;

    if (!ip_addr_parse(line->words[0], &addr->addr) || !file_word_u32(line->words[1], &port) ||
        port > UINT16_MAX)
        return false;
    addr->port = (uint16_t)port;
    return true;
}

static bool read_context(struct file_line *line, struct cookie_file *file)
{
    uint32_t aead;

    if (!file_word_u32(line->words[0], &file->context_id) ||
        !file_word_u32(line->words[1], &aead) || aead > UINT16_MAX)
        return false;
    file->context.aead = (int)aead;
    return file_word_key(line->words[2], file->context.aead, &file->context.s2c) &&
           file_word_key(line->words[3], file->context.aead, &file->context.c2s);
}

static bool read_cookies(FILE *stream, struct file_line *line, struct cookie_file *file)
{
    while (file->cookie_count < NTS_MAX_COOKIES && file_line_read(stream, line)) {
        struct nts_cookie *cookie = &file->cookies[file->cookie_count];

        if (line->word_count != 1)
            return false;
        cookie->length = text_from_hex(line->words[0], cookie->data, sizeof(cookie->data));
        if (cookie->length == 0)
            return false;
        file->cookie_count++;
    }
    return true;
}

/* Closes the stream. */
static bool read_file(FILE *stream, const char *name, struct cookie_file *file)
{
    struct file_line line;
    struct file_buffer buffer;

    file_buffer_use(&buffer, stream);
    bool ok = read_words(stream, &line, 1) && strcmp(line.words[0], FORMAT) == 0 &&
              read_words(stream, &line, 1) && strcmp(line.words[0], name) == 0 &&
              read_words(stream, &line, 1) && file_word_number(line.words[0], &file->time) &&
              read_words(stream, &line, 2) && read_address(&line, &file->ntp_addr) &&
              read_words(stream, &line, 4) && read_context(&line, file) &&
              read_cookies(stream, &line, file);

    fclose(stream);
    file_line_wipe(&line);
    file_buffer_wipe(&buffer);
    return ok;
}

bool cookie_file_load(const struct world *world, const char *directory, const struct ip_addr *addr,
                      const char *name, struct cookie_file *file)
{
    char *path = make_path(directory, addr, ".nts");
    FILE *stream = world->ops->file_read(world->ctx, path);
    bool ok = false;

    memset(file, 0, sizeof(*file));
    if (!stream) {
        LOG(errno == ENOENT ? LOG_SEV_DEBUG : LOG_SEV_WARN, "Could not open %s : %s", path,
            text_errno(errno));
    } else if (!world->ops->file_remove(world->ctx, path)) {
        /* Otherwise its cookies could be used again after the next start. */
        LOG_WARN("Could not remove %s : %s", path, text_errno(errno));
        fclose(stream);
    } else {
        ok = read_file(stream, name, file);
        LOG_DEBUG("%s cookies for %s", ok ? "Loaded" : "Could not load", name);
    }
    if (!ok)
        crypto_wipe(file, sizeof(*file));
    free(path);
    return ok;
}

static void write_file(FILE *stream, const char *name, const struct cookie_file *file)
{
    char addr[ADDR_TEXT_SIZE], s2c[2 * AEAD_MAX_KEY + 1], c2s[2 * AEAD_MAX_KEY + 1];
    char cookie[2 * NTS_MAX_COOKIE_LENGTH + 1];

    ip_addr_format(&file->ntp_addr.addr, addr, sizeof(addr));
    text_to_hex(file->context.s2c.data, file->context.s2c.length, s2c);
    text_to_hex(file->context.c2s.data, file->context.c2s.length, c2s);
    fprintf(stream, "%s\n%s\n%.1f\n%s %u\n%u %d %s %s\n", FORMAT, name, file->time, addr,
            (unsigned int)file->ntp_addr.port, (unsigned int)file->context_id, file->context.aead,
            s2c, c2s);
    for (int i = 0; i < file->cookie_count; i++) {
        text_to_hex(file->cookies[i].data, file->cookies[i].length, cookie);
        fprintf(stream, "%s\n", cookie);
    }
    crypto_wipe(s2c, sizeof(s2c));
    crypto_wipe(c2s, sizeof(c2s));
    crypto_wipe(cookie, sizeof(cookie));
}

bool cookie_file_save(const struct world *world, struct file_trouble *trouble,
                      const char *directory, const struct ip_addr *addr, const char *name,
                      const struct cookie_file *file)
{
    char *path = make_path(directory, addr, ".nts"), *tmp_path = make_path(directory, addr, ".tmp");
    /* Without sync: a file that a power cut destroys costs only a key establishment. */
    const struct world_replace_spec spec = {
        .path = path, .tmp_path = tmp_path, .mode = 0600, .trouble = trouble};
    struct world_replace replace;
    struct file_buffer buffer;
    bool ok = world_replace_begin(world, &replace, &spec);

    if (ok) {
        file_buffer_use(&buffer, replace.stream);
        write_file(replace.stream, name, file);
        ok = world_replace_commit(world, &replace);
        file_buffer_wipe(&buffer);
    }
    free(path);
    free(tmp_path);
    return ok;
}
