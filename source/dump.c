/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dump files: the registers of sources from one run to the next (discipline.md 12.6, daemon.md 22).
 * Called by the daemon at start and exit and by the dump command. What is read is checked like
 * input from outside; a bad file costs its source the history, nothing else.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file_trouble.h"
#include "base/log.h"
#include "base/text.h"
#include "base/sync_status.h"
#include "source/record.h"

#define DUMP_IDENTIFIER  "SRC0"
#define DUMP_MODE        0644
#define DUMP_SUFFIX      ".dat"
#define TEMPORARY_SUFFIX ".tmp"
#define REFCLOCK_PREFIX  "refid:"
#define MAX_DELAY        1.0e6
#define MAX_REACH_SIZE   8
#define MAX_STRATUM      15

/* False: the source has no address to name the file after. */
static bool get_path(const struct source *s, char *path, size_t size)
{
    char name[ADDR_TEXT_SIZE];

    if (s->refclock)
        snprintf(name, sizeof(name), REFCLOCK_PREFIX "%08" PRIx32, s->refid);
    else if (ip_addr_is_real(&s->addr))
        ip_addr_format(&s->addr, name, sizeof(name));
    else
        return false;

    int length = snprintf(path, size, "%s/%s" DUMP_SUFFIX, s->reg->conf.dump_dir, name);
    return length > 0 && (size_t)length < size;
}

static void write_dump(const struct source *s, FILE *file)
{
    int count = samples_count(s->samples);

    fprintf(file, DUMP_IDENTIFIER "\n%s\n%d %o %d %d %d\n%d %d\n",
            s->refclock || !s->name ? "." : s->name, s->authenticated, (unsigned int)s->reach,
            s->reach_size, s->stratum, s->leap, count, samples_asymmetry_run(s->samples));
    for (int i = 0; i < count; i++) {
        struct samples_entry e;
        samples_get_entry(s->samples, i, &e);
        fprintf(file, "%" PRId64 ".%09d %.6e %.6e %.6e %.6e %.6e %.6e\n", e.time.i.sec,
                (int)e.time.i.nsec, e.offset, e.original_offset, e.peer_delay, e.peer_dispersion,
                e.root_delay, e.root_dispersion);
    }
}

/*
 * Replaces the file; if that fails, the old file stays. Does not wait for the disk: at the end of
 * a daemon with hundreds of sources there is no time for it, and a file that a power cut destroys
 * costs one source its history.
 */
static bool dump_source(const struct source *s, struct file_trouble *trouble)
{
    const struct world *world = s->reg->env.world;
    struct world_replace replace;
    char path[PATH_MAX];

    if (!get_path(s, path, sizeof(path)))
        return true;
    if (samples_count(s->samples) == 0) {
        world->ops->file_remove(world->ctx, path);
        return true;
    }

    const struct world_replace_spec spec = {.path = path, .mode = DUMP_MODE, .trouble = trouble};
    if (!world_replace_begin(world, &replace, &spec))
        return false;
    write_dump(s, replace.stream);
    return world_replace_commit(world, &replace);
}

void source_register_dump_begin(struct source_register *reg)
{
    reg->dump_at = 0;
    reg->dump_ok = true;
}

bool source_register_dump_some(struct source_register *reg, int count)
{
    struct file_trouble *trouble = &reg->dump_trouble;

    if (!reg->conf.dump_dir)
        return true;
    trouble->in_round = true;
    for (; count > 0 && reg->dump_at < reg->count; count--)
        reg->dump_ok = dump_source(reg->sources[reg->dump_at++], trouble) && reg->dump_ok;
    trouble->in_round = false;
    if (reg->dump_at < reg->count)
        return false;
    if (reg->dump_ok)
        file_trouble_end(trouble, reg->conf.dump_dir);
    return true;
}

void source_register_dump(struct source_register *reg)
{
    source_register_dump_begin(reg);
    source_register_dump_some(reg, reg->count);
}

