/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal's screen: what a user would see of the bytes that a program writes. It understands the
 * part of ECMA-48 (and xterm's alternate screen) that line editing and full-screen output need.
 */
#ifndef TEST_TOOLS_EMULATOR_H
#define TEST_TOOLS_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>

struct emulator;

struct emulator *emulator_new(int rows, int columns);
void emulator_free(struct emulator *e);
void emulator_feed(struct emulator *e, const char *data, size_t length);

/* The text of the screen: lines without trailing spaces, each with a newline; allocated. */
char *emulator_text(const struct emulator *e);
/* The same with only the characters in reverse video (else spaces), or only those with a colour. */
char *emulator_reversed(const struct emulator *e);
char *emulator_colored(const struct emulator *e);

bool emulator_is_alternate(const struct emulator *e);
bool emulator_shows_cursor(const struct emulator *e);

#endif
