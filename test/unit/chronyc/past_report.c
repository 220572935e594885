/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports about the past as they are printed: text fits a terminal, JSON fits its schema, names
 * from the file have no effect on a page, and a page of a month has a sane size.
 */
#include "test/unit/support/unit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyc/past_report.h"
#include "test/unit/support/json_schema.h"

#define SCHEMA  TEST_DATA_DIR "/../../doc/schema/report.json"
#define T0      1793491200
#define HOSTILE "<b>\"&\033[2J"

/* A made-up history of so many minutes and sources; the first source has a hostile name. */
struct past {
    struct history history;
    struct past_figures figures;
    struct past_report report;
};

static void make(struct past *p, size_t minutes, size_t sources)
{
    struct history *h = &p->history;

    *p = (struct past){.history = {.minute_count = minutes, .source_count = sources}};
    h->minutes = mem_array(minutes, sizeof(*h->minutes));
    h->sources = mem_array(sources, sizeof(*h->sources));
    h->samples = mem_array(minutes * sources, sizeof(*h->samples));
    h->events = mem_array(60, sizeof(*h->events));
    for (size_t i = 0; i < sources; i++) {
        snprintf(h->sources[i].name, sizeof(h->sources[i].name), i == 0 ? HOSTILE : "ntp%zu", i);
        snprintf(h->sources[i].address, sizeof(h->sources[i].address), "2001:db8::%zx", i + 1);
    }
    for (size_t i = 0; i < minutes; i++) {
        int64_t time = T0 + 60 * (int64_t)(i + 1);
        double offset = 1e-5 * sin((double)(i * i % 1000));

        h->minutes[i] =
            (struct history_minute){.time = time,
                                    .state = i < 2 ? HISTORY_UNSYNCHRONISED : HISTORY_SYNCHRONISED,
                                    .selected = i < 2 ? HISTORY_NO_SOURCE : 0,
                                    .offset = offset,
                                    .bound = 2e-4,
                                    .freq_ppm = 1.0 + offset,
                                    .skew_ppm = 0.1,
                                    .temperature = 40.0 + 1e4 * offset};
        for (size_t j = 0; j < sources; j++)
            h->samples[h->sample_count++] = (struct history_sample){
                time, (int)j, j == 0 ? '*' : '+', offset, 1e-3 + fabs(offset), 1e-6};
    }
    for (int i = 0; i < 60; i++) {
        struct history_event *e = &h->events[h->event_count++];

        *e = (struct history_event){.time = T0 + 61 + i,
                                    .value = -0.5,
                                    .kind = (enum history_event_kind)(i % HISTORY_EVENT_KINDS)};
        e->source = i % 3 == 0 ? 0 : HISTORY_NO_SOURCE;
        text_copy(e->text, sizeof(e->text), i % 2 == 0 ? HOSTILE : "");
    }
    const struct past_period period = {T0, T0 + 60 * (int64_t)minutes};
    p->figures = past_figures_make(h, period, 1e-4);
    p->report = (struct past_report){
        h, &p->figures, "host.example", "/var/lib/chrony/history", "1.0", period.to + 10, false};
}

static void unmake(struct past *p)
{
    past_figures_free(&p->figures);
    free(p->history.minutes);
    free(p->history.sources);
    free(p->history.samples);
    free(p->history.events);
}

static char *print(const struct past *p, char form)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    assert_non_null(f);
    if (form == 'h')
        past_print_page(&p->report, f);
    else if (form == 'c')
        past_print_csv(&p->report, f);
    else
        past_print_text(&p->report, form == 'u', f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void text_fits_a_terminal(void **state)
{
    struct past p;

    make(&p, 500, 30);
    char *text = print(&p, 't'), *rest = text;
    assert_non_null(strstr(text, "The error of the clock was within 100 us for 0 % of the time"));
    assert_non_null(strstr(text, "<b>\"&?[2J"));
    assert_non_null(strstr(text, "and 10 more\n"));
    assert_non_null(strstr(text, "Largest error (bound)   : 200 us at 2026-11-01 00:03:00\n"));
    for (char *line = strtok_r(rest, "\n", &rest); line; line = strtok_r(rest, "\n", &rest)) {
        if (strlen(line) > 80)
            fail_msg("%zu columns: %s", strlen(line), line);
        assert_null(strchr(line, '\033'));
    }
    free(text);
    text = print(&p, 'u');
    assert_non_null(strstr(text, "\u2588"));
    free(text);
    unmake(&p);
}

static void names_have_no_effect_on_a_page(void **state)
{
    struct past p;

    make(&p, 500, 3);
    char *text = print(&p, 'h');
    assert_non_null(strstr(text, "&lt;b&gt;&quot;&amp;?[2J"));
    assert_null(strstr(text, "<b>\"&"));
    assert_null(strchr(text, '\033'));
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "http:"));
    assert_null(strstr(text, "https:"));
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    assert_non_null(strstr(text, "default-src 'none'"));
    assert_non_null(strstr(text, "10 \u00b5s"));
    free(text);
    unmake(&p);
}

static void a_page_of_a_month_is_not_large(void **state)
{
    struct past p;

    make(&p, 43200, 12);
    char *text = print(&p, 'h');
    assert_between((double)strlen(text), 1e5, 5e5);
    free(text);
    unmake(&p);
    make(&p, 43200, 200);
    text = print(&p, 'h');
    assert_non_null(strstr(text, "176 more sources"));
    assert_between((double)strlen(text), 1e5, 6e5);
    free(text);
    unmake(&p);
}

