/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Escaping. Names of sources come from the configuration, from servers or from a damaged file.
 */
#include "chronyc/html.h"

#include <stddef.h>
#include <stdint.h>

/* Octets of the UTF-8 sequence at the start of the text; 0: there is no valid one of a character
   that HTML allows. */
static size_t sequence_length(const uint8_t *s)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80       ? 1
                    : s[0] >> 5 == 6  ? 2
                    : s[0] >> 4 == 14 ? 3
                    : s[0] >> 3 == 30 ? 4
                                      : 0;
    uint32_t c = length > 1 ? s[0] & (0x7fu >> length) : s[0];

    for (size_t i = 1; i < length; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (length == 0 || c < smallest[length] || c < 0x20 || (c >= 0x7f && c < 0xa0) ||
        (c >= 0xd800 && c < 0xe000) || (c & 0xfffe) == 0xfffe || c > 0x10ffff)
        return 0;
    return length;
}

void html_text(FILE *out, const char *text)
{
    while (text[0] != '\0') {
        size_t length = sequence_length((const uint8_t *)text);

        if (length == 0)
            fputc('?', out);
        else if (text[0] == '&')
            fputs("&amp;", out);
        else if (text[0] == '<')
            fputs("&lt;", out);
        else if (text[0] == '>')
            fputs("&gt;", out);
        else if (text[0] == '"')
            fputs("&quot;", out);
        else
            fwrite(text, 1, length, out);
        text += length > 0 ? length : 1;
    }
}
