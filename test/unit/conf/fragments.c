/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files: lines, include, confdir, nesting, -p (config.md 2, 4, 6), source directories
 * (7), the configurations in common use (28), and lines of random octets.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/text.h"
#include "base/world.h"
#include "conf/directive.h"
#include "test/unit/support/conf.h"

#define PATH_SIZE (2 * TEST_PATH_SIZE)

/* A private directory with the configuration under test. */
struct fixture {
    char dir[TEST_PATH_SIZE];
    struct test_resolver resolver;
    struct conf_env env;
    struct conf *conf;
    struct conf_error error;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    test_directory_make(f->dir);
    f->env = test_env(&f->resolver);
    f->conf = conf_new(&f->env);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    conf_free(f->conf);
    test_directory_remove(f->dir);
    free(f);
    return 0;
}

/* Writes text, in which each @ stands for the directory. */
static void write_file(struct fixture *f, const char *name, const char *text)
{
    char *expanded = mem_alloc(strlen(text) * sizeof(f->dir) + 1), *out = expanded;

    for (; *text != '\0'; text++) {
        if (*text == '@')
            out = stpcpy(out, f->dir);
        else
            *out++ = *text;
    }
    *out = '\0';
    test_write_file(f->dir, name, expanded);
    free(expanded);
}

static void make_directory(struct fixture *f, const char *name)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static bool read_file(struct fixture *f, const char *name)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    return conf_read_file(f->conf, &f->env, path, &f->error);
}

static void assert_accepted(struct fixture *f, const char *name)
{
    if (!read_file(f, name))
        fail_msg("%s", f->error.message);
}

/* In the error, each @ stands for the directory. */
static void assert_refused(struct fixture *f, const char *name, const char *error)
{
    char expected[4 * PATH_SIZE] = "", *out = expected;

    for (; *error != '\0'; error++) {
        if (*error == '@')
            out = stpcpy(out, f->dir);
        else
            *out++ = *error;
    }
    *out = '\0';
    assert_false(read_file(f, name));
    assert_string_equal(f->error.message, expected);
}

/* Names of the sources in order, which tell what was read. */
static void assert_sources(struct fixture *f, const char *names)
{
    char found[256] = "";

    for (size_t i = 0; i < f->conf->client.source_count; i++) {
        strcat(found, i > 0 ? " " : "");
        strcat(found, f->conf->client.sources[i].name);
    }
    assert_string_equal(found, names);
}

static void lines_are_normalised_and_comments_skipped(void **state)
{
    struct fixture *f = *state;

    write_file(f, "c",
               "  server\ta\r\n\n \t\n# x\n  ! x\n;server x\n%\n\v SERVER  b \f iburst\nserver c");
    assert_accepted(f, "c");
    assert_sources(f, "a b c");
    assert_true(f->conf->client.sources[1].options.iburst);
}

static void errors_name_file_and_line(void **state)
{
    struct fixture *f = *state;

    write_file(f, "c", "port 0\n\n# comment\nport x\n");
    assert_refused(f, "c", "Could not parse port directive at line 4 in file @/c");
    write_file(f, "c", "port 0\nfoo");
    assert_refused(f, "c", "Invalid directive foo at line 2 in file @/c");
    assert_refused(f, "d", "Could not open @/d : No such file or directory");
    make_directory(f, "e");
    assert_refused(f, "e", "Could not read @/e : Is a directory");
}

static void lines_longer_than_2047_octets_are_refused(void **state)
{
    struct fixture *f = *state;
    char text[2060];

    memset(text, '#', sizeof(text));
    strcpy(text + 2046, "\nserver a\n");
    write_file(f, "c", text);
    assert_accepted(f, "c");
    assert_sources(f, "a");

    memset(text, '#', sizeof(text));
    strcpy(text + 2047, "\n");
    write_file(f, "c", text);
    assert_refused(f, "c", "String too long at line 1 in file @/c");

    memset(text, '#', sizeof(text));
    strcpy(text + 2047, "");
    write_file(f, "c", text);
    assert_accepted(f, "c");
    strcpy(text + 2046, "##");
    write_file(f, "c", text);
    assert_refused(f, "c", "String too long at line 1 in file @/c");
}

