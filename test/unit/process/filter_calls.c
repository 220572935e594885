/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each dangerous call from inside each role at each level of the system call filter: it ends the
 * process or fails with EPERM. The arguments make every call harmless, and without the filter it
 * does not fail with EPERM, as far as the kernel and the rights of the test allow that, which is
 * checked, too.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "test/unit/support/sanitized.h"

#ifdef FEAT_SCFILTER

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/number.h"
#include "process/filter.h"

/* Calls that old kernel headers do not have. */
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif
#define SYS_number_fchmodat2      452
#define SYS_number_setxattrat     463
#define SYS_number_open_tree_attr 467

enum outcome {
    OUTCOME_OTHER = 10, /* not a status that a fatal error or a sanitizer ends with */
    OUTCOME_REFUSED,
    OUTCOME_KILLED,
    OUTCOME_MISSING /* ENOSYS */
};

/* A value in arguments that is known when the test runs only: the process ID of the parent. */
enum { PARENT = -1000001 };

#define BIT(role) (1U << (role))
/* All but the fork server, whose filter its children inherit. */
#define ALL (BIT(PROCESS_ROLES) - 1U - BIT(PROCESS_FORK_SERVER))
/* Those that have descriptors and no names. */
#define HELPER                                                                                     \
    (BIT(PROCESS_GUARD) | BIT(PROCESS_SERVER_WORKER) | BIT(PROCESS_KE_HELPER) |                    \
     BIT(PROCESS_KE_CLIENT) | BIT(PROCESS_METRICS))
#define EVERY (ALL | BIT(PROCESS_FORK_SERVER))
/* ... and no datagrams to addresses. */
#define UNADDRESSED (HELPER - BIT(PROCESS_SERVER_WORKER))

struct call {
    const char *name;
    unsigned int roles; /* where it is denied */
    long number;
    long arguments[6];
};

