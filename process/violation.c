/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handler of SIGSYS; see violation.h. A handler has no argument, so what it needs is in a
 * file-scope variable, which is written before the filter is loaded. It calls only what is safe
 * in a handler, and only system calls that every promise has.
 */
#include "config.h"

#include "process/violation.h"

#include <stdio.h>
#include <sys/mman.h>
#include "base/log.h"
#include "base/number.h"
#include "process/promise.h"

#ifdef FEAT_SCFILTER

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "base/text.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

/* Calls have numbers from 0, but on MIPS. */
#ifdef __NR_Linux
#define FIRST_NUMBER __NR_Linux
#else
#define FIRST_NUMBER 0
#endif
#define MAX_CALLS 512
#define NAME_SIZE 32
#define TEXT_SIZE 160

struct violations {
    struct {
        atomic_uint count;
        atomic_int last; /* number of the call */
    } roles[PROCESS_ROLES];
};

/* What the handler reaches. */
static struct {
    char names[MAX_CALLS][NAME_SIZE];
    struct violations *counts; /* set before the handler is installed */
    enum process_role role;
    bool goes_on;
    int log_descriptor; /* of a log that is no file; -1: none */
    bool uses_syslog;
    bool logs_to_file;
    volatile sig_atomic_t is_trial, is_caught; /* a call of the self-test */
    struct violations own;                     /* where no memory is shared */
    volatile sig_atomic_t logged[MAX_CALLS];
} catcher = {.log_descriptor = -1};

/* ---- Names ---- */

static void learn_names(void)
{
    for (int i = 0; i < MAX_CALLS; i++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, FIRST_NUMBER + i);

        if (name)
            text_copy(catcher.names[i], sizeof(catcher.names[i]), name);
        free(name);
    }
}

/* The index into the table, or -1. */
static int index_of(int number)
{
    return number >= FIRST_NUMBER && number < FIRST_NUMBER + MAX_CALLS ? number - FIRST_NUMBER : -1;
}

static const char *name_of(int number)
{
    int index = index_of(number);

    return index < 0 ? "" : catcher.names[index];
}

struct violations *violations_new(void)
{
    struct violations *v =
        mmap(NULL, sizeof(*v), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    learn_names();
    return v == MAP_FAILED ? NULL : v;
}

uint32_t violations_count(const struct violations *violations, enum process_role role)
{
    return violations ? atomic_load(&violations->roles[role].count) : 0;
}

const char *violations_last(const struct violations *violations, enum process_role role, char *text,
                            size_t size)
{
    if (violations_count(violations, role) == 0)
        text_copy(text, size, "");
    else {
        int number = atomic_load(&violations->roles[role].last);
        const char *name = name_of(number);

        if (*name)
            text_copy(text, size, name);
        else
            snprintf(text, size, "%d", number);
    }
    return text;
}

/* ---- Text, made in a handler ---- */

struct line {
    char text[TEXT_SIZE];
    size_t length;
};

static void put(struct line *line, const char *text)
{
    for (; *text && line->length < sizeof(line->text); text++)
        line->text[line->length++] = *text;
}

static void put_number(struct line *line, int64_t value, int digits)
{
    char text[24];
    char *p = text + sizeof(text) - 1;

    *p = '\0';
    for (int i = 0; i < digits || value > 0; i++, value /= 10)
        *--p = (char)('0' + value % 10);
    put(line, p);
}

/* The date of a day since 1970-01-01, of years that begin in March, so that a leap day is the last
   of its year. */
static void put_date(struct line *line, int64_t days)
{
    days += 719468; /* from 0000-03-01 */
    int64_t era = days / 146097, day = days % 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;

    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;

    put_number(line, era * 400 + year + (month >= 10), 4);
    put(line, "-");
    put_number(line, month < 10 ? month + 3 : month - 9, 2);
    put(line, "-");
    put_number(line, day - (153 * month + 2) / 5 + 1, 2);
}

static void put_time(struct line *line)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    put_date(line, now.tv_sec / 86400);
    put(line, "T");
    put_number(line, now.tv_sec / 3600 % 24, 2);
    put(line, ":");
    put_number(line, now.tv_sec / 60 % 60, 2);
    put(line, ":");
    put_number(line, now.tv_sec % 60, 2);
    put(line, "Z ");
}

