/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sparklines of block characters (U+2581 to U+2588).
 */
#include "chronyc/sparkline.h"

#include <math.h>
#include <string.h>
#include "base/number.h"

static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                     "\u2585", "\u2586", "\u2587", "\u2588"};
static const char *const darker[] = {".", ":", "-", "=", "+", "*", "#", "@"};

void sparkline(const double *values, size_t count, double low, double high, bool utf8, char *text,
               size_t size)
{
    const int heights = COUNT(blocks);
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *c = " ";

        if (!isnan(values[i])) {
            double part = high > low ? (values[i] - low) / (high - low) : 0.0;
            int height = (int)(clamp(0.0, part, 1.0) * heights);

            height = clamp_int(0, height, heights - 1);
            c = utf8 ? blocks[height] : darker[height];
        }
        size_t added = strlen(c);
        if (length + added >= size)
            break;
        memcpy(text + length, c, added + 1);
        length += added;
    }
}