#define CALL(name, roles, ...)                                                                     \
    {                                                                                              \
#name, (roles), SYS_##name,                                                                \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const struct call calls[] = {
    CALL(execve, EVERY, 0, 0, 0),
    CALL(execveat, EVERY, -1, 0, 0, 0, 0),
    CALL(ptrace, EVERY, -1, -1, 0, 0),
    CALL(process_vm_readv, EVERY, -1, 0, 0, 0, 0, 1),
    CALL(process_vm_writev, EVERY, -1, 0, 0, 0, 0, 1),
    CALL(process_madvise, EVERY, -1, 0, 0, 0, 0),
    CALL(process_mrelease, EVERY, -1, 0),
    CALL(kcmp, EVERY, -1, -1, 0, 0, 0),
    /* signals and what amounts to one; the signal 0 is none */
    CALL(kill, ALL, PARENT, 0),
    CALL(tkill, ALL, PARENT, 0),
    CALL(tgkill, ALL, PARENT, PARENT, 0),
    CALL(rt_sigqueueinfo, EVERY, PARENT, 0, 0),
    CALL(rt_tgsigqueueinfo, EVERY, PARENT, PARENT, 0, 0),
    CALL(pidfd_open, EVERY, PARENT, 0),
    CALL(pidfd_send_signal, EVERY, -1, 0, 0, 0),
    CALL(pidfd_getfd, EVERY, -1, 0, 0),
    CALL(fcntl, EVERY, 0, F_SETOWN, 0),
    CALL(fcntl, EVERY, -1, F_SETOWN_EX, 0),
    CALL(fcntl, EVERY, -1, F_SETSIG, 0),
    CALL(ioctl, EVERY, -1, FIOSETOWN, 0),
    CALL(ioctl, EVERY, -1, SIOCSPGRP, 0),
    CALL(ioctl, EVERY, -1, TIOCSTI, 0),
    /* limits and scheduling of others */
    CALL(prlimit64, EVERY, PARENT, RLIMIT_CPU, 0, 0),
    CALL(sched_setaffinity, EVERY, PARENT, 0, 0),
    CALL(sched_setscheduler, EVERY, PARENT, -1, 0),
    CALL(sched_setparam, EVERY, PARENT, 0),
    CALL(sched_setattr, EVERY, PARENT, 0, 0),
    CALL(setpriority, EVERY, -1, PARENT, 0),
    CALL(ioprio_set, EVERY, -1, PARENT, 0),
    CALL(move_pages, EVERY, -1, 0, 0, 0, 0, 0),
    CALL(migrate_pages, EVERY, -1, 0, 0, 0),
    /* around the filter */
    CALL(io_uring_setup, EVERY, 0, 0),
    CALL(io_uring_enter, EVERY, -1, 0, 0, 0, 0, 0),
    CALL(io_uring_register, EVERY, -1, 0, 0, 0),
    /* keys of the kernel */
    CALL(add_key, EVERY, 0, 0, 0, 0, 0),
    CALL(request_key, EVERY, 0, 0, 0, 0),
    CALL(keyctl, EVERY, -1, 0, 0, 0, 0),
    /* the kernel */
    CALL(init_module, EVERY, 0, 0, 0),
    CALL(finit_module, EVERY, -1, 0, 0),
    CALL(delete_module, EVERY, 0, 0),
    CALL(kexec_load, EVERY, 0, 1000, 0, 0),
    CALL(bpf, EVERY, -1, 0, 0),
    CALL(perf_event_open, EVERY, 0, 0, 0, 0, 0),
    CALL(userfaultfd, EVERY, -1),
    CALL(syslog, EVERY, -1, 0, 0),
#ifdef SYS_iopl
    CALL(iopl, EVERY, 100),
    CALL(ioperm, EVERY, -1, 1, 0),
#endif
    /* mounts, handles, namespaces */
    CALL(mount, EVERY, 0, 0, 0, 0, 0),
    CALL(umount2, EVERY, 0, -1),
    CALL(move_mount, EVERY, -1, 0, -1, 0, 0),
    CALL(open_tree, EVERY, -1, 0, 0),
    CALL(fsopen, EVERY, 0, 0),
    CALL(fsconfig, EVERY, -1, 0, 0, 0, 0),
    CALL(fsmount, EVERY, -1, 0, 0),
    CALL(fspick, EVERY, -1, 0, 0),
    CALL(mount_setattr, EVERY, -1, 0, 0, 0, 0),
    CALL(number_open_tree_attr, EVERY, -1, 0, 0, 0, 0),
    CALL(pivot_root, EVERY, 0, 0),
    CALL(chroot, EVERY, 0),
    CALL(unshare, EVERY, 1),
    CALL(setns, EVERY, -1, 0),
    CALL(name_to_handle_at, EVERY, -1, 0, 0, 0, 0),
    CALL(open_by_handle_at, EVERY, -1, 0, 0),
    CALL(quotactl, EVERY, -1, 0, 0, 0),
    CALL(quotactl_fd, EVERY, -1, -1, 0, 0),
    /* the system */
    CALL(reboot, EVERY, 0, 0, 0, 0),
    CALL(swapon, EVERY, 0, 0),
    CALL(swapoff, EVERY, 0),
    CALL(acct, EVERY, 1),
    CALL(sethostname, EVERY, 0, -1),
    CALL(setdomainname, EVERY, 0, -1),
    /* other children than threads: flags that the kernel refuses after the filter has seen them */
    CALL(clone, EVERY, CLONE_NEWUSER | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, 0, 0, 0, 0),
    CALL(clone, EVERY, CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0),
    CALL(clone, ALL, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0),
    /* helpers and the metrics server have no files, not even by name, and nobody to talk to */
    CALL(openat, HELPER, AT_FDCWD, 0, 0, 0),
    CALL(unlinkat, HELPER, -1, 0, 0),
    CALL(renameat2, HELPER, -1, 0, -1, 0, 0),
    CALL(linkat, HELPER, -1, 0, -1, 0, 0),
    CALL(symlinkat, HELPER, 0, -1, 0),
    CALL(mkdirat, HELPER, -1, 0, 0),
    CALL(mknodat, HELPER, -1, 0, 0, 0),
    CALL(fchmodat, HELPER, -1, 0, 0),
    CALL(number_fchmodat2, HELPER, -1, 0, 0, 0),
    CALL(fchownat, HELPER, -1, 0, 0, 0, 0),
    CALL(utimensat, HELPER, -1, 0, 0, 0),
    CALL(truncate, HELPER, 0, 0),
    CALL(setxattr, HELPER, 0, 0, 0, 0, 0),
    CALL(number_setxattrat, HELPER, -1, 0, 0, 0, 0, 0),
    CALL(shmget, HELPER, 1, 0, 0),
    CALL(msgget, HELPER, 1, 0),
    CALL(semget, HELPER, 1, 0, 0),
    CALL(mq_open, HELPER, 0, 0, 0, 0),
    CALL(bind, HELPER, -1, 0, 0),
    CALL(connect, HELPER, -1, 0, 0),
    CALL(sendto, UNADDRESSED, -1, 0, 0, 0, 8, 8),
    CALL(sendmsg, UNADDRESSED - BIT(PROCESS_METRICS), -1, 0, 0),
    CALL(sendmmsg, UNADDRESSED, -1, 0, 0, 0),
    CALL(clone, HELPER, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0),
    CALL(setsockopt, HELPER, -1, SOL_SOCKET, SO_BROADCAST, 0, 0),
    CALL(setsockopt, HELPER, -1, IPPROTO_TCP, TCP_CONGESTION, 0, 0),
};