/* The log since test_log_begin, in which each @ of the expected text stands for the directory. */
static void assert_log(struct fixture *f, const char *text)
{
    char expected[8 * PATH_SIZE] = "", *out = expected, *log = test_log_end(f->dir);

    for (; *text != '\0'; text++) {
        if (*text == '@')
            out = stpcpy(out, f->dir);
        else
            *out++ = *text;
    }
    *out = '\0';
    assert_string_equal(log, expected);
    free(log);
}

static void write_octets(struct fixture *f, const char *name, const char *octets, size_t length)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(octets, 1, length, stream), length);
    fclose(stream);
}

static void a_nul_octet_ends_its_line(void **state)
{
    static const char text[] = "port 5\nserver a\0 nts\n\0server b\nserver c iburst\n";
    struct fixture *f = *state;

    write_octets(f, "c", text, sizeof(text) - 1);
    test_log_begin(f->dir);
    assert_accepted(f, "c");
    assert_log(f, "NUL character at line 2 in file @/c, ignoring the rest of the line\n");
    assert_sources(f, "a c");
    assert_false(f->conf->client.sources[0].options.nts);
    assert_true(f->conf->client.sources[1].options.iburst);
}

/* What a power cut leaves behind a file that was being written. */
static void a_tail_of_nul_octets_is_ignored(void **state)
{
    struct fixture *f = *state;
    char text[9000] = "server a\n";

    write_octets(f, "c", text, sizeof(text));
    test_log_begin(f->dir);
    assert_accepted(f, "c");
    assert_log(f, "NUL character at line 2 in file @/c, ignoring the rest of the line\n");
    assert_sources(f, "a");
}

static void a_directory_without_a_pattern_is_worth_a_warning(void **state)
{
    struct fixture *f = *state;

    make_directory(f, "d");
    write_file(f, "d/x.conf", "server x\n");
    write_file(f, "c", "server a\ninclude @/d\nserver b\n");
    test_log_begin(f->dir);
    assert_accepted(f, "c");
    assert_log(f, "Nothing is included from the directory @/d (did you mean confdir?) at line 2 in "
                  "file @/c\n");
    assert_sources(f, "a b");
}

static void include_takes_a_file_that_must_exist(void **state)
{
    struct fixture *f = *state;

    write_file(f, "c", "server a\ninclude @/i\nserver d\n");
    assert_refused(f, "c", "Could not open @/i : No such file or directory");
    conf_free(f->conf);
    f->conf = conf_new(&f->env);
    write_file(f, "i", "server b\nserver c\n");
    assert_accepted(f, "c");
    assert_sources(f, "a b c d");
    write_file(f, "i", "\nport x\n");
    assert_refused(f, "c", "Could not parse port directive at line 2 in file @/i");
    write_file(f, "c", "include");
    assert_refused(f, "c", "Missing arguments for include directive at line 1 in file @/c");
    write_file(f, "c", "include a b");
    assert_refused(f, "c", "Too many arguments for include directive at line 1 in file @/c");
}

static void include_takes_a_pattern_in_sorted_order(void **state)
{
    struct fixture *f = *state;

    make_directory(f, "d");
    make_directory(f, "d/a.conf");
    write_file(f, "d/b.conf", "server b");
    write_file(f, "d/B.conf", "server B");
    write_file(f, "d/10.conf", "server 10");
    write_file(f, "d/9.conf", "server 9");
    write_file(f, "d/.x.conf", "server hidden");
    write_file(f, "d/x.txt", "server other");
    write_file(f, "c", "include @/d/*.conf\ninclude @/d/nothing*\ninclude @/d/[9].conf");
    test_log_begin(f->dir);
    assert_accepted(f, "c");
    free(test_log_end(f->dir));
    assert_sources(f, "10 9 B b 9");
    write_file(f, "c", "include @/missing/*.conf");
    assert_refused(f, "c", "Could not search for files matching @/missing/*.conf");
}

