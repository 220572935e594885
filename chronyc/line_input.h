/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines from a terminal with editing, history and completion (chronyc.md 14), or plain ones.
 */
#ifndef CHRONYC_LINE_INPUT_H
#define CHRONYC_LINE_INPUT_H

#include <stdio.h>

/* A line without its newline, allocated; NULL at the end of input. The prompt is NULL when input is
   not from a terminal. */
char *line_input_read(FILE *in, FILE *out, const char *prompt);

#endif
