/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments of commands (chronyc.md 9 and 11.1 to 11.3). Text in, values of the request out; errors
 * are for the caller to print unless it is said here that they are printed.
 */
#ifndef CHRONYC_ARGUMENTS_H
#define CHRONYC_ARGUMENTS_H

#include "chronyc/client.h"

/* First address of a host name or a numeric address. */
bool argument_host(struct client *c, const char *text, struct ip_addr *addr);
/* The same, or an ID. */
bool argument_source(struct client *c, const char *text, struct ip_addr *addr);
/* Numeric address, ID, or reference ID of 1 to 4 characters; then the family is IP_UNSPEC. */
bool argument_source_or_refid(struct client *c, const char *text, struct ip_addr *addr,
                              uint32_t *refid);
/* "[MASK/]ADDRESS", "ADDRESS/BITS" or nothing. Prints the error. */
bool argument_where(struct client *c, char *text, struct cmd_mask_addr *where);
/* "[all] [SUBNET]"; all tells whether the word was there. */
bool argument_subnet(struct client *c, char *text, struct cmd_subnet *subnet, bool *all);
/* "server|peer|pool NAME [option]...". Prints the error. */
bool argument_add_source(struct client *c, char *text, struct cmd_add_source *add);
/* "off" or the options of the local reference. */
/* The last two tell which word is no option, and which one was probably meant (or NULL). */
struct bad_option {
    const char *word; /* NULL: none, something else is wrong */
    const char *nearest;
};
bool argument_local(char *text, struct cmd_local *local, struct bad_option *bad);
/* "ADDRESS|REFID [+OPTION|-OPTION]..." */
bool argument_selectopts(struct client *c, char *text, struct cmd_selectopts *opts,
                         struct bad_option *bad);

/* What a report of sources was asked to show. */
struct source_flags {
    bool all;    /* -a: also those without an address */
    bool legend; /* -v */
};

struct source_flags argument_source_flags(char *text);

/* A second line of an error, for people: printed only if standard error is a terminal. */
void argument_print_bad_option(const struct client *c, const struct bad_option *bad);

#endif