static long argument(long value)
{
    return value == PARENT ? (long)getppid() : value;
}

/* The call in a child that has loaded the filter. */
static enum outcome try_call(int level, enum process_role role, const struct call *call)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        const long *a = call->arguments;

        log_set_threshold(LOG_SEV_WARN);
        signal(SIGSYS, SIG_DFL); /* cmocka has a handler */
        filter_load(level, role, WORK_CLOCK);
        long result = syscall(call->number, argument(a[0]), argument(a[1]), argument(a[2]),
                              argument(a[3]), argument(a[4]), argument(a[5]));
        _exit(result >= 0       ? OUTCOME_OTHER
              : errno == EPERM  ? OUTCOME_REFUSED
              : errno == ENOSYS ? OUTCOME_MISSING
                                : OUTCOME_OTHER);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        if (WTERMSIG(status) != SIGSYS)
            fail_msg("%s ended by signal %d", call->name, WTERMSIG(status));
        return OUTCOME_KILLED;
    }
    assert_in_range(WEXITSTATUS(status), OUTCOME_OTHER, OUTCOME_MISSING);
    return (enum outcome)WEXITSTATUS(status);
}

static void skip_if_sanitized(void)
{
    if (SANITIZED || getenv("TEST_WRAPPER"))
        skip();
}

static void dangerous_calls_are_denied_in_every_role_at_every_level(void **state)
{
    static const int levels[] = {1, 2, -1, -2};

    skip_if_sanitized();
    for (size_t i = 0; i < COUNT(calls); i++) {
        for (size_t j = 0; j < PROCESS_ROLES * COUNT(levels); j++) {
            enum process_role role = (enum process_role)(j / COUNT(levels));
            int level = levels[j % COUNT(levels)];

            if (!(calls[i].roles & BIT(role)))
                continue;
            enum outcome outcome = try_call(level, role, &calls[i]);
            if (outcome == OUTCOME_OTHER)
                fail_msg("%s (%ld) is not denied in role %d at level %d", calls[i].name,
                         calls[i].arguments[1], (int)role, level);
        }
    }
}

