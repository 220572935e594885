/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A time source as given by server, pool and peer: in the configuration, in .sources files, and by
 * chronyc's add command (config.md 9). Values are as parsed; the association limits them
 * (ntp.md 6.1).
 */
#ifndef CONF_SOURCE_OPTIONS_H
#define CONF_SOURCE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"

enum source_kind { SOURCE_SERVER, SOURCE_PEER };

enum select_option {
    SELECT_NOSELECT = 1,
    SELECT_PREFER = 2,
    SELECT_TRUST = 4,
    SELECT_REQUIRE = 8,
};

enum source_connectivity { SOURCE_OFFLINE, SOURCE_ONLINE, SOURCE_MAYBE_ONLINE };

enum ext_flag {
    EXT_FLAG_MONO_ROOT = 1,      /* F323 */
    EXT_FLAG_NET_CORRECTION = 2, /* 10A, F324 */
};

#define SOURCE_DEFAULT_SAMPLES (-1) /* use the directive minsamples or maxsamples */

struct source_options {
    int minpoll;
    int maxpoll;
    int presend;
    int min_stratum;
    int poll_target;
    int version; /* 0: automatic */
    int max_sources;
    int min_samples;
    int max_samples;
    int max_unreach;
    int filter_length;
    uint16_t port;
    uint16_t nts_port;
    bool iburst;
    bool burst;
    bool auto_offline;
    bool copy;
    bool interleaved;
    bool nts;
    enum source_connectivity connectivity;
    enum ip_family family;       /* IP_UNSPEC, IP_V4, IP_V6 */
    unsigned int select_options; /* enum select_option */
    unsigned int ext_flags;      /* enum ext_flag */
    uint32_t key_id;             /* 0: none */
    uint32_t cert_set;
    double max_delay;
    double max_delay_ratio;
    double max_delay_dev_ratio;
    double max_delay_quant;
    double min_delay;
    double asymmetry;
    double offset;
};

struct source_conf {
    enum source_kind kind;
    bool pool;
    char *name;
    struct source_options options;
};

/* Defaults of config.md 9. */
void source_options_default(struct source_options *options);

enum source_parse {
    SOURCE_PARSE_OK,
    SOURCE_PARSE_SYNTAX, /* no name */
    SOURCE_PARSE_OPTION, /* unknown option */
    SOURCE_PARSE_VALUE,  /* bad or missing value */
};

/*
 * Parses "NAME [option]..." in place (normalised line without the directive's word). On success
 * *name points into the line. The report may be NULL. Used by the directive, .sources files and
 * chronyc.
 */
struct options_report;
enum source_parse source_options_parse(char *line, char **name, struct source_options *options,
                                       struct options_report *report);

/* Total order of complete source entries: name, kind, pool, family, port, everything else
   (config.md 7, step 2). Zero means equal in every option. */
int source_conf_compare(const struct source_conf *a, const struct source_conf *b);

/* The option with this index, in alphabetical order; NULL behind the last. */
struct option_row;
const struct option_row *source_option(size_t index);

/*
 * The .sources files of these source directories, in reading order (config.md 7); bad lines are
 * ignored. Allocated array, freed by source_conf_list_free.
 */
struct world;
struct conf_strings;
struct source_conf *conf_read_source_dirs(const struct conf_strings *dirs,
                                          const struct world *world, size_t *count);
void source_conf_list_free(struct source_conf *list, size_t count);

#endif