/* A priority of syslog() stands before its text: critical, or a warning, of a daemon. */
static void put_head(struct line *line, bool to_syslog)
{
    if (!to_syslog) {
        put_time(line);
        return;
    }
    put(line, catcher.goes_on ? "<28>chronyd[" : "<26>chronyd[");
    put_number(line, getpid(), 1);
    put(line, "]: ");
}

static void log_violation(int number)
{
    struct line line = {.length = 0};
    int file = catcher.logs_to_file ? log_file_descriptor() : -1;
    int fd = file >= 0 ? file : catcher.log_descriptor;
    const bool to_syslog = file < 0 && catcher.uses_syslog;

    if (fd < 0)
        return;
    put_head(&line, to_syslog);
    put(&line, catcher.goes_on ? "System call " : "Fatal error : System call ");
    put(&line, name_of(number));
    put(&line, " (");
    put_number(&line, number, 1);
    put(&line, ") of the ");
    put(&line, promise_of(catcher.role)->name);
    put(&line, catcher.goes_on ? " was denied by the filter" : " is forbidden by the filter");
    if (!to_syslog)
        put(&line, "\n");
    /* There is nobody to tell of a failure. */
    (void)!write(fd, line.text, line.length);
}

/* ---- The handler ---- */

/* What the call returns when the handler has returned. False: not known for this architecture. */
static bool set_result(void *context)
{
    mcontext_t *registers = &((ucontext_t *)context)->uc_mcontext;

#if defined(__x86_64__)
    registers->gregs[REG_RAX] = -EPERM;
#elif defined(__i386__)
    registers->gregs[REG_EAX] = -EPERM;
#elif defined(__aarch64__)
    registers->regs[0] = (unsigned long)-EPERM;
#elif defined(__arm__)
    registers->arm_r0 = (unsigned long)-EPERM;
#elif defined(__riscv)
    registers->__gregs[REG_A0] = (unsigned long)-EPERM;
#elif defined(__s390x__)
    registers->gregs[2] = (unsigned long)-EPERM;
#else
    return !registers;
#endif
    return true;
}

/* As if there were no handler. Under the filter the first of these calls ends the process, with
   the signal as its status: SIGSYS is blocked here, so the kernel takes the handler away. */
static void end_process(void)
{
    sigset_t set;

    signal(SIGSYS, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(SIGSYS);
    _exit(1);
}

static void on_violation(int signal_number, siginfo_t *info, void *context)
{
    const int number = info->si_syscall, index = index_of(number), error = errno;

    /* From elsewhere than the filter: as if there were no handler. */
    if (info->si_code != SYS_SECCOMP)
        end_process();
    if (catcher.is_trial) {
        catcher.is_caught = 1;
        set_result(context);
        return;
    }
    atomic_store(&catcher.counts->roles[catcher.role].last, number);
    atomic_fetch_add(&catcher.counts->roles[catcher.role].count, 1);
    if (!catcher.goes_on || index < 0 || !catcher.logged[index])
        log_violation(number);
    if (index >= 0)
        catcher.logged[index] = 1;
    if (!catcher.goes_on || !set_result(context))
        end_process();
    errno = error;
}

long violation_try(long number, const long *a, bool *caught)
{
    catcher.is_caught = 0;
    catcher.is_trial = 1;
    long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    catcher.is_trial = 0;
    *caught = catcher.is_caught != 0;
    return result;
}

void violation_catch(struct violations *violations, enum process_role role, bool denies, bool logs)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};

    catcher.counts = violations ? violations : &catcher.own;
    catcher.role = role;
    catcher.goes_on = denies;
    catcher.logs_to_file = logs;
    memset((void *)catcher.logged, 0, sizeof(catcher.logged));
    catcher.log_descriptor = log_open_for_signals(logs, &catcher.uses_syslog);
    sigemptyset(&action.sa_mask);
    action.sa_sigaction = on_violation;
    if (sigaction(SIGSYS, &action, NULL) < 0)
        LOG_FATAL("sigaction() failed");
}

#else

struct violations *violations_new(void)
{
    return NULL;
}

long violation_try(long number, const long *a, bool *caught)
{
    *caught = false;
    return -1;
}

uint32_t violations_count(const struct violations *violations, enum process_role role)
{
    return 0;
}

const char *violations_last(const struct violations *violations, enum process_role role, char *text,
                            size_t size)
{
    snprintf(text, size, "%s", "");
    return text;
}

void violation_catch(struct violations *violations, enum process_role role, bool denies, bool logs)
{
}

#endif