/* Otherwise the test above would prove nothing. */
static void without_the_filter_they_are_not(void **state)
{
    size_t proven = 0;

    skip_if_sanitized();
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT(calls); i++) {
        enum outcome outcome = try_call(0, PROCESS_MAIN, &calls[i]);
        if (outcome == OUTCOME_OTHER || outcome == OUTCOME_MISSING)
            proven++;
        else
            printf("the kernel denies %s (%ld) itself\n", calls[i].name, calls[i].arguments[1]);
    }
    /* In a container some are denied whatever one does. */
    assert_true(proven > COUNT(calls) / 2);
}

/* ---- What has to go on to work ---- */

static int run(int level, enum process_role role, void (*act)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        log_set_threshold(LOG_SEV_WARN);
        signal(SIGSYS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        filter_load(level, role, WORK_CLOCK);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void signal_itself(void)
{
    if (raise(0) != 0 || kill(getpid(), 0) != 0)
        _exit(1);
    abort();
}

static void process_can_abort_at_level_2(void **state)
{
    skip_if_sanitized();
    for (int role = 0; role < PROCESS_ROLES; role++) {
        int status = run(2, (enum process_role)role, signal_itself);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

/* ... and what libc takes instead of calls that are missing. */
static void expect_no_clone3(void)
{
    if (syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS)
        _exit(1);
}

static void newer_calls_are_missing_in_every_role(void **state)
{
    static const int levels[] = {1, 2, -1, -2};

    skip_if_sanitized();
    for (int role = 0; role < PROCESS_ROLES; role++)
        for (size_t i = 0; i < COUNT(levels); i++)
            assert_int_equal(run(levels[i], (enum process_role)role, expect_no_clone3), 0);
}

static void *do_nothing(void *arg)
{
    return arg;
}

/* What modules of the name services do. */
static void use_name_services(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list;
    struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "/nothing/here"};
    struct sockaddr_in any = {.sin_family = AF_INET};
    pthread_t thread;
    char name[64];

    if (getaddrinfo("localhost", NULL, &hints, &list) != 0)
        _exit(1);
    freeaddrinfo(list);
    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
        _exit(2);
    FILE *f = fopen("/etc/passwd", "re");
    if (!f || fclose(f) != 0)
        _exit(3);
    snprintf(name, sizeof(name), "/tmp/test_filter_calls.%d", (int)getpid());
    f = fopen(name, "we");
    if (!f || fclose(f) != 0 || unlink(name) != 0)
        _exit(4);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 || errno != ENOENT)
        _exit(5);
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        _exit(6);
    close(fd);
    if (socket(AF_NETLINK, SOCK_RAW, 0) < 0)
        _exit(7);
}

static void resolver_can_do_what_name_services_do(void **state)
{
    static const int levels[] = {1, 2, -1, -2};

    skip_if_sanitized();
    for (size_t i = 0; i < COUNT(levels); i++)
        assert_int_equal(run(levels[i], PROCESS_RESOLVER, use_name_services), 0);
}

static void *execute(void *arg)
{
    execl("/bin/true", "true", (char *)NULL);
    return arg;
}

static void execute_in_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, execute, NULL) == 0)
        pthread_join(thread, NULL);
}

static void violation_in_a_thread_ends_the_whole_process(void **state)
{
    static const int levels[] = {1, 2, -1, -2};

    skip_if_sanitized();
    for (size_t i = 0; i < COUNT(levels); i++) {
        int status = run(levels[i], PROCESS_MAIN, execute_in_thread);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dangerous_calls_are_denied_in_every_role_at_every_level),
        cmocka_unit_test(without_the_filter_they_are_not),
        cmocka_unit_test(process_can_abort_at_level_2),
        cmocka_unit_test(newer_calls_are_missing_in_every_role),
        cmocka_unit_test(resolver_can_do_what_name_services_do),
        cmocka_unit_test(violation_in_a_thread_ends_the_whole_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void nothing_to_test(void **state)
{
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_to_test)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