static void pages_of_little_data_are_complete(void **state)
{
    for (size_t minutes = 1; minutes < 6; minutes++) {
        struct past p;

        make(&p, minutes, minutes - 1);
        char *text = print(&p, 'h');
        assert_non_null(strstr(text, "</html>\n"));
        assert_null(strstr(text, "nan"));
        assert_null(strstr(text, "inf"));
        free(text);
        text = print(&p, 't');
        assert_null(strstr(text, "nan"));
        free(text);
        unmake(&p);
    }
}

/* Rows of arrays, too. */
static void assert_order(json_t *schema, json_t *value)
{
    json_t *items = json_object_get(schema, "items"), *row;
    size_t i;

    if (json_is_array(value)) {
        json_array_foreach(value, i, row) assert_order(items, row);
        return;
    }
    json_t *properties = json_object_get(schema, "properties");
    void *a = json_object_iter(properties), *b = json_object_iter(value);
    for (; a && b; a = json_object_iter_next(properties, a), b = json_object_iter_next(value, b)) {
        assert_string_equal(json_object_iter_key(a), json_object_iter_key(b));
        if (json_is_array(json_object_iter_value(b)))
            assert_order(json_object_iter_value(a), json_object_iter_value(b));
    }
    assert_true(!a && !b);
}

static void the_document_fits_its_schema(void **state)
{
    struct document *d = document_new();
    char *text, error[512];
    json_error_t json_error;
    size_t size;
    struct past p;

    if (!d)
        skip();
    json_t *schema = json_load_file(SCHEMA, 0, &json_error);
    assert_non_null(schema);
    for (size_t minutes = 1; minutes < 200; minutes += 100) {
        FILE *f = open_memstream(&text, &size);

        make(&p, minutes, 3);
        past_put_document(&p.report, d);
        document_write(d, f);
        document_clear(d);
        fclose(f);
        json_t *document = json_loads(text, 0, &json_error);
        if (!document || !json_schema_validate(schema, document, error, sizeof(error)))
            fail_msg("%s: %s", document ? error : json_error.text, text);
        assert_order(schema, document);
        assert_int_equal(json_array_size(json_object_get(document, "sources")), 3);
        assert_int_equal(json_array_size(json_object_get(document, "events")),
                         minutes > 1 ? 60 : 0);
        json_decref(document);
        free(text);
        unmake(&p);
    }
    json_decref(schema);
    document_free(d);
}

static void csv_has_a_line_for_each_minute(void **state)
{
    struct past p;

    make(&p, 3, 1);
    p.history.minutes[1].temperature = NAN;
    p.history.minutes[2].offset = -1.5e-5;
    text_copy(p.history.sources[0].name, sizeof(p.history.sources[0].name), "a,\n");
    char *text = print(&p, 'c');
    assert_string_equal(text,
                        "1793491260,unsynchronised,,0.000000000,0.000200000,1.000,0.100,40.000\n"
                        "1793491320,unsynchronised,,0.000008415,0.000200000,1.000,0.100,\n"
                        "1793491380,synchronised,a??,-0.000015000,0.000200000,1.000,0.100,"
                        "39.924\n");
    free(text);
    unmake(&p);
}

static void sources_are_in_the_order_of_their_use(void **state)
{
    struct past_source_figures sources[5] = {{.samples = 5},
                                             {.selected_seconds = 1},
                                             {.samples = 9},
                                             {.samples = 0},
                                             {.selected_seconds = 7, .samples = 1}};
    struct past_figures f = {.sources = sources, .source_count = 5};
    int order[3];
    size_t left_out;

    assert_int_equal(past_order_sources(&f, order, 3, &left_out), 3);
    assert_int_equal(left_out, 1);
    assert_int_equal(order[0], 4);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 2);
}

static void sources_of_one_name_are_called_by_their_addresses(void **state)
{
    struct history_source sources[4] = {{.name = "pool", .address = "192.0.2.1"},
                                        {.name = "pool", .address = "192.0.2.2"},
                                        {.name = "ntp", .address = "192.0.2.3"},
                                        {.name = "", .address = "192.0.2.4"}};
    struct history h = {.sources = sources, .source_count = 4};

    assert_string_equal(past_source_label(&h, 0), "192.0.2.1");
    assert_string_equal(past_source_label(&h, 1), "192.0.2.2");
    assert_string_equal(past_source_label(&h, 2), "ntp");
    assert_string_equal(past_source_label(&h, 3), "192.0.2.4");
    assert_string_equal(past_source_label(&h, HISTORY_NO_SOURCE), "");
    assert_string_equal(past_source_label(&h, 4), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_fits_a_terminal),
        cmocka_unit_test(names_have_no_effect_on_a_page),
        cmocka_unit_test(a_page_of_a_month_is_not_large),
        cmocka_unit_test(pages_of_little_data_are_complete),
        cmocka_unit_test(the_document_fits_its_schema),
        cmocka_unit_test(csv_has_a_line_for_each_minute),
        cmocka_unit_test(sources_are_in_the_order_of_their_use),
        cmocka_unit_test(sources_of_one_name_are_called_by_their_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
