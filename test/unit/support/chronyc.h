/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the client against the recordings of test/data/cmdmon.
 */
#ifndef TEST_UNIT_SUPPORT_CHRONYC_H
#define TEST_UNIT_SUPPORT_CHRONYC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* All files with output of the client; raw-requests.json was made without one. */
extern const char *const replay_files[];
extern const size_t replay_file_count;

/* The file as an object, for the caller to release. */
json_t *replay_load(const char *name);

struct played {
    char *out;
    char *err;
    int status;
    bool same_requests; /* all that were recorded were sent, and nothing else */
};

/* Runs the command of a record, with an additional option unless that is NULL. */
struct played replay_run(json_t *record, const char *option);
void played_free(struct played *played);

#endif