/* Next line without its newline; false at the end of the file or if the line is too long. */
static bool read_line(FILE *file, char *line, size_t size)
{
    if (!fgets(line, (int)size, file))
        return false;
    size_t length = strlen(line);
    if (length == 0 || line[length - 1] != '\n')
        return false;
    line[length - 1] = '\0';
    return true;
}

/* Cuts off the next word and reads it as a decimal number that fits an int. */
static bool take_int(char **line, int *value)
{
    char *word = *line;
    long number;

    *line = text_split(word);
    if (text_parse_long(word, INT_MIN, INT_MAX, &number) != TEXT_NUMBER_OK)
        return false;
    *value = (int)number;
    return true;
}

static bool take_octal(char **line, unsigned int *value)
{
    char *word = *line;
    size_t length = strspn(word, "01234567");

    *line = text_split(word);
    if (length == 0 || length > 8 || word[length] != '\0')
        return false;
    *value = (unsigned int)strtoul(word, NULL, 8);
    return true;
}

static bool take_double(char **line, double *value)
{
    char *word = *line;
    size_t used;

    *line = text_split(word);
    return text_scan_double(word, value, &used) && word[used] == '\0' && isfinite(*value);
}

/* Seconds, a period and up to 9 digits. */
static bool take_time(char **line, struct local_time *time)
{
    char *word = *line;
    long seconds, nanoseconds = 0;

    *line = text_split(word);
    char *fraction = strchr(word, '.');
    if (fraction) {
        *fraction++ = '\0';
        size_t digits = strlen(fraction);
        if (digits != 9 || text_parse_long(fraction, 0, 999999999, &nanoseconds) != TEXT_NUMBER_OK)
            return false;
    }
    if (text_parse_long(word, LONG_MIN, LONG_MAX, &seconds) != TEXT_NUMBER_OK)
        return false;
    time->i = (struct instant){seconds, (int32_t)nanoseconds};
    return true;
}

static bool is_sane_entry(const struct samples_entry *e, const struct samples_entry *previous,
                          struct local_time now)
{
    double age = local_diff(now, e->time);

    return age >= 0.0 && time_offset_is_sane(now.i, age) &&
           time_offset_is_sane(e->time.i, e->offset) && fabs(e->peer_delay) < MAX_DELAY &&
           fabs(e->peer_dispersion) < MAX_DELAY && fabs(e->root_delay) < MAX_DELAY &&
           fabs(e->root_dispersion) < MAX_DELAY &&
           (!previous || instant_compare(previous->time.i, e->time.i) < 0);
}

static bool read_entry(FILE *file, struct samples_entry *e)
{
    char buffer[TEXT_LINE_SIZE];
    char *line = buffer;

    if (!read_line(file, buffer, sizeof(buffer)))
        return false;
    text_normalise(buffer);
    return take_time(&line, &e->time) && take_double(&line, &e->offset) &&
           take_double(&line, &e->original_offset) && take_double(&line, &e->peer_delay) &&
           take_double(&line, &e->peer_dispersion) && take_double(&line, &e->root_delay) &&
           take_double(&line, &e->root_dispersion) && line[0] == '\0';
}

static bool load_samples(struct source *s, FILE *file)
{
    struct samples_entry entries[SAMPLES_MAX];
    struct local_time now = local_clock_now(s->reg->env.clock, NULL);
    char buffer[TEXT_LINE_SIZE];
    char *line = buffer;
    int count, asymmetry_run;

    if (!read_line(file, buffer, sizeof(buffer)))
        return false;
    text_normalise(buffer);
    if (!take_int(&line, &count) || !take_int(&line, &asymmetry_run) || line[0] != '\0' ||
        count < 1 || count > SAMPLES_MAX)
        return false;

    source_drop_samples(s);
    for (int i = 0; i < count; i++) {
        if (!read_entry(file, &entries[i]) ||
            !is_sane_entry(&entries[i], i > 0 ? &entries[i - 1] : NULL, now))
            return false;
    }
    samples_load(s->samples, entries, count, asymmetry_run);
    source_update_statistics(s);
    estimator_replay(s->estimator);
    return true;
}

