/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in HTML and SVG, so that nothing of it is taken for markup. Pure.
 */
#ifndef CHRONYC_HTML_H
#define CHRONYC_HTML_H

#include <stdio.h>

/* Writes a text as content of an element, or of an attribute in double quotes. Control characters
   and what is not UTF-8 become '?'. */
void html_text(FILE *out, const char *text);

#endif
