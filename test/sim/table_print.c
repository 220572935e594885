/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table as text, and the same in Markdown for a document: absolute figures, ratios to the other
 * chronyd (to the regression, where that did not run), their geometric means, and what is worse.
 */
#include "test/sim/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include "base/text.h"
#include "test/sim/peer.h"

#define WORSE_OFFSET    1.05
#define WORSE_FREQUENCY 1.1
#define NUMBER_SIZE     24
/* Of the mean of the squared error over the variance, where it can be told. */
#define MIN_CALIBRATION 0.5
#define MAX_CALIBRATION 1.5

/* Kalman to the base. */
enum ratio { OFFSET_RATIO, MAX_RATIO, FREQUENCY_RATIO, SYNC_RATIO, PACKET_RATIO, RATIOS };

static const char *const ratio_names[RATIOS] = {"RMS offset", "max offset", "RMS frequency",
                                                "sync time", "packets"};

struct number {
    char text[NUMBER_SIZE];
};

static struct number show(const char *format, double value)
{
    struct number number = {"-"};

    if (isfinite(value))
        snprintf(number.text, sizeof(number.text), format, value);
    return number;
}

/* Equal ones have the ratio 1, also if they are 0. */
static double divide(double value, double base)
{
    return value == base ? 1.0 : value / base;
}

static const struct table_cell *base_of(const struct table_row *row)
{
    return &row->cells[row->cells[TABLE_PEER].present ? TABLE_PEER : TABLE_REGRESSION];
}

static double ratio_of(const struct table_row *row, enum ratio ratio)
{
    const struct table_cell *k = &row->cells[TABLE_KALMAN], *b = base_of(row);
    const struct sim_result *ours = &k->medians, *base = &b->medians;

    if (!k->present || !b->present)
        return NAN;
    switch (ratio) {
    case OFFSET_RATIO:
        return divide(ours->rms_offset, base->rms_offset);
    case MAX_RATIO:
        return divide(ours->max_offset, base->max_offset);
    case FREQUENCY_RATIO:
        return divide(ours->rms_frequency, base->rms_frequency);
    case SYNC_RATIO:
        return divide(k->sync_time, b->sync_time);
    default:
        return divide((double)ours->packets, (double)base->packets);
    }
}

static double figure_of(const struct table_row *row, enum table_column column, enum figure figure)
{
    const struct table_cell *cell = &row->cells[column];

    if (!cell->present)
        return NAN;
    switch (figure) {
    case SYNC_TIME:
        return cell->sync_time;
    case MAX_OFFSET:
        return cell->medians.max_offset;
    case RMS_OFFSET:
        return cell->medians.rms_offset;
    case MAX_FREQUENCY:
        return cell->medians.max_frequency;
    case RMS_FREQUENCY:
        return cell->medians.rms_frequency;
    default:
        return (double)cell->medians.packets;
    }
}

/* A table in either form: fields between separators. */
struct form {
    FILE *out;
    bool markdown;
};

static void put_name(const struct form *form, const char *name)
{
    fprintf(form->out, form->markdown ? "| %s |" : "%-17s", name);
}

static void put(const struct form *form, int width, const struct number *number)
{
    if (form->markdown)
        fprintf(form->out, " %s |", number->text);
    else
        fprintf(form->out, " %*s", width, number->text);
}

static void put_heading(const struct form *form, const char *const *names, const int *widths,
                        int count)
{
    put_name(form, form->markdown ? "network" : "");
    for (int i = 0; i < count; i++)
        if (form->markdown)
            fprintf(form->out, " %s |", names[i]);
        else
            fprintf(form->out, " %*s", widths[i], names[i]);
    fputc('\n', form->out);
    if (!form->markdown)
        return;
    fputs("|---|", form->out);
    for (int i = 0; i < count; i++)
        fputs("---|", form->out);
    fputc('\n', form->out);
}

