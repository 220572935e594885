/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports for programs: the rows have the keys of the schemas in doc/schema/, in their order; each
 * kind of value in CSV; what is unknown is null in JSON.
 */
#include "test/unit/support/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "chronyc/document.h"
#include "chronyc/report_rows.h"

#define SCHEMAS TEST_DATA_DIR "/../../doc/schema/"

/* The keys in the order of the rows. */
static void check_keys(const char *name, const struct cmd_field *fields, size_t count)
{
    char path[512], key[128];
    json_error_t error;

    snprintf(path, sizeof(path), SCHEMAS "%s.json", name);
    json_t *schema = json_load_file(path, 0, &error);
    if (!schema)
        fail_msg("%s: %s", path, error.text);
    json_t *items = json_object_get(schema, "items");
    json_t *properties = json_object_get(items ? items : schema, "properties");
    void *property = json_object_iter(properties);
    for (size_t i = 0; i < count; i++) {
        bool is_time = fields[i].show == SHOW_TIME || fields[i].show == SHOW_DATE;

        for (int part = 0; fields[i].key && part < (is_time ? 2 : 1); part++) {
            const char *suffix = !is_time ? "" : part == 0 ? "_unix_seconds" : "_nanoseconds";

            snprintf(key, sizeof(key), "%s%s", fields[i].key, suffix);
            if (!property || strcmp(json_object_iter_key(property), key) != 0)
                fail_msg("%s: %s is not in its place in the schema", name, key);
            property = json_object_iter_next(properties, property);
        }
    }
    if (property)
        fail_msg("%s: no row for %s", name, json_object_iter_key(property));
    json_decref(schema);
}

static void keys_are_those_of_the_schemas(void **state)
{
    static const struct {
        const char *name;
        enum reply_code reply;
    } reports[] = {
        {"tracking", REPLY_TRACKING},
        {"sources", REPLY_SOURCE_DATA},
        {"sourcestats", REPLY_SOURCESTATS},
        {"selectdata", REPLY_SELECTDATA},
        {"authdata", REPLY_AUTHDATA},
        {"ntpdata", REPLY_NTPDATA},
        {"activity", REPLY_ACTIVITY},
        {"serverstats", REPLY_SERVERSTATS},
        {"clients", REPLY_CLIENTS},
        {"manual_list", REPLY_MANUAL_LIST},
        {"rtcdata", REPLY_RTC},
        {"smoothing", REPLY_SMOOTHING},
        {"settime", REPLY_SETTIME},
        {"sourcename", REPLY_SOURCENAME},
        {"estimator", REPLY_ESTIMATOR},
        {"temperature", REPLY_TEMPERATURE},
        {"clock", REPLY_CLOCK},
        {"processes", REPLY_PROCESSES},
        {"xdp", REPLY_XDP},
    };
    const size_t count = COUNT(reports);
    size_t shown = 0;

    for (size_t i = 0; i < count; i++) {
        const struct cmd_layout *layout = cmd_reply_layout(reports[i].reply);

        if (layout->records)
            check_keys(reports[i].name, layout->records->fields, layout->records->field_count);
        else
            check_keys(reports[i].name, layout->fields, layout->field_count);
    }
    for (unsigned int reply = 0; reply <= UINT16_MAX; reply++) {
        const struct cmd_layout *layout = cmd_reply_layout(reply);

        if (layout && layout->records)
            shown += layout->records->fields[0].key ? 1 : 0;
        else
            shown += layout && layout->field_count > 0 && layout->fields[0].key;
    }
    assert_int_equal(shown, count);
}

struct output {
    struct environment env;
    struct client client;
    char *text;
    size_t size;
};

static void output_begin(struct output *o, bool json)
{
    *o = (struct output){.client = {.env = &o->env, .csv = !json}};
    o->env.out = open_memstream(&o->text, &o->size);
    o->client.json = json ? document_new() : NULL;
}

static void assert_output(struct output *o, const char *expected)
{
    if (o->client.json)
        document_write(o->client.json, o->env.out);
    fclose(o->env.out);
    assert_string_equal(o->text, expected);
    document_free(o->client.json);
    free(o->text);
}