static void a_file_that_includes_itself_ends_at_the_limit(void **state)
{
    struct fixture *f = *state;
    char line[PATH_SIZE];

    write_file(f, "c", "server a\ninclude @/c\n");
    assert_refused(f, "c", "Maximum include level reached");
    assert_int_equal(f->conf->client.source_count, 10);
    /* From the command line the first file is level 1 as well */
    snprintf(line, sizeof(line), "include %s/c", f->dir);
    assert_false(conf_read_line(f->conf, &f->env, line, 1, &f->error));
    assert_string_equal(f->error.message, "Maximum include level reached");
    assert_int_equal(f->conf->client.source_count, 20);
}

static void confdir_reads_the_first_file_of_each_name(void **state)
{
    struct fixture *f = *state;

    make_directory(f, "1");
    make_directory(f, "2");
    write_file(f, "1/b.conf", "server 1b");
    write_file(f, "1/c.conf", "server 1c");
    write_file(f, "1/.h.conf", "server hidden");
    write_file(f, "1/b.confx", "server other");
    write_file(f, "2/a.conf", "server 2a");
    write_file(f, "2/b.conf", "server 2b");
    write_file(f, "2/d.conf", "server 2d");
    write_file(f, "c", "confdir @/1 @/missing @/2/ @/[12] @/*\nserver x\nconfdir @/2");
    assert_accepted(f, "c");
    assert_sources(f, "2a 1b 1c 2d x 2a 2b 2d");

    write_file(f, "c", "confdir");
    assert_refused(f, "c", "Could not parse confdir directive at line 1 in file @/c");
    write_file(f, "c", "confdir 1 2 3 4 5 6 7 8 9 10");
    assert_accepted(f, "c");
    write_file(f, "c", "confdir 1 2 3 4 5 6 7 8 9 10 11");
    assert_refused(f, "c", "Could not parse confdir directive at line 1 in file @/c");
}

static void bad_lines_of_fragments_are_left_out_with_a_warning(void **state)
{
    struct fixture *f = *state;
    char text[2100];

    make_directory(f, "1");
    write_file(f, "1/a.conf", "server a\n\nfoo\nserver b ibrust\ninclude @/i\nserver c\n");
    write_file(f, "i", "port x\nserver d\n");
    memset(text, '#', sizeof(text));
    strcpy(text + 2090, "\nport 7");
    write_file(f, "1/b.conf", text);
    write_file(f, "c", "confdir @/1\nserver e");
    test_log_begin(f->dir);
    assert_accepted(f, "c");
    assert_log(f, "Invalid directive foo at line 3 in file @/1/a.conf; line ignored\n"
                  "Invalid option in server directive at line 4 in file @/1/a.conf: ibrust (did "
                  "you mean iburst?); line ignored\n"
                  "Could not parse port directive at line 1 in file @/i; line ignored\n"
                  "String too long at line 1 in file @/1/b.conf; line ignored\n");
    assert_sources(f, "a d c e");
    assert_int_equal(f->conf->sockets.port, 7);

    /* A file that is named has to be there, and the main file has to be right */
    write_file(f, "1/a.conf", "include @/missing");
    assert_refused(f, "c", "Could not open @/missing : No such file or directory");
    write_file(f, "1/a.conf", "foo");
    write_file(f, "c", "confdir @/1\nfoo");
    assert_refused(f, "c", "Invalid directive foo at line 2 in file @/c");
}

static void confdir_refuses_a_file_that_cannot_be_opened(void **state)
{
    struct fixture *f = *state;
    char path[PATH_SIZE];

    make_directory(f, "1");
    snprintf(path, sizeof(path), "%s/1/a.conf", f->dir);
    assert_int_equal(symlink("missing", path), 0);
    write_file(f, "c", "confdir @/1");
    assert_refused(f, "c", "Could not open @/1/a.conf : No such file or directory");
}

