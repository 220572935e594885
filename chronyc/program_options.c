/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command line options, the usage and the version line.
 */
#include "chronyc/program_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "config.h"

#define DEFAULT_PORT  323
#define DEFAULT_HOSTS DEFAULT_COMMAND_SOCKET ",127.0.0.1,::1"

#ifdef FEAT_JSON
#define OPTIONS "+46acdef:h:jmnNp:u:vw"
#else
#define OPTIONS "+46acdef:h:mnNp:u:vw"
#endif

enum { OPTION_COLOR = 256 }; /* above all characters */

static void print_usage(const char *program, FILE *out)
{
    fprintf(out,
            "Usage: %s [OPTION]... [COMMAND]...\n"
            "\n"
            "Options:\n"
            "  -4\t\tResolve host names to IPv4 addresses only\n"
            "  -6\t\tResolve host names to IPv6 addresses only\n"
            "  -n\t\tDon't resolve addresses in reports\n"
            "  -N\t\tPrint original names of sources\n"
            "  -c\t\tPrint reports as comma-separated values\n"
#ifdef FEAT_JSON
            "  -j\t\tPrint reports as JSON documents\n"
#endif
            "  -e\t\tPrint a dot after each command\n"
#ifdef FEAT_DEBUG
            "  -d\t\tPrint debug messages\n"
#endif
            "  -m\t\tTake each argument as a command\n"
            "  -h HOST\tSpecify daemons to try (%s)\n"
            "  -p PORT\tSpecify UDP port (%d)\n"
            "  -u USER\tSpecify user to switch to (%s)\n"
            "  -w\t\tPrint wider reports\n"
            "  --color WHEN\tColor source states: auto, always, never (auto)\n"
            "  -v, --version\tPrint version and exit\n"
            "  --help\tPrint usage and exit\n",
            program, DEFAULT_HOSTS, DEFAULT_PORT, DEFAULT_CHRONYC_USER);
}

static void print_version(FILE *out)
{
    fprintf(out, "chronyc (chrony) version %s (%s)\n", CHRONY_VERSION, CHRONYC_FEATURES);
}

/* Long options are recognised anywhere, as whole words. */
static bool handle_long_options(int argc, char **argv, FILE *out)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_usage(argv[0], out);
            return true;
        }
        if (strcmp(argv[i], "--version") == 0) {
            print_version(out);
            return true;
        }
    }
    return false;
}

static int number_or_zero(const char *text)
{
    size_t used;
    int value;

    return text_scan_int(text, &value, &used) ? value : 0;
}

static bool parse_color(const char *text, enum color_option *color)
{
    static const char *const names[] = {
        [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *color = (enum color_option)i;
            return true;
        }
    }
    return false;
}

enum client_options_result client_options_parse(struct client_options *options, int argc,
                                                char **argv, FILE *out)
{
    static const struct option long_options[] = {{"color", required_argument, NULL, OPTION_COLOR},
                                                 {NULL, 0, NULL, 0}};
    int opt;

    *options = (struct client_options){.hosts = DEFAULT_HOSTS, .port = DEFAULT_PORT};
    if (handle_long_options(argc, argv, out))
        return OPTIONS_DONE;

    optind = 0; /* a fresh start, for programs that call this twice */
    while ((opt = getopt_long(argc, argv, OPTIONS, long_options, NULL)) != -1) {
        switch (opt) {
        case '4':
            options->family = IP_V4;
            break;
        case '6':
            options->family = IP_V6;
            break;
        case 'c':
            options->csv = true;
            break;
        case 'e':
            options->dots = true;
            break;
        case 'h':
            options->hosts = optarg;
            break;
        case 'j':
            options->json = true;
            break;
        case 'm':
            options->separate = true;
            break;
        case 'n':
            options->numeric = true;
            break;
        case 'N':
            options->original_names = true;
            break;
        case 'p':
            options->port = number_or_zero(optarg);
            break;
        case 'u':
            options->user = optarg;
            break;
        case 'v':
            print_version(out);
            return OPTIONS_DONE;
        case 'w':
            options->wide = true;
            break;
        case OPTION_COLOR:
            if (parse_color(optarg, &options->color))
                break;
            fprintf(stderr, "%s: invalid argument of --color -- '%s'\n", argv[0], optarg);
            print_usage(argv[0], out);
            return OPTIONS_WRONG;
        case 'd':
#ifdef FEAT_DEBUG
            options->debug = true;
#endif
            break;
        case 'a': /* accepted for old scripts */
        case 'f':
            break;
        default:
            print_usage(argv[0], out);
            return OPTIONS_WRONG;
        }
    }
    options->first_argument = optind;
    return OPTIONS_RUN;
}
