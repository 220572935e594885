/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the configuration share. No state between tests but the error text of the last
 * line and the log sink.
 */
#include "test/unit/support/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <dirent.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/text.h"

static int resolve(const char *name, struct ip_addr *addrs, int max, void *arg)
{
    struct test_resolver *resolver = arg;

    resolver->calls++;
    assert_true(max >= 1);
    if (strcmp(name, "known.test") == 0 || resolver->anything)
        return ip_addr_parse("192.0.2.7", &addrs[0]) ? 1 : 0;
    if (strcmp(name, "known6.test") == 0)
        return ip_addr_parse("2001:db8::7", &addrs[0]) ? 1 : 0;
    return 0;
}

struct conf_env test_env(struct test_resolver *resolver)
{
    return (struct conf_env){.resolve = resolve, .resolve_arg = resolver};
}

struct conf *test_conf(const char *lines)
{
    struct test_resolver resolver = {0};
    struct conf_env env = test_env(&resolver);
    struct conf *conf = conf_new(&env);
    char *copy = text_dup(lines), *line, *rest = copy;
    struct conf_error error;

    for (int i = 1; (line = strsep(&rest, "\n")); i++) {
        if (!conf_read_line(conf, &env, line, i, &error))
            fail_msg("%s: %s", line, error.message);
    }
    free(copy);
    return conf;
}

const char *test_error(const char *line)
{
    static struct conf_error error;
    struct test_resolver resolver = {0};
    struct conf_env env = test_env(&resolver);
    struct conf *conf = conf_new(&env);
    bool ok = conf_read_line(conf, &env, line, 1, &error);

    conf_free(conf);
    return ok ? NULL : error.message;
}

void assert_error(const char *line, const char *error)
{
    const char *found = test_error(line);

    if (!found)
        fail_msg("accepted: %s", line);
    else
        assert_string_equal(found, error);
}

void assert_error_begins(const char *line, const char *error)
{
    const char *found = test_error(line);
    size_t length = strlen(error);

    if (!found)
        fail_msg("accepted: %s", line);
    if (strncmp(found, error, length) != 0 ||
        (found[length] != '\0' && strncmp(found + length, ": ", 2) != 0 &&
         strncmp(found + length, " (", 2) != 0))
        assert_string_equal(found, error);
}

void assert_accepted_with(const char *line, const char *log)
{
    char directory[TEST_PATH_SIZE], *found;

    test_directory_make(directory);
    test_log_begin(directory);
    conf_free(test_conf(line));
    found = test_log_end(directory);
    test_directory_remove(directory);
    assert_string_equal(found, log);
    free(found);
}

void test_directory_make(char path[TEST_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");

    snprintf(path, TEST_PATH_SIZE, "%s/test-conf.XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(path));
}

void test_directory_remove(const char *path)
{
    char name[2 * TEST_PATH_SIZE];
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof(name), "%s/%.200s", path, entry->d_name);
        if (unlink(name) != 0)
            test_directory_remove(name);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

void test_write_file(const char *directory, const char *name, const char *text)
{
    char path[2 * TEST_PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

char *test_read_file(const char *path)
{
    FILE *f = fopen(path, "r");

    if (!f)
        fail_msg("%s cannot be read", path);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *text = mem_alloc((size_t)size + 1);
    size_t length = fread(text, 1, (size_t)size, f);
    text[length] = '\0';
    fclose(f);
    return text;
}

void test_log_begin(const char *directory)
{
    char path[2 * TEST_PATH_SIZE];

    snprintf(path, sizeof(path), "%s/log", directory);
    assert_true(log_open_file(path));
}

char *test_log_end(const char *directory)
{
    char path[2 * TEST_PATH_SIZE], *text, *in, *out;

    log_close();
    log_open_stderr();
    snprintf(path, sizeof(path), "%s/log", directory);
    in = out = text = test_read_file(path);
    /* Each line begins with "YYYY-MM-DDTHH:MM:SSZ " */
    while (*in != '\0') {
        size_t length = strcspn(in, "\n") + 1;

        if (length > 21 && in[19] == 'Z') {
            in += 21;
            length -= 21;
        }
        memmove(out, in, length);
        in += length;
        out += length;
    }
    *out = '\0';
    unlink(path);
    return text;
}

void assert_log_in(char *log, const char *directory, const char *expected)
{
    size_t length = strlen(directory);
    char *p;

    while ((p = strstr(log, directory))) {
        memcpy(p, "DIR", 3);
        memmove(p + 3, p + length, strlen(p + length) + 1);
    }
    if (strncmp(log, "Disabled", 8) == 0)
        memmove(log, strchr(log, '\n') + 1, strlen(strchr(log, '\n')));
    assert_string_equal(log, expected);
}