static void printing_shows_each_line_before_it_is_evaluated(void **state)
{
    struct fixture *f = *state;
    char *text = NULL;
    size_t size;

    make_directory(f, "d");
    write_file(f, "d/x.conf", "RtcSync  \n");
    write_file(f, "i", " server\tb   iburst\n");
    write_file(f, "c", "# x\nport 5\n\nInclude @/i\nconfdir @/d\nmanual\nport x\nport 6");
    f->env.print = open_memstream(&text, &size);
    assert_refused(f, "c", "Could not parse port directive at line 7 in file @/c");
    fclose(f->env.print);
    f->env.print = NULL;
    assert_string_equal(text, "port 5\nserver b iburst\nRtcSync\nmanual\nport x\n");
    free(text);
}

static FILE *world_file_read(void *ctx, const char *path)
{
    return fopen(path, "r");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **world_list_files(void *ctx, const char *directory, const char *suffix)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    char **names;
    size_t count = 0;

    if (!dir)
        return NULL;
    names = mem_array(1, sizeof(*names));
    while ((entry = readdir(dir))) {
        size_t length = strlen(entry->d_name);

        if (entry->d_name[0] == '.' || length < strlen(suffix) ||
            strcmp(entry->d_name + length - strlen(suffix), suffix) != 0)
            continue;
        names = mem_resize(names, count + 2, sizeof(*names));
        names[count++] = text_dup(entry->d_name);
        names[count] = NULL;
    }
    closedir(dir);
    qsort(names, count, sizeof(*names), compare_names);
    return names;
}

/* Names of the sources in the source directories, each followed by a space. */
static void assert_source_dirs(struct fixture *f, const char *names)
{
    const struct world_ops ops = {.file_read = world_file_read, .list_files = world_list_files};
    const struct world world = {.ops = &ops};
    char found[256] = "";
    size_t count;
    struct source_conf *list = conf_read_source_dirs(&f->conf->client.source_dirs, &world, &count);

    for (size_t i = 0; i < count; i++) {
        strcat(found, list[i].kind == SOURCE_PEER ? "peer:" : list[i].pool ? "pool:" : "");
        strcat(found, list[i].name);
        strcat(found, " ");
    }
    source_conf_list_free(list, count);
    assert_string_equal(found, names);
}

static void source_directories_are_searched_like_confdir(void **state)
{
    struct fixture *f = *state;

    make_directory(f, "1");
    make_directory(f, "2");
    write_file(f, "1/b.sources", "server 1b\n");
    write_file(f, "1/x.conf", "server other\n");
    write_file(f, "2/a.sources", "server 2a\n");
    write_file(f, "2/b.sources", "server 2b\n");
    write_file(f, "c",
               "sourcedir @/1 @/missing @/2\nsourcedir @/2\nsourcedir\n"
               "sourcedir 1 2 3 4 5 6 7 8 9 10 @/1");
    assert_accepted(f, "c");
    assert_int_equal(f->conf->client.source_dirs.count, 4);
    assert_source_dirs(f, "2a 1b 2a 2b ");
}

static void bad_lines_in_source_files_are_ignored(void **state)
{
    struct fixture *f = *state;

    make_directory(f, "1");
    write_file(f, "1/a.sources",
               "server a foo\nport 5\nserver\n# server x\nserver b minpoll\n  Server\t c  iburst \n"
               "pool d\npeer e\ninclude @/1/b\n\nserver f # x\nserver g\n");
    write_file(f, "c", "sourcedir @/1");
    assert_accepted(f, "c");
    test_log_begin(f->dir);
    assert_source_dirs(f, "c pool:d peer:e g ");
    assert_log(
        f, "Invalid option in server directive at line 1 in file @/1/a.sources: foo; line "
           "ignored\n"
           "Not a server, pool or peer directive: port at line 2 in file @/1/a.sources; line "
           "ignored\n"
           "Invalid syntax for server directive at line 3 in file @/1/a.sources; line ignored\n"
           "Invalid value in server directive at line 5 in file @/1/a.sources: minpoll without "
           "a value; line ignored\n"
           "Not a server, pool or peer directive: include at line 9 in file @/1/a.sources; line "
           "ignored\n"
           "Invalid option in server directive at line 11 in file @/1/a.sources: # (a comment "
           "needs a line of its own); line ignored\n");
    assert_int_equal(f->conf->client.source_count, 0);
    assert_int_equal(f->conf->sockets.port, 123);
}

