/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chronyc -j: every recorded exchange gives one JSON document per command, which fits the schema of
 * its report in doc/schema/; values and order of the fields; what happens when a report fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyc/commands.h"
#include "chronyc/document.h"
#include "test/unit/support/chronyc.h"
#include "test/unit/support/json_schema.h"

#define SCHEMAS   TEST_DATA_DIR "/../../doc/schema/"
#define NAMES_MAX 32

struct schemas {
    json_t *by_name; /* name: schema */
    json_t *seen;    /* name: whether a document of the report was validated */
};

static json_t *schema_of(struct schemas *s, const char *name)
{
    json_t *schema = json_object_get(s->by_name, name);
    char path[512];
    json_error_t error;

    if (schema)
        return schema;
    snprintf(path, sizeof(path), "%s%s.json", SCHEMAS, name);
    schema = json_load_file(path, 0, &error);
    if (!schema)
        fail_msg("%s: %s", path, error.text);
    json_object_set_new(s->by_name, name, schema);
    return schema;
}

/* Name of the schema for the report of a command. */
static void report_name(const char *command, char *name, size_t size)
{
    size_t length = strcspn(command, " ");

    assert_true(length < size);
    memcpy(name, command, length);
    name[length] = '\0';
    if (strncmp(command, "manual list", 11) == 0)
        text_copy(name, size, "manual_list");
}

static bool is_status(json_t *document)
{
    return json_object_get(document, "status_code") != NULL;
}

/* The members come in the order of the schema, on which readers of columns rely. */
static bool same_order(json_t *schema, json_t *document)
{
    json_t *properties = json_object_get(schema, "properties");
    void *b;

    if (json_is_array(document)) {
        json_t *row;
        size_t i;

        json_array_foreach(document, i, row)
        {
            if (!same_order(json_object_get(schema, "items"), row))
                return false;
        }
        return true;
    }
    void *a = json_object_iter(properties);
    for (b = json_object_iter(document); a && b; b = json_object_iter_next(document, b)) {
        if (strcmp(json_object_iter_key(a), json_object_iter_key(b)) != 0)
            return false;
        a = json_object_iter_next(properties, a);
    }
    return !a && !b;
}

static void validate(struct schemas *s, const char *command, json_t *document)
{
    char name[64], error[512];

    report_name(command, name, sizeof(name));
    if (is_status(document))
        text_copy(name, sizeof(name), "status");
    json_t *schema = schema_of(s, name);
    if (!json_schema_validate(schema, document, error, sizeof(error)))
        fail_msg("%s: %s", command, error);
    if (!same_order(schema, document))
        fail_msg("%s: the order of the members is not that of the schema", command);
    if (!json_is_array(document) || json_array_size(document) > 0)
        json_object_set_new(s->seen, name, json_true());
}

