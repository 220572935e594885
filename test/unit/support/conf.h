/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the configuration share: evaluating lines, files in a private directory, log
 * messages as text. Names resolve through a table in conf.c.
 */
#ifndef TEST_UNIT_SUPPORT_CONF_H
#define TEST_UNIT_SUPPORT_CONF_H

#include <stdbool.h>
#include "conf/conf.h"

#define TEST_PATH_SIZE 256

/* Resolves known.test (192.0.2.7), known6.test (2001:db8::7) and every name in `anything`. */
struct test_resolver {
    bool anything;
    int calls;
};
struct conf_env test_env(struct test_resolver *resolver);

/* Evaluates lines (separated by \n) as those of the command line; fails the test on an error. */
struct conf *test_conf(const char *lines);

/* Error text of one line, numbered 1; NULL if it is accepted. Valid until the next call. */
const char *test_error(const char *line);
void assert_error(const char *line, const char *error);
/* The error is this text, or this text with ": WORD" or " (HINT)" behind it. */
void assert_error_begins(const char *line, const char *error);
/* The line is accepted with these log messages, one a line. */
void assert_accepted_with(const char *line, const char *log);

/* A private directory, removed with everything in it. */
void test_directory_make(char path[TEST_PATH_SIZE]);
void test_directory_remove(const char *path);
void test_write_file(const char *directory, const char *name, const char *text);

/* Log messages of severity info and above from begin to end as text without their times; the text
   is freed by the caller. */
void test_log_begin(const char *directory);
char *test_log_end(const char *directory);
/* Compares such a text, in which DIR then stands for the directory, and from which the first
   message is taken out if it is that of the null driver. */
void assert_log_in(char *log, const char *directory, const char *expected);

/* Whole text of a file, terminated; fails the test if it cannot be read. */
char *test_read_file(const char *path);

#endif