static void put_offsets(const struct form *form, const struct table_row *rows, int count)
{
    const char *const names[] = {"regression", "kalman", "chronyd",   "limit",   "offset",
                                 "max",        "freq",   "sync time", "packets", "to limit"};
    const int widths[] = {10, 9, 9, 9, 7, 6, 6, 9, 7, 8};
    int columns = sizeof(widths) / sizeof(widths[0]);

    fprintf(form->out, "%sRMS offset in s, and ratios of kalman to chronyd%s\n\n",
            form->markdown ? "" : "\n", form->markdown ? "" : " (*: to the regression)");
    put_heading(form, names, widths, columns);
    for (int i = 0; i < count; i++) {
        const struct table_row *row = &rows[i];

        put_name(form, row->scenario->name);
        for (int column = 0; column < TABLE_COLUMNS; column++) {
            struct number n = show("%.2e", figure_of(row, (enum table_column)column, RMS_OFFSET));

            put(form, widths[column], &n);
        }
        struct number limit = show("%.2e", row->limit);
        put(form, widths[TABLE_COLUMNS], &limit);
        for (int ratio = 0; ratio < RATIOS; ratio++) {
            const char *format = row->cells[TABLE_PEER].present ? "%.2f" : "%.2f*";
            struct number n = show(format, ratio_of(row, (enum ratio)ratio));

            put(form, widths[TABLE_COLUMNS + 1 + ratio], &n);
        }
        struct number rest = show("%.2f", figure_of(row, TABLE_KALMAN, RMS_OFFSET) / row->limit);
        put(form, widths[columns - 1], &rest);
        fputc('\n', form->out);
    }
}

/* A figure of all three. */
static void put_three(const struct form *form, const struct table_row *row, enum figure figure,
                      const char *format, int width)
{
    for (int column = 0; column < TABLE_COLUMNS; column++) {
        struct number n = show(format, figure_of(row, (enum table_column)column, figure));

        put(form, width, &n);
    }
}

static void put_others(const struct form *form, const struct table_row *rows, int count)
{
    const char *const names[] = {"freq reg.",   "freq kal.",   "freq chr.",  "max reg.",
                                 "max kal.",    "max chr.",    "sync reg.",  "sync kal.",
                                 "sync chr.",   "pack. reg.",  "pack. kal.", "pack. chr.",
                                 "calib. reg.", "calib. kal.", "bound reg.", "bound kal."};
    const int widths[] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 10, 10, 10, 11, 11, 10, 10};

    fprintf(
        form->out,
        "\nRMS frequency error, maximum offset in s, time to synchronise in s, packets, mean of "
        "the squared error over the variance, part of the time in which the error is above the "
        "bound\n\n");
    put_heading(form, names, widths, sizeof(widths) / sizeof(widths[0]));
    for (int i = 0; i < count; i++) {
        const struct table_row *row = &rows[i];

        put_name(form, row->scenario->name);
        put_three(form, row, RMS_FREQUENCY, "%.2e", 9);
        put_three(form, row, MAX_OFFSET, "%.2e", 9);
        put_three(form, row, SYNC_TIME, "%.1f", 9);
        put_three(form, row, PACKETS, "%.0f", 10);
        for (int column = TABLE_REGRESSION; column <= TABLE_KALMAN; column++) {
            struct number n = show("%.2f", sim_calibration(&row->cells[column].honesty));

            put(form, 11, &n);
        }
        for (int column = TABLE_REGRESSION; column <= TABLE_KALMAN; column++) {
            struct number n = show("%.1e", sim_part_exceeded(&row->cells[column].honesty));

            put(form, 10, &n);
        }
        fputc('\n', form->out);
    }
}

static double geometric_mean(const struct table_row *rows, int count, enum ratio ratio,
                             bool peer_only, int *used)
{
    double sum = 0.0;

    *used = 0;
    for (int i = 0; i < count; i++) {
        double value = ratio_of(&rows[i], ratio);

        if ((peer_only && !rows[i].cells[TABLE_PEER].present) || !(value > 0.0) || !isfinite(value))
            continue;
        sum += log(value);
        ++*used;
    }
    return *used > 0 ? exp(sum / *used) : NAN;
}