/* Commands that print text in any case. */
static bool is_text_command(const char *command)
{
    static const char *const names[] = {"help",    "keygen",  "exit",     "quit",    "dns",
                                        "timeout", "retries", "authhash", "password"};
    char name[64];

    report_name(command, name, sizeof(name));
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* text: what was recorded on standard output */
static void check_output(struct schemas *s, const char *command, const char *text,
                         const struct played *played)
{
    json_error_t error;

    if (played->out[0] == '\0') {
        /* A message for people, a failure without any, or a comment. */
        if (played->status == 0 && text[0] != '\0')
            fail_msg("%s: no JSON document", command);
        return;
    }
    json_t *document = json_loads(played->out, 0, &error);
    if (!document)
        fail_msg("%s: no JSON document (%s): %s", command, error.text, played->out);
    validate(s, command, document);
    json_decref(document);
}

static bool has_option(json_t *record, const char *option)
{
    json_t *item;
    size_t i;

    json_array_foreach(json_object_get(record, "options"), i, item)
    {
        if (strchr(json_string_value(item), option[0]))
            return true;
    }
    return false;
}

static void check_record(struct schemas *s, json_t *record)
{
    json_t *command = json_object_get(record, "command");

    /* Dots and several commands are looked at below. */
    if (!json_is_string(command) || is_text_command(json_string_value(command)) ||
        has_option(record, "e") || has_option(record, "m"))
        return;
    struct played played = replay_run(record, "-j");
    if (!played.same_requests)
        fail_msg("%s: -j makes other requests", json_string_value(command));
    assert_int_equal(played.status, json_integer_value(json_object_get(record, "exit_status")));
    check_output(s, json_string_value(command),
                 json_string_value(json_object_get(record, "stdout")), &played);
    played_free(&played);
}

static void every_recorded_report_fits_its_schema(void **state)
{
    static const char *const reports[] = {
        "tracking", "sources",     "sourcestats", "selectdata",  "authdata",    "ntpdata",
        "activity", "serverstats", "clients",     "manual_list", "rtcdata",     "smoothing",
        "settime",  "waitsync",    "sourcename",  "estimator",   "temperature", "explain",
        "clock",    "processes",   "status"};
    struct schemas s = {json_object(), json_object()};

    for (size_t i = 0; i < replay_file_count; i++) {
        json_t *root = replay_load(replay_files[i]), *record;
        size_t j;

        json_array_foreach(json_object_get(root, "records"), j, record) check_record(&s, record);
        json_decref(root);
    }
    for (size_t i = 0; i < COUNT(reports); i++)
        if (!json_object_get(s.seen, reports[i]))
            fail_msg("no recorded %s", reports[i]);
    json_decref(s.by_name);
    json_decref(s.seen);
}

static json_t *find_record(json_t *root, const char *command)
{
    json_t *record;
    size_t i;

    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        const char *text = json_string_value(json_object_get(record, "command"));

        if (text && strcmp(text, command) == 0 &&
            json_integer_value(json_object_get(record, "exit_status")) == 0)
            return record;
    }
    fail_msg("no record of %s", command);
    return NULL;
}

/* The same reply as JSON and as CSV, whose fields have fewer digits. */
static void tracking_has_the_values_of_csv_output(void **state)
{
    json_t *root = replay_load("client-of-loopback-server.json"), *document;
    json_t *record = find_record(root, "tracking");
    struct played json = replay_run(record, "-j"), csv = replay_run(record, "-c");
    char *field = csv.out;
    size_t compared = 0;

    document = json_loads(json.out, 0, NULL);
    void *member = json_object_iter(document);
    while (member) {
        json_t *value = json_object_iter_value(member);
        const char *key = json_object_iter_key(member);
        size_t length = strcspn(field, ",\n");

        if (strcmp(key, "address") == 0 || strcmp(key, "reference_time_nanoseconds") == 0) {
            member = json_object_iter_next(document, member);
            continue; /* no field of their own in CSV */
        }
        field[length] = '\0';
        if (json_is_real(value)) {
            double difference = json_real_value(value) - atof(field);

            assert_true(difference < 0.051 && difference > -0.051);
            compared++;
        } else if (json_is_string(value) && strcmp(key, "leap_status") != 0) {
            assert_string_equal(json_string_value(value), field);
            compared++;
        } else if (json_is_integer(value)) {
            assert_int_equal(json_integer_value(value), atol(field));
            compared++;
        }
        field += length + 1;
        member = json_object_iter_next(document, member);
    }
    assert_int_equal(compared, 13);
    json_decref(document);
    json_decref(root);
    played_free(&json);
    played_free(&csv);
}

static void numbers_have_full_precision(void **state)
{
    struct document *d = document_new();
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    document_real(d, "real_seconds", 0.1);
    document_real(d, "tiny_seconds", 4.9406564584124654e-324);
    document_real(d, "infinite_seconds", 1.0 / 0.0);
    document_integer(d, "integer", INT64_MIN);
    document_count(d, "count", INT64_MAX);
    document_count(d, "large_count", UINT64_MAX);
    document_write(d, out);
    fclose(out);
    assert_string_equal(text,
                        "{\"real_seconds\": 0.10000000000000001, "
                        "\"tiny_seconds\": 4.9406564584124654e-324, \"infinite_seconds\": null, "
                        "\"integer\": -9223372036854775808, \"count\": 9223372036854775807, "
                        "\"large_count\": 1.8446744073709552e19}\n");
    free(text);
    document_free(d);
}