static void an_incomplete_line_of_a_source_file_is_ignored(void **state)
{
    struct fixture *f = *state;

    make_directory(f, "1");
    write_file(f, "c", "sourcedir @/1");
    assert_accepted(f, "c");
    write_file(f, "1/a.sources", "server a\nserver b");
    write_file(f, "1/b.sources", "server c\n");
    test_log_begin(f->dir);
    assert_source_dirs(f, "a c ");
    assert_log(f, "Missing end of line at line 2 in file @/1/a.sources; line ignored\n");
}

static void a_line_of_a_source_file_that_is_too_long_is_ignored(void **state)
{
    struct fixture *f = *state;
    char text[2200];

    make_directory(f, "1");
    write_file(f, "c", "sourcedir @/1");
    assert_accepted(f, "c");
    memset(text, '#', sizeof(text));
    memcpy(text, "server d\n", 9);
    strcpy(text + 9 + 2047, "\nserver e\n");
    write_file(f, "1/a.sources", text);
    test_log_begin(f->dir);
    assert_source_dirs(f, "d e ");
    assert_log(f, "String too long at line 2 in file @/1/a.sources; line ignored\n");
    strcpy(text + 9 + 2046, "\nserver e\n");
    write_file(f, "1/a.sources", text);
    test_log_begin(f->dir);
    assert_source_dirs(f, "d e ");
    assert_log(f, "");
}

static void a_nul_octet_ends_a_line_of_a_source_file(void **state)
{
    static const char text[] = "server a\0 x\nserver b\n\0\0\0\0\0\0\0\0";
    struct fixture *f = *state;

    make_directory(f, "1");
    write_file(f, "c", "sourcedir @/1");
    assert_accepted(f, "c");
    write_octets(f, "1/a.sources", text, sizeof(text) - 1);
    test_log_begin(f->dir);
    assert_source_dirs(f, "a b ");
    assert_log(f, "NUL character at line 1 in file @/1/a.sources, ignoring the rest of the line\n");
}

static void a_source_file_that_cannot_be_read_is_reported(void **state)
{
    struct fixture *f = *state;
    char path[PATH_SIZE];

    make_directory(f, "1");
    make_directory(f, "1/a.sources");
    snprintf(path, sizeof(path), "%s/1/b.sources", f->dir);
    assert_int_equal(symlink("missing", path), 0);
    write_file(f, "1/c.sources", "server c\n");
    write_file(f, "c", "sourcedir @/1");
    assert_accepted(f, "c");
    test_log_begin(f->dir);
    assert_source_dirs(f, "c ");
    assert_log(f, "Could not read @/1/a.sources : Is a directory\n"
                  "Could not open @/1/b.sources : No such file or directory\n");
}

