/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells of a process: each line that is used, texts that are cut off or malformed,
 * and the file of this process, of a child, and of one that has ended.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/number.h"
#include "process/process_facts.h"

static const char full[] = "Name:\tchronyd\\nCapEff:\tff\n"
                           "State:\tS (sleeping)\n"
                           "Uid:\t1\t105\t3\t4\n"
                           "RssAnon:\t     712 kB\n"
                           "CapInh:\t0000000000000001\n"
                           "CapPrm:\t0000000002000400\n"
                           "CapEff:\t0000000002000000\n"
                           "CapBnd:\t000001ffffffffff\n"
                           "CapAmb:\t8000000000000000\n"
                           "NoNewPrivs:\t1\n"
                           "Seccomp:\t2\n"
                           "Seccomp_filters:\t1\n";

static void lines_are_found(void **state)
{
    struct process_facts facts;

    assert_true(process_facts_parse(full, sizeof(full) - 1, &facts));
    assert_int_equal(facts.state, 'S');
    assert_int_equal(facts.uid, 105);
    assert_true(facts.inheritable == 1);
    assert_true(facts.permitted == 0x2000400);
    assert_true(facts.effective == 0x2000000);
    assert_true(facts.bounding == 0x1ffffffffff);
    assert_true(facts.ambient == 1ULL << 63);
    assert_true(facts.no_new_privileges);
    assert_int_equal(facts.seccomp, 2);
    assert_true(facts.memory == 712 * 1024);
}

static void text_that_is_cut_off_is_refused(void **state)
{
    const char *last = strstr(full, "Seccomp:");
    struct process_facts facts;

    for (const char *end = full; end < last; end++)
        assert_false(process_facts_parse(full, (size_t)(end - full), &facts));
    /* Without a filter in the kernel there is no such line. */
    assert_true(process_facts_parse(full, (size_t)(last - full), &facts));
    assert_int_equal(facts.seccomp, 0);
}

/* The text with a line replaced. */
static bool parse_with(const char *line, struct process_facts *facts)
{
    char text[1024] = "";
    size_t key = strcspn(line, ":") + 1;

    for (const char *p = full; *p != '\0'; p += strcspn(p, "\n") + 1)
        if (strncmp(p, line, key) != 0)
            strncat(text, p, strcspn(p, "\n") + 1);
    strcat(text, line);
    strcat(text, "\n");
    return process_facts_parse(text, strlen(text), facts);
}

static void malformed_lines_are_refused(void **state)
{
    static const char *const bad[] = {
        "CapEff:\t",
        "CapEff:\t10000000000000000",
        "CapEff:\t-1",
        "CapEff:\t0x1",
        "CapEff:\t1 2",
        "CapEff:\tG",
        "CapAmb:\t1kB",
        "Uid:\t4294967296\t1\t1\t1",
        "Uid:\t1\t4294967296\t1\t1",
        "Uid:\t1",
        "Uid:\t",
        "Uid:\tx\t1",
        "NoNewPrivs:\t2",
        "NoNewPrivs:\t-1",
        "Seccomp:\t3",
        "Seccomp:\tfilter",
        "State:\t",
        "NoNewPrivs:\t99999999999999999999",
    };
    struct process_facts facts;

    assert_true(parse_with("CapEff:\tffffffffffffffff", &facts));
    assert_true(facts.effective == UINT64_MAX);
    assert_true(parse_with("Uid:\t0\t4294967295\t0\t0", &facts));
    assert_int_equal(facts.uid, UINT32_MAX);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (parse_with(bad[i], &facts))
            fail_msg("%s", bad[i]);
}

static void size_that_makes_no_sense_is_not_known(void **state)
{
    static const char *const bad[] = {"RssAnon:\t1", "RssAnon:\t1 MB", "RssAnon:\t1 kB 2",
                                      "RssAnon:\t18014398509481984 kB", "RssAnon:\t-1 kB"};
    struct process_facts facts;

    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_true(parse_with(bad[i], &facts));
        assert_true(facts.memory == PROCESS_NO_SIZE);
    }
    assert_true(parse_with("RssAnon:\t0 kB", &facts));
    assert_true(facts.memory == 0);
}

static void own_file_is_read_again_and_again(void **state)
{
    struct process_facts facts;
    int file = process_facts_open();

    assert_true(file >= 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(process_facts_read(file, &facts), PROCESS_FACTS_READ);
        assert_int_equal(facts.uid, geteuid());
        assert_int_equal(facts.no_new_privileges, i > 0);
        assert_true(facts.memory > 4096 && facts.memory < UINT32_MAX);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    }
    close(file);
    assert_int_equal(process_facts_read(-1, &facts), PROCESS_FACTS_UNKNOWN);
    assert_int_equal(errno, EBADF);
}

/* The file that a process has opened is about that process, in whatever process it is read. */
static void file_of_a_child_tells_of_its_end(void **state)
{
    union {
        char data[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.data = {0}};
    char octet = 'x';
    struct iovec part = {&octet, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.data,
                             .msg_controllen = sizeof(control.data)};
    struct process_facts facts;
    int ends[2], file;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        file = process_facts_open();
        *CMSG_FIRSTHDR(&message) = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &file, sizeof(int));
        sendmsg(ends[1], &message, 0);
        pause();
        _exit(0);
    }
    assert_int_equal(recvmsg(ends[0], &message, 0), 1);
    memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    assert_int_equal(process_facts_read(file, &facts), PROCESS_FACTS_READ);
    assert_int_equal(facts.uid, geteuid());
    kill(pid, SIGKILL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(process_facts_read(file, &facts), PROCESS_FACTS_ENDED);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(process_facts_read(file, &facts), PROCESS_FACTS_ENDED);
    close(file);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_found),
        cmocka_unit_test(text_that_is_cut_off_is_refused),
        cmocka_unit_test(malformed_lines_are_refused),
        cmocka_unit_test(size_that_makes_no_sense_is_not_known),
        cmocka_unit_test(own_file_is_read_again_and_again),
        cmocka_unit_test(file_of_a_child_tells_of_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