static void each_command_has_a_document_of_its_own(void **state)
{
    json_t *root = replay_load("unsynchronised.json"), *record, *item;
    size_t i, lists = 0;

    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        json_t *commands = json_object_get(record, "command");
        size_t j, lines = 0;
        char *line;

        if (!json_is_array(commands))
            continue;
        struct played played = replay_run(record, "-j");
        assert_true(played.same_requests);
        for (line = strtok(played.out, "\n"); line; line = strtok(NULL, "\n")) {
            json_t *document = json_loads(line, 0, NULL);

            if (strcmp(line, ".") == 0)
                continue;
            assert_non_null(document);
            json_decref(document);
            lines++;
        }
        json_array_foreach(commands, j, item) assert_true(json_is_string(item));
        assert_true(lines <= j);
        lists += lines > 1;
        played_free(&played);
    }
    assert_true(lists > 0);
    json_decref(root);
}

static void a_failed_report_is_a_status(void **state)
{
    /* A report of two rows, the second of which the daemon refuses, and one without a daemon. */
    json_t *root = replay_load("many-sources.json");
    json_t *record = json_deep_copy(find_record(root, "sources -a"));
    json_t *replies = json_object_get(record, "reply_hex");
    char *refused = text_dup(json_string_value(json_array_get(replies, 2)));

    assert_true(json_array_size(replies) > 3);
    memcpy(refused + 12, "00010004", 8); /* reply code null, status: no such source */
    json_array_set_new(replies, 2, json_string(refused));
    while (json_array_size(replies) > 3) {
        json_array_remove(replies, 3);
        json_array_remove(json_object_get(record, "request_hex"), 3);
    }
    struct played played = replay_run(record, "-j");
    assert_true(played.same_requests);
    assert_int_equal(played.status, 1);
    assert_string_equal(played.out, "{\"status_code\": 503, \"status\": \"No such source\"}\n");
    played_free(&played);

    json_array_clear(replies);
    json_array_remove(json_object_get(record, "request_hex"), 2);
    json_array_set(json_object_get(record, "request_hex"), 1,
                   json_array_get(json_object_get(record, "request_hex"), 0));
    json_array_append(json_object_get(record, "request_hex"),
                      json_array_get(json_object_get(record, "request_hex"), 0));
    played = replay_run(record, "-j");
    assert_int_equal(played.status, 1);
    assert_string_equal(played.out,
                        "{\"status_code\": 506, \"status\": \"Cannot talk to daemon\"}\n");
    played_free(&played);
    free(refused);
    json_decref(record);
    json_decref(root);
}

static bool fits(const char *schema, const char *value)
{
    json_t *s = json_loads(schema, 0, NULL), *v = json_loads(value, JSON_DECODE_ANY, NULL);
    char error[512];
    bool result = json_schema_validate(s, v, error, sizeof(error));

    json_decref(s);
    json_decref(v);
    return result;
}

static void the_validator_finds_differences(void **state)
{
    const char *object = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\","
                         "\"minimum\":0,\"maximum\":3},\"b\":{\"enum\":[\"x\",null]}},"
                         "\"required\":[\"a\"],\"additionalProperties\":false}";

    assert_true(fits(object, "{\"a\":3,\"b\":null}"));
    assert_false(fits(object, "{\"a\":4}"));
    assert_false(fits(object, "{\"a\":-1}"));
    assert_false(fits(object, "{\"a\":1.5}"));
    assert_false(fits(object, "{\"a\":1,\"b\":\"y\"}"));
    assert_false(fits(object, "{\"b\":\"x\"}"));
    assert_false(fits(object, "{\"a\":1,\"c\":1}"));
    assert_false(fits(object, "[]"));
    assert_false(fits("{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "[\"a\", 1]"));
    assert_false(fits("{\"type\":[\"number\",\"null\"]}", "\"1\""));
    assert_false(fits("{\"pattern\":\"x\"}", "1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_report_fits_its_schema),
        cmocka_unit_test(tracking_has_the_values_of_csv_output),
        cmocka_unit_test(numbers_have_full_precision),
        cmocka_unit_test(each_command_has_a_document_of_its_own),
        cmocka_unit_test(a_failed_report_is_a_status),
        cmocka_unit_test(the_validator_finds_differences),
    };
    struct document *d = document_new();

    setenv("TZ", "UTC", 1);
    if (!d) {
        print_message("built without JSON output\n");
        return 77;
    }
    document_free(d);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
