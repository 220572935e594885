/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report processes (chronyc.md 10.24): what runs, and what the kernel lets each do.
 */
#include "chronyc/reports.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/capability.h"
#include "chronyc/exchange.h"
#include "chronyc/report_rows.h"
#include "cmdmon/message_words.h"

#define NOT_KNOWN    UINT32_MAX
#define MAX_ROWS     2000 /* more than a daemon can have: a server that never says 4 */
#define USER_COLUMN  20
#define NAME_SIZE    64
#define OCTETS_OF_KB 1024

struct cell {
    char s[NAME_SIZE];
};

static struct cell number_or_dash(uint32_t number)
{
    struct cell cell;

    if (number == NOT_KNOWN)
        text_copy(cell.s, sizeof(cell.s), "-");
    else
        snprintf(cell.s, sizeof(cell.s), "%" PRIu32, number);
    return cell;
}

static struct cell process_name(const struct report_process_facts *p)
{
    const char *role = field_word(words_process, p->role)->plain;
    struct cell cell;

    if (p->number == 0)
        text_copy(cell.s, sizeof(cell.s), role);
    else
        snprintf(cell.s, sizeof(cell.s), "%s %u", role, p->number);
    return cell;
}

/* The level, if a filter is in effect. */
static struct cell filter_of(const struct report_process_facts *p)
{
    struct cell cell;

    if (p->filter == 2)
        snprintf(cell.s, sizeof(cell.s), "%d", p->filter_level);
    else
        text_copy(cell.s, sizeof(cell.s), field_word(words_process_filter, p->filter)->plain);
    return cell;
}

static struct cell landlock_of(const struct report_process_facts *p)
{
    struct cell cell;

    if (p->landlock_abi == 0)
        text_copy(cell.s, sizeof(cell.s), "-");
    else
        snprintf(cell.s, sizeof(cell.s), "%u/%u", p->landlock_abi, p->landlock_rules);
    return cell;
}

static struct cell memory_of(const struct report_process_facts *p)
{
    struct cell cell;

    if (p->memory == UINT64_MAX)
        text_copy(cell.s, sizeof(cell.s), "-");
    else
        snprintf(cell.s, sizeof(cell.s), "%" PRIu64 "k", p->memory / OCTETS_OF_KB);
    return cell;
}

static void find_user(const struct client *c, uint32_t uid, struct cell *user)
{
    const struct environment *env = c->env;

    text_copy(user->s, sizeof(user->s), "-");
    if (uid != NOT_KNOWN && !env->user_name(env->ctx, uid, user->s, sizeof(user->s)))
        *user = number_or_dash(uid);
}

/* The effective capabilities, and those that could be made effective. */
static void print_rights(FILE *out, const struct report_process_facts *p)
{
    print_capabilities(out, p->capabilities, ' ');
    if ((p->permitted & ~p->capabilities) == 0)
        return;
    fputs(" (permitted: ", out);
    print_capabilities(out, p->permitted & ~p->capabilities, ' ');
    fputc(')', out);
}

static void print_process(FILE *out, const struct report_process_facts *p, const char *user)
{
    struct cell name = process_name(p);
    char who[2 * NAME_SIZE];

    if (p->uid == NOT_KNOWN)
        text_copy(who, sizeof(who), "-");
    else
        snprintf(who, sizeof(who), "%s/%" PRIu32, user, p->uid);
    fprintf(out, "%-17s %8s %-*s %6s %3s %8s %8" PRIu32 " %8" PRIu64 " %7s ", name.s,
            number_or_dash(p->pid).s, USER_COLUMN, who, filter_of(p).s,
            known_word(p->no_new_privileges), landlock_of(p).s, p->restarts, p->refusals,
            memory_of(p).s);
    if (p->state == REPORT_PROCESS_RUNS)
        print_rights(out, p);
    else
        fprintf(out, "(%s)", field_word(words_process_state, p->state)->plain);
    fputc('\n', out);
}

/* What is not shown has a reason. */
static void explain_missing(FILE *out, const struct report_process_facts *p)
{
    fprintf(out,
            "\n%s: the daemon could not read what the kernel knows of the process "
            "(/proc/self/status) : %s\n",
            process_name(p).s,
            p->error == 0 ? "It has just begun, or there is no /proc" : text_errno((int)p->error));
}

/* False: there are fewer processes than before (end), or the report has failed. */
static bool ask(struct client *c, const struct cmd_request *request, union cmd_reply_body *body,
                bool *end)
{
    enum cmd_status status;

    *end = false;
    if (request->u.index == 0)
        return exchange_report(c, request, body);
    if (!exchange_quiet(c, request, &status, body))
        return false;
    *end = status == CMD_STATUS_NO_SOURCE;
    if (status != CMD_STATUS_SUCCESS && !*end)
        exchange_print_status(c, status_line(status), true);
    return status == CMD_STATUS_SUCCESS;
}

bool show_processes(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_PROCESSES};
    struct report_process_facts missing = {.state = REPORT_PROCESS_RUNS};
    union cmd_reply_body body = {.process_facts = {.total = 1}};
    const bool for_people = rows_begin(c);
    FILE *out = c->env->out;
    bool is_end;

    for (int i = 0; i < MAX_ROWS && (uint32_t)i < body.process_facts.total; i++) {
        const struct report_process_facts *p = &body.process_facts;
        struct cell user;

        request.u.index = i;
        if (!ask(c, &request, &body, &is_end)) {
            if (!is_end)
                return false;
            break;
        }
        if (i == 0 && for_people)
            print_header(out,
                         "Process                PID User/ID              Filter NNP Landlock "
                         "Restarts  Refused  Memory Capabilities",
                         0, "");
        find_user(c, p->uid, &user);
        const struct row_given given = {.name = p->uid == NOT_KNOWN && c->json ? NULL : user.s};
        if (!row_show(c, REPLY_PROCESSES, p, &given))
            print_process(out, p, user.s);
        if (p->state == REPORT_PROCESS_NOT_READ)
            missing = *p;
    }
    if (for_people && missing.state == REPORT_PROCESS_NOT_READ)
        explain_missing(out, &missing);
    return true;
}