/* Every code block of config.md 28, except the confdir that names a directory of the machine. */
static void configurations_in_common_use_are_accepted(void **state)
{
    struct fixture *f = *state;
    char *spec = test_read_file(TEST_DATA_DIR "/../../doc/spec/config.md");
    char *text = strstr(spec, "## 28. Configurations in common use");
    int blocks = 0;

    f->resolver.anything = true;
    while ((text = strstr(text, "\n```\n"))) {
        char *end = strstr(text + 5, "\n```\n");

        assert_non_null(end);
        end[1] = '\0';
        test_write_file(f->dir, "c", text + 5);
        conf_free(f->conf);
        f->conf = conf_new(&f->env);
        assert_accepted(f, "c");
        if (!conf_check(f->conf, &f->error) && !strstr(text + 5, "refclock RTC"))
            fail_msg("%s", f->error.message);
        blocks++;
        text = end + 4;
    }
    free(spec);
    assert_int_equal(blocks, 12);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void append(char *line, size_t size, const char *text)
{
    size_t used = strlen(line);

    snprintf(line + used, size - used, "%s", text);
}

/* Directives with arguments of all kinds, as they are or with one octet changed; or noise. */
static void random_line(char *line, size_t size, uint32_t *seed)
{
    static const char *const words[] = {
        "0",        "1",        "-1",       "2147483647", "2147483648", "99999999999999999999",
        "1e400",    "nan",      "-inf",     "0x",         "0x1p-3",     "",
        " ",        "a",        "/",        "192.0.2.1",  "::",         "::/0",
        "1.2/33",   "1.2.3/",   "all",      "interval",   "iburst",     "port",
        "minpoll",  "key",      "extfield", "F323",       "refid",      "ABCDE",
        "stratum",  "rxfilter", "none",     "nts",        "PPS",        "SHM",
        "tracking", "leaponly", "offline",  "known.test", "\177",       "\377\200"};
    size_t length, count;

    line[0] = '\0';
    if (next_random(seed) % 8 == 0) {
        length = next_random(seed) % 100;
        for (size_t i = 0; i < length; i++)
            line[i] = (char)(next_random(seed) % 255 + 1);
        line[length] = '\0';
        return;
    }
    append(line, size, directive_table[next_random(seed) % directive_count].row.name);
    count = next_random(seed) % 8;
    for (size_t i = 0; i < count; i++) {
        append(line, size, next_random(seed) % 10 > 0 ? " " : "");
        append(line, size, words[next_random(seed) % (sizeof(words) / sizeof(words[0]))]);
    }
    length = strlen(line);
    if (next_random(seed) % 4 == 0)
        line[next_random(seed) % length] = (char)(next_random(seed) % 255 + 1);
}

static void any_line_is_accepted_or_refused_with_its_place(void **state)
{
    struct fixture *f = *state;
    uint32_t seed = 20240229;
    int accepted = 0, refused = 0;
    char line[1024];

    test_log_begin(f->dir);
    for (int i = 0; i < 20000; i++) {
        if (i % 100 == 0) {
            conf_free(f->conf);
            f->conf = conf_new(&f->env);
        }
        random_line(line, sizeof(line), &seed);
        f->error.message[0] = '\0';
        if (conf_read_line(f->conf, &f->env, line, 7, &f->error)) {
            accepted++;
            continue;
        }
        refused++;
        if (!strstr(f->error.message, " at line 7") &&
            strncmp(f->error.message, "Could not ", 10) != 0)
            fail_msg("%s: %s", line, f->error.message);
    }
    free(test_log_end(f->dir));
    assert_true(accepted > 1000);
    assert_true(refused > 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(lines_are_normalised_and_comments_skipped),
        TEST(errors_name_file_and_line),
        TEST(lines_longer_than_2047_octets_are_refused),
        TEST(a_nul_octet_ends_its_line),
        TEST(a_tail_of_nul_octets_is_ignored),
        TEST(a_directory_without_a_pattern_is_worth_a_warning),
        TEST(include_takes_a_file_that_must_exist),
        TEST(include_takes_a_pattern_in_sorted_order),
        TEST(a_file_that_includes_itself_ends_at_the_limit),
        TEST(confdir_reads_the_first_file_of_each_name),
        TEST(bad_lines_of_fragments_are_left_out_with_a_warning),
        TEST(confdir_refuses_a_file_that_cannot_be_opened),
        TEST(printing_shows_each_line_before_it_is_evaluated),
        TEST(source_directories_are_searched_like_confdir),
        TEST(bad_lines_in_source_files_are_ignored),
        TEST(an_incomplete_line_of_a_source_file_is_ignored),
        TEST(a_line_of_a_source_file_that_is_too_long_is_ignored),
        TEST(a_nul_octet_ends_a_line_of_a_source_file),
        TEST(a_source_file_that_cannot_be_read_is_reported),
        TEST(configurations_in_common_use_are_accepted),
        TEST(any_line_is_accepted_or_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
