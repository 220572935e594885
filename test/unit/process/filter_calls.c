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

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

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

#define ALL    15U
#define HELPER (1U << PROCESS_KE_HELPER | 1U << PROCESS_METRICS)

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
    CALL(execve, ALL, 0, 0, 0),
    CALL(execveat, ALL, -1, 0, 0, 0, 0),
    CALL(ptrace, ALL, -1, -1, 0, 0),
    CALL(process_vm_readv, ALL, -1, 0, 0, 0, 0, 1),
    CALL(process_vm_writev, ALL, -1, 0, 0, 0, 0, 1),
    CALL(process_madvise, ALL, -1, 0, 0, 0, 0),
    CALL(process_mrelease, ALL, -1, 0),
    CALL(kcmp, ALL, -1, -1, 0, 0, 0),
    /* signals and what amounts to one; the signal 0 is none */
    CALL(kill, ALL, PARENT, 0),
    CALL(tkill, ALL, PARENT, 0),
    CALL(tgkill, ALL, PARENT, PARENT, 0),
    CALL(rt_sigqueueinfo, ALL, PARENT, 0, 0),
    CALL(rt_tgsigqueueinfo, ALL, PARENT, PARENT, 0, 0),
    CALL(pidfd_open, ALL, PARENT, 0),
    CALL(pidfd_send_signal, ALL, -1, 0, 0, 0),
    CALL(pidfd_getfd, ALL, -1, 0, 0),
    CALL(fcntl, ALL, 0, F_SETOWN, 0),
    CALL(fcntl, ALL, -1, F_SETOWN_EX, 0),
    CALL(fcntl, ALL, -1, F_SETSIG, 0),
    CALL(ioctl, ALL, -1, FIOSETOWN, 0),
    CALL(ioctl, ALL, -1, SIOCSPGRP, 0),
    CALL(ioctl, ALL, -1, TIOCSTI, 0),
    /* limits and scheduling of others */
    CALL(prlimit64, ALL, PARENT, RLIMIT_CPU, 0, 0),
    CALL(sched_setaffinity, ALL, PARENT, 0, 0),
    CALL(sched_setscheduler, ALL, PARENT, -1, 0),
    CALL(sched_setparam, ALL, PARENT, 0),
    CALL(sched_setattr, ALL, PARENT, 0, 0),
    CALL(setpriority, ALL, -1, PARENT, 0),
    CALL(ioprio_set, ALL, -1, PARENT, 0),
    CALL(move_pages, ALL, -1, 0, 0, 0, 0, 0),
    CALL(migrate_pages, ALL, -1, 0, 0, 0),
    /* around the filter */
    CALL(io_uring_setup, ALL, 0, 0),
    CALL(io_uring_enter, ALL, -1, 0, 0, 0, 0, 0),
    CALL(io_uring_register, ALL, -1, 0, 0, 0),
    /* keys of the kernel */
    CALL(add_key, ALL, 0, 0, 0, 0, 0),
    CALL(request_key, ALL, 0, 0, 0, 0),
    CALL(keyctl, ALL, -1, 0, 0, 0, 0),
    /* the kernel */
    CALL(init_module, ALL, 0, 0, 0),
    CALL(finit_module, ALL, -1, 0, 0),
    CALL(delete_module, ALL, 0, 0),
    CALL(kexec_load, ALL, 0, 1000, 0, 0),
    CALL(bpf, ALL, -1, 0, 0),
    CALL(perf_event_open, ALL, 0, 0, 0, 0, 0),
    CALL(userfaultfd, ALL, -1),
    CALL(syslog, ALL, -1, 0, 0),
#ifdef SYS_iopl
    CALL(iopl, ALL, 100),
    CALL(ioperm, ALL, -1, 1, 0),
#endif
    /* mounts, handles, namespaces */
    CALL(mount, ALL, 0, 0, 0, 0, 0),
    CALL(umount2, ALL, 0, -1),
    CALL(move_mount, ALL, -1, 0, -1, 0, 0),
    CALL(open_tree, ALL, -1, 0, 0),
    CALL(fsopen, ALL, 0, 0),
    CALL(fsconfig, ALL, -1, 0, 0, 0, 0),
    CALL(fsmount, ALL, -1, 0, 0),
    CALL(fspick, ALL, -1, 0, 0),
    CALL(mount_setattr, ALL, -1, 0, 0, 0, 0),
    CALL(number_open_tree_attr, ALL, -1, 0, 0, 0, 0),
    CALL(pivot_root, ALL, 0, 0),
    CALL(chroot, ALL, 0),
    CALL(unshare, ALL, 1),
    CALL(setns, ALL, -1, 0),
    CALL(name_to_handle_at, ALL, -1, 0, 0, 0, 0),
    CALL(open_by_handle_at, ALL, -1, 0, 0),
    CALL(quotactl, ALL, -1, 0, 0, 0),
    CALL(quotactl_fd, ALL, -1, -1, 0, 0),
    /* the system */
    CALL(reboot, ALL, 0, 0, 0, 0),
    CALL(swapon, ALL, 0, 0),
    CALL(swapoff, ALL, 0),
    CALL(acct, ALL, 1),
    CALL(sethostname, ALL, 0, -1),
    CALL(setdomainname, ALL, 0, -1),
    /* other children than threads: flags that the kernel refuses after the filter has seen them */
    CALL(clone, ALL, CLONE_NEWUSER | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, 0, 0, 0, 0),
    CALL(clone, ALL, CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0),
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
    CALL(sendto, HELPER, -1, 0, 0, 0, 8, 8),
    CALL(sendmsg, 1U << PROCESS_KE_HELPER, -1, 0, 0),
    CALL(sendmmsg, HELPER, -1, 0, 0, 0),
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
        filter_load(level, role);
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
    static const enum process_role roles[] = {PROCESS_MAIN, PROCESS_KE_HELPER, PROCESS_RESOLVER,
                                             PROCESS_METRICS};

    skip_if_sanitized();
    for (size_t i = 0; i < COUNT(calls); i++) {
        for (size_t j = 0; j < COUNT(roles) * COUNT(levels); j++) {
            enum process_role role = roles[j / COUNT(levels)];
            int level = levels[j % COUNT(levels)];

            if (!(calls[i].roles & 1U << role))
                continue;
            enum outcome outcome = try_call(level, role, &calls[i]);
            if (outcome != OUTCOME_KILLED && outcome != OUTCOME_REFUSED)
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
        filter_load(level, role);
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
    static const enum process_role roles[] = {PROCESS_MAIN, PROCESS_KE_HELPER, PROCESS_RESOLVER,
                                             PROCESS_METRICS};

    skip_if_sanitized();
    for (size_t i = 0; i < COUNT(roles); i++) {
        int status = run(2, roles[i], signal_itself);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
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