static void put_means(const struct form *form, const struct table_row *rows, int count)
{
    int used;

    for (int only = 1; only >= 0; only--) {
        fprintf(form->out, "%s",
                only ? "\nGeometric means of the ratios to chronyd:"
                     : "\nThe same with the ratios to the regression where "
                       "chronyd did not run:");
        for (int ratio = 0; ratio < RATIOS; ratio++) {
            struct number n =
                show("%.3f", geometric_mean(rows, count, (enum ratio)ratio, only, &used));

            fprintf(form->out, "%s %s %s", ratio == 0 ? "" : ",", ratio_names[ratio], n.text);
        }
        fprintf(form->out, " (%d networks).\n", used);
    }
}

static void put_worse(const struct form *form, const struct table_row *rows, int count,
                      enum ratio ratio, double limit)
{
    bool first = true;

    fprintf(form->out, "\n%s more than %.2f times as large:", ratio_names[ratio], limit);
    for (int i = 0; i < count; i++) {
        double value = ratio_of(&rows[i], ratio);

        if (!(value > limit))
            continue;
        fprintf(form->out, "%s %s %.2f%s", first ? "" : ",", rows[i].scenario->name, value,
                rows[i].cells[TABLE_PEER].present ? "" : "*");
        first = false;
    }
    fprintf(form->out, "%s\n", first ? " none." : ".");
}

/* Those that do not follow another client, whose errors are not in their samples. */
static void put_calibration(const struct form *form, const struct table_row *rows, int count)
{
    bool first = true;

    fprintf(form->out,
            "\nSquared error over the variance, kalman, symmetric networks, outside %.1f to %.1f:",
            MIN_CALIBRATION, MAX_CALIBRATION);
    for (int i = 0; i < count; i++) {
        double value = sim_calibration(&rows[i].cells[TABLE_KALMAN].honesty);
        bool is_first_hand = !rows[i].scenario->tabled || peer_can_run(rows[i].scenario);

        if (!scenario_is_symmetric(rows[i].scenario) || !is_first_hand ||
            (value >= MIN_CALIBRATION && value <= MAX_CALIBRATION))
            continue;
        fprintf(form->out, "%s %s %.2f", first ? "" : ",", rows[i].scenario->name, value);
        first = false;
    }
    fprintf(form->out, "%s\n", first ? " none." : ".");
}

static void put_all(const struct form *form, const struct table_row *rows, int count)
{
    put_offsets(form, rows, count);
    put_others(form, rows, count);
    put_means(form, rows, count);
    put_worse(form, rows, count, OFFSET_RATIO, WORSE_OFFSET);
    put_worse(form, rows, count, OFFSET_RATIO, WORSE_FREQUENCY);
    put_worse(form, rows, count, FREQUENCY_RATIO, WORSE_FREQUENCY);
    put_worse(form, rows, count, SYNC_RATIO, WORSE_OFFSET);
    put_calibration(form, rows, count);
}

bool table_print(const struct request *request, int seeds, const struct table_row *rows, int count)
{
    struct form text = {stdout, false}, markdown = {NULL, true};

    printf("Medians over %d seeds from %llu on (time to synchronise: mean); chronyd: %s\n", seeds,
           (unsigned long long)request->seed, request->against ? request->against : "not run");
    put_all(&text, rows, count);
    if (!request->markdown)
        return true;
    markdown.out = fopen(request->markdown, "w");
    bool good = markdown.out != NULL;
    if (good) {
        put_all(&markdown, rows, count);
        good = ferror(markdown.out) == 0;
        good = fclose(markdown.out) == 0 && good;
    }
    if (!good)
        fprintf(stderr, "Could not write %s : %s\n", request->markdown, text_errno(errno));
    return good;
}
