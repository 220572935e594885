/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of the configuration and of .sources files: adding them at start, and finding out at a
 * reload what vanished, what is new and what stays as it is (ntp.md 18.11, config.md 7).
 */
#include "ntp/sources_state.h"

#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"

static bool is_added(enum ntp_sources_status status)
{
    return status == NTP_SOURCES_SUCCESS || status == NTP_SOURCES_UNRESOLVED;
}

static int compare(const void *a, const void *b)
{
    return source_conf_compare(a, b);
}

/* Takes over the outcome of entries that are in both sorted lists and removes those that vanished.
   `known` tells for each new entry whether it was in the old list. */
static void match_lists(struct ntp_sources *s, const struct source_conf *list, size_t count,
                        struct loaded *loaded, bool *known)
{
    size_t i = 0, j = 0;

    while (i < s->file_count) {
        int d = j < count ? source_conf_compare(&s->file_sources[i], &list[j]) : -1;
        if (d > 0) {
            j++;
            continue;
        }
        if (d == 0) {
            loaded[j] = s->file_loaded[i];
            known[j++] = true;
        } else if (is_added(s->file_loaded[i].status)) {
            ntp_sources_remove_by_conf_id(s, s->file_loaded[i].conf_id);
        }
        i++;
    }
}

static void load_files(struct ntp_sources *s)
{
    size_t count;
    struct source_conf *list = conf_read_source_dirs(s->conf, s->env->world, &count);
    struct loaded *loaded = mem_array(count + 1, sizeof(*loaded));
    bool *known = mem_array(count + 1, sizeof(*known)), unresolved = false;

    if (count > 1)
        qsort(list, count, sizeof(*list), compare);
    match_lists(s, list, count, loaded, known);

    for (size_t i = 0; i < count; i++) {
        enum ntp_sources_status previous = loaded[i].status;
        if (known[i] && is_added(previous))
            continue;
        loaded[i].status = ntp_sources_add(s, &list[i], &loaded[i].conf_id);
        if (loaded[i].status == NTP_SOURCES_UNRESOLVED)
            unresolved = true;
        else if (loaded[i].status != NTP_SOURCES_SUCCESS &&
                 !(known[i] && loaded[i].status == previous))
            LOG_ERROR("Could not add source %s : %s", list[i].name,
                      ntp_sources_status_text(loaded[i].status));
    }
    free(known);
    sources_free_files(s);
    s->file_sources = list;
    s->file_loaded = loaded;
    s->file_count = count;
    if (unresolved)
        ntp_sources_resolve_now(s);
}

void sources_free_files(struct ntp_sources *s)
{
    source_conf_list_free(s->file_sources, s->file_count);
    free(s->file_loaded);
    s->file_sources = NULL;
    s->file_loaded = NULL;
    s->file_count = 0;
}

void ntp_sources_reload(struct ntp_sources *s)
{
    bool was_info = log_context_severity() == LOG_SEV_INFO;

    if (!s->configured)
        return;
    log_set_context_info(true);
    load_files(s);
    log_set_context_info(was_info);
}

void ntp_sources_add_configured(struct ntp_sources *s)
{
    for (size_t i = 0; i < s->conf->source_count; i++) {
        const struct source_conf *conf = &s->conf->sources[i];
        enum ntp_sources_status status = ntp_sources_add(s, conf, NULL);

        if (!is_added(status))
            LOG_ERROR("Could not add source %s : %s", conf->name, ntp_sources_status_text(status));
    }
    s->configured = true;
    ntp_sources_reload(s);
}