static void csv_has_commas_between_fields_only(void **state)
{
    union cmd_reply_body body = {.activity = {1, 2, 3, 4, -1}};
    struct output o;

    output_begin(&o, false);
    assert_true(row_show(&o.client, REPLY_ACTIVITY, &body, NULL));
    assert_true(row_show(&o.client, REPLY_ACTIVITY, &body, NULL));
    assert_output(&o, "1,2,3,4,4294967295\n1,2,3,4,4294967295\n");
}

static void csv_has_options_tests_and_words(void **state)
{
    union cmd_reply_body body = {.selectdata = {.state = '*',
                                                .authenticated = true,
                                                .leap = 3,
                                                .conf_options = 6,
                                                .eff_options = 15,
                                                .last_sample_ago = UINT32_MAX,
                                                .score = 1.25,
                                                .low_limit = -0.5,
                                                .high_limit = 100000.0}};
    struct row_given given = {.name = "a name"};
    struct output o;

    output_begin(&o, false);
    assert_true(row_show(&o.client, REPLY_SELECTDATA, &body, &given));
    assert_output(&o, "*,a name,Y,-,P,T,-,-,N,P,T,R,-,4294967295,1.2,-0.500000000,"
                      "100000.000000000,Not synchronised\n");

    struct report_manual_sample sample = {.when = {.sec = 86400, .nsec = 5}, .residual = -1.0};
    given.index = 7;
    output_begin(&o, false);
    assert_true(row_show_record(&o.client, REPLY_MANUAL_LIST, &sample, &given));
    assert_output(&o, "7,1970-01-02 00:00:00,0.00,0.00,-1.00\n");
}

static void what_is_unknown_is_null(void **state)
{
    struct report_client client = {.ntp_interval = 127,
                                   .ntp_timeout_interval = -2,
                                   .last_ntp_ago = UINT32_MAX,
                                   .last_cmd_ago = 5};
    struct row_given given = {.name = "x"};
    struct output o;

    output_begin(&o, true);
    if (!o.client.json)
        skip();
    assert_true(row_show_record(&o.client, REPLY_CLIENTS, &client, &given));
    assert_output(&o, "{\"name\": \"x\", \"address\": null, \"ntp_hits\": 0, \"ntp_drops\": 0, "
                      "\"ntp_interval_log2_seconds\": null, "
                      "\"ntp_timeout_interval_log2_seconds\": -2, "
                      "\"last_ntp_age_seconds\": null, \"command_hits\": 0, \"command_drops\": 0, "
                      "\"command_interval_log2_seconds\": 0, \"last_command_age_seconds\": 5, "
                      "\"nts_ke_hits\": 0, \"nts_ke_drops\": 0, "
                      "\"nts_ke_interval_log2_seconds\": 0, \"last_nts_ke_age_seconds\": 0}\n");
}

static void a_bound_that_is_unknown_is_not_zero(void **state)
{
    union cmd_reply_body body = {.clock = {.last_update_ago = UINT32_MAX, .last_step_ago = 7}};
    struct output o;

    output_begin(&o, false);
    assert_true(row_show(&o.client, REPLY_CLOCK, &body, NULL));
    assert_output(&o, "Not synchronised,4294967295,0.000000000,-,-,0.000,0.0,0,0,0,7,0.000000000,"
                      "No,0\n");

    output_begin(&o, true);
    if (!o.client.json)
        skip();
    assert_true(row_show(&o.client, REPLY_CLOCK, &body, NULL));
    document_write(o.client.json, o.env.out);
    fflush(o.env.out);
    assert_non_null(strstr(o.text, "\"error_bound_seconds\": null, "
                                   "\"error_bound_growth_ppm\": null"));
    fclose(o.env.out);
    document_free(o.client.json);
    free(o.text);
}

static void without_options_nothing_is_shown(void **state)
{
    union cmd_reply_body body = {.activity = {1, 2, 3, 4, 5}};
    struct output o;

    output_begin(&o, false);
    o.client.csv = false;
    assert_true(rows_begin(&o.client));
    assert_false(row_show(&o.client, REPLY_ACTIVITY, &body, NULL));
    assert_output(&o, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_of_the_schemas),
        cmocka_unit_test(csv_has_commas_between_fields_only),
        cmocka_unit_test(csv_has_options_tests_and_words),
        cmocka_unit_test(what_is_unknown_is_null),
        cmocka_unit_test(a_bound_that_is_unknown_is_not_zero),
        cmocka_unit_test(without_options_nothing_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
