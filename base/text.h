/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text: the normal form of lines and the value syntax shared by the configuration, the key file,
 * .sources files and chronyc (config.md 2 and 3).
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest line of a configuration file, newline and terminator included (config.md 2). */
#define TEXT_LINE_SIZE 2049

/* Removes leading and trailing white space and folds runs of it into one space, in place. A line
   whose first character is one of ! ; # % becomes empty. */
void text_normalise(char *line);

/* Cuts the first word off a line, in place: terminates it and returns the start of the next word
   (an empty string at the end). */
char *text_split(char *line);

/* Number of words of a normalised or plain line. */
int text_count_words(const char *line);

/* Case-insensitive equality (ASCII only, independent of the locale). */
bool text_equal_nocase(const char *a, const char *b);

/* Whole word as a decimal integer of the given range. Classes of failure for the exact messages. */
enum text_number { TEXT_NUMBER_OK, TEXT_NUMBER_INVALID, TEXT_NUMBER_RANGE };
enum text_number text_parse_long(const char *text, long min, long max, long *value);

/* scanf("%d"), ("%u"), ("%lf"), ("%x") semantics: reads a prefix after white space; *used is the
   number of characters consumed. False: no number. */
bool text_scan_int(const char *text, int *value, size_t *used);
bool text_scan_uint(const char *text, uint32_t *value, size_t *used);
bool text_scan_hex(const char *text, uint32_t *value, size_t *used);
bool text_scan_double(const char *text, double *value, size_t *used);

/*
 * As text_scan_int, but a number outside min..max, of whatever length, becomes the nearest of
 * these; *clamped tells so. False: no number.
 */
bool text_scan_clamped(const char *text, int min, int max, int *value, bool *clamped, size_t *used);
/* Whether text_scan_uint() reads another number than the one written: it is negative or too
   large. */
bool text_uint_wraps(const char *text);

/* All characters printable ASCII and not a space; the empty string is. */
bool text_is_graphic(const char *text);

/* Hexadecimal digits of either case, whole string, into at most size octets. Returns the number of
   octets, or 0 if the text is empty, odd, too long or not hexadecimal. */
size_t text_from_hex(const char *text, uint8_t *out, size_t size);
/* Upper-case hexadecimal with terminator; out has room for 2 * length + 1 characters. */
void text_to_hex(const uint8_t *data, size_t length, char *out);

/* Copies; false if it had to be cut. Always terminates (size > 0). */
bool text_copy(char *dst, size_t size, const char *src);
/* The same; a text that had to be cut ends with "..." (size > 3). */
bool text_copy_marked(char *dst, size_t size, const char *src);

/* Replaces what is not printable ASCII by '?', in place, for texts that go to the log. */
void text_make_printable(char *text);

/* An error of the daemon in errno: the file exists, but is of a kind that is not accepted. */
#define ERRNO_NOT_A_FILE 0x10000
/* Another process has the file for itself. */
#define ERRNO_IN_USE 0x10001

/* A reason as people read it: the text, and behind it what was compared with which limit. Returns
   buf. */
const char *text_format_reason(char *buf, size_t size, const char *text, bool compared,
                               double value, double limit);

/* Text of an errno value, for messages. Never NULL. */
const char *text_errno(int error);

/* Copy of a string or memory; out of memory is fatal, so never NULL for a non-NULL source. */
char *text_dup(const char *s);

/* Allocation that ends the program with "Could not allocate memory" instead of returning NULL. */
void *mem_alloc(size_t size);               /* zeroed */
void *mem_array(size_t count, size_t size); /* zeroed, overflow checked */
void *mem_resize(void *p, size_t count, size_t size);

#endif
