/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of chronyc (chronyc.md 1).
 */
#ifndef CHRONYC_PROGRAM_OPTIONS_H
#define CHRONYC_PROGRAM_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>
#include "base/addr.h"

enum color_option {
    COLOR_AUTO, /* on a terminal */
    COLOR_ALWAYS,
    COLOR_NEVER,
};

struct client_options {
    enum ip_family family;
    bool numeric;
    bool original_names;
    bool csv;
    bool json; /* only in builds with the library */
    bool dots;
    bool wide;
    bool debug;    /* only in builds with debugging support */
    bool separate; /* -m: each argument is a command */
    enum color_option color;
    const char *hosts;
    const char *user; /* NULL: that of the build, unless a command keeps root */
    int port;
    int first_argument; /* index of the first argument that is not an option */
};

enum client_options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Parses the arguments of main. The version or the usage is printed to out; with OPTIONS_DONE the
   program ends with success, with OPTIONS_WRONG with failure. */
enum client_options_result client_options_parse(struct client_options *options, int argc,
                                                char **argv, FILE *out);

#endif
