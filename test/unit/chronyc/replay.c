/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays the recorded replies of test/data/cmdmon to the client and compares what it prints, its
 * exit status and the requests that it sends (sequence numbers aside), byte for byte.
 *
 * Every record of every file is run, except those of raw-requests.json, which were made without a
 * client and have no output to compare with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "test/unit/support/chronyc.h"

static bool same_text(json_t *record, const char *field, const char *text)
{
    const char *expected = json_string_value(json_object_get(record, field));

    if (strcmp(expected, text) == 0)
        return true;
    print_message("%s expected:\n%s\ngot:\n%s\n", field, expected, text);
    return false;
}

static bool play(json_t *record)
{
    struct played played = replay_run(record, NULL);
    bool result = played.same_requests;

    result &= same_text(record, "stdout", played.out);
    result &= same_text(record, "stderr", played.err);
    result &= played.status == json_integer_value(json_object_get(record, "exit_status"));
    if (!result) {
        char *text = json_dumps(json_object_get(record, "command"), JSON_ENCODE_ANY);

        print_message("failed: %s (status %d, %s requests)\n", text, played.status,
                      played.same_requests ? "the same" : "other");
        free(text);
    }
    played_free(&played);
    return result;
}

static void play_file(void **state)
{
    const char *name = *state;
    json_t *root = replay_load(name), *record;
    size_t i, failed = 0, played = 0;

    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        played++;
        if (!play(record))
            failed++;
    }
    json_decref(root);
    assert_true(played > 0);
    if (failed > 0)
        fail_msg("%zu of %zu records of %s differ", failed, played, name);
}

int main(void)
{
    struct CMUnitTest *tests = mem_array(replay_file_count, sizeof(*tests));

    for (size_t i = 0; i < replay_file_count; i++)
        tests[i] = (struct CMUnitTest){replay_files[i], play_file, NULL, NULL,
                                       (void *)(uintptr_t)replay_files[i]};
    setenv("TZ", "UTC", 1);
    int failed = _cmocka_run_group_tests("replay", tests, replay_file_count, NULL, NULL);
    free(tests);
    return failed;
}