static bool load_dump(struct source *s, FILE *file)
{
    char buffer[TEXT_LINE_SIZE];
    char *line = buffer;
    int authenticated, reach_size, stratum, leap;
    unsigned int reach;

    if (!read_line(file, buffer, sizeof(buffer)) || strcmp(buffer, DUMP_IDENTIFIER) != 0)
        return false;
    if (!read_line(file, buffer, sizeof(buffer)) || text_count_words(buffer) != 1)
        return false;
    if (!s->refclock && (!s->name || strcmp(buffer, s->name) != 0))
        return false;
    if (!read_line(file, buffer, sizeof(buffer)))
        return false;
    text_normalise(buffer);
    if (!take_int(&line, &authenticated) || !take_octal(&line, &reach) ||
        !take_int(&line, &reach_size) || !take_int(&line, &stratum) || !take_int(&line, &leap) ||
        line[0] != '\0')
        return false;
    if ((s->authenticated && authenticated == 0) || stratum < 0 || stratum > MAX_STRATUM ||
        leap < LEAP_NORMAL || leap >= LEAP_UNSYNC)
        return false;
    if (!load_samples(s, file))
        return false;

    s->reach = (uint8_t)reach;
    s->reach_size = reach_size < 0 ? 0 : reach_size > MAX_REACH_SIZE ? MAX_REACH_SIZE : reach_size;
    s->stratum = stratum;
    s->leap = leap;
    return true;
}

static void reload_source(struct source *s)
{
    const struct world *world = s->reg->env.world;
    char path[PATH_MAX], name[ADDR_TEXT_SIZE];

    if (!get_path(s, path, sizeof(path)))
        return;
    FILE *file = world->ops->file_read(world->ctx, path);
    if (!file) {
        if (errno != ENOENT)
            LOG_WARN("Could not open %s : %s", path, text_errno(errno));
        return;
    }
    bool loaded = load_dump(s, file);
    fclose(file);

    source_plain_name(s, name, sizeof(name));
    if (loaded)
        LOG_INFO("Loaded dump file for %s", name);
    else
        LOG_WARN("Could not load dump file for %s", name);
}

void source_register_reload(struct source_register *reg)
{
    if (!reg->conf.dump_dir)
        return;
    for (int i = 0; i < reg->count; i++) {
        reload_source(reg->sources[i]);
        reg->sources[i]->updates++;
    }
    source_register_select(reg, NULL);
}

static bool is_dump_name(const char *name, const char *end)
{
    char address[ADDR_TEXT_SIZE];
    const char *interface;
    struct ip_addr addr;
    size_t length = strlen(name);
    size_t suffix = strlen(end);

    if (length <= suffix || strcmp(name + length - suffix, end) != 0)
        return false;
    if (strncmp(name, REFCLOCK_PREFIX, strlen(REFCLOCK_PREFIX)) == 0)
        return true;
    if (length - suffix >= sizeof(address))
        return false;
    memcpy(address, name, length - suffix);
    address[length - suffix] = '\0';
    return ip_addr_parse_scoped(address, &addr, &interface);
}

static void remove_files(const struct source_register *reg, const char *suffix)
{
    const struct world *world = reg->env.world;
    const char *directory = reg->conf.dump_dir;
    char **names = world->ops->list_files(world->ctx, directory, suffix);

    if (!names)
        return;
    for (int i = 0; names[i]; i++) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        if (is_dump_name(names[i], suffix) && length > 0 && (size_t)length < sizeof(path))
            world->ops->file_remove(world->ctx, path);
        free(names[i]);
    }
    free(names);
}

void source_register_remove_dump_files(struct source_register *reg)
{
    if (!reg->conf.dump_dir)
        return;
    remove_files(reg, DUMP_SUFFIX);
    /* Temporary files of a run that ended while it wrote. */
    remove_files(reg, DUMP_SUFFIX TEMPORARY_SUFFIX);
}

bool source_register_dump_is_failing(const struct source_register *reg)
{
    return reg->dump_trouble.failed;
}
