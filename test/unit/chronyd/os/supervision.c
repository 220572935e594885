/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID file, readiness, passed descriptors, and the foreground process that waits for the daemon
 * (daemon.md 5, 6, 9).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "chronyd/os/daemonise.h"
#include "chronyd/os/notify.h"
#include "chronyd/os/pidfile.h"

struct fixture {
    char directory[64];
    char path[96];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    strcpy(f->directory, "/tmp/test_supervision.XXXXXX");
    if (!mkdtemp(f->directory))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/file", f->directory);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    unlink(f->path);
    rmdir(f->directory);
    free(f);
    return 0;
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Exit status of a child that runs the function, with what it writes to standard error. */
static int run_child(void (*function)(const char *arg), const char *arg, char *text, size_t size)
{
    int fds[2], status;
    size_t length = 0;
    ssize_t part;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        close(fds[1]);
        function(arg);
        _exit(0);
    }
    close(fds[1]);
    while (length + 1 < size && (part = read(fds[0], text + length, size - 1 - length)) > 0)
        length += (size_t)part;
    text[length] = '\0';
    close(fds[0]);
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- PID file ---- */

static void check_pid_file(const char *path)
{
    pidfile_check(path, 0);
}

static void write_pid(const char *path, pid_t pid)
{
    char text[32];

    snprintf(text, sizeof(text), "%d\n", (int)pid);
    write_text(path, text);
}

static void check_with_own_pid(const char *path)
{
    write_pid(path, getpid());
    pidfile_check(path, 0);
}

static void check_with_foreground(const char *path)
{
    pidfile_check(path, getppid());
}

static void pid_file_of_a_running_process_is_fatal(void **state)
{
    struct fixture *f = *state;
    char text[512], expected[256];

    snprintf(text, sizeof(text), "%d\n", (int)getpid());
    write_text(f->path, text);
    snprintf(expected, sizeof(expected),
             "Another chronyd may already be running (pid=%d), check %s", (int)getpid(), f->path);
    assert_int_equal(run_child(check_pid_file, f->path, text, sizeof(text)), 1);
    assert_non_null(strstr(text, expected));
}

static void stale_malformed_and_missing_pid_files_are_ignored(void **state)
{
    struct fixture *f = *state;
    char text[512];

    assert_int_equal(run_child(check_pid_file, f->path, text, sizeof(text)), 0);
    write_text(f->path, "no number\n");
    assert_int_equal(run_child(check_pid_file, f->path, text, sizeof(text)), 0);
    write_text(f->path, "2147483647\n");
    assert_int_equal(run_child(check_pid_file, f->path, text, sizeof(text)), 0);
}

/* A process with a name, which waits for its end. */
static pid_t start_process(const char *name)
{
    int ready[2];
    char octet;

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, name);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &octet, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void pid_file_of_another_program_is_replaced(void **state)
{
    static const struct {
        const char *name;
        int status;
    } cases[] = {{"chronyd", 1}, {"sleep", 0}, {"chronyd) S 1 (", 0}, {"chronyd2", 0}, {"", 0}};
    struct fixture *f = *state;
    char text[512], expected[256];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pid_t pid = start_process(cases[i].name);

        write_pid(f->path, pid);
        int status = run_child(check_pid_file, f->path, text, sizeof(text));
        kill(pid, SIGKILL);
        /* As long as nobody has waited for it, it has its number. */
        siginfo_t info;
        assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
        assert_int_equal(status, cases[i].status);
        if (status == 0) {
            snprintf(expected, sizeof(expected), "Replacing stale %s (pid=%d is %s)\n", f->path,
                     (int)pid, cases[i].name);
            assert_non_null(strstr(text, expected));
        } else {
            assert_int_equal(run_child(check_pid_file, f->path, text, sizeof(text)), 0);
            assert_non_null(strstr(text, "is not running)"));
        }
        waitpid(pid, NULL, 0);
    }
}

static void pid_file_of_this_start_is_replaced(void **state)
{
    struct fixture *f = *state;
    char text[512];

    assert_int_equal(run_child(check_with_own_pid, f->path, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "is this start)"));
    write_pid(f->path, getpid());
    assert_int_equal(run_child(check_with_foreground, f->path, text, sizeof(text)), 0);
    assert_int_equal(run_child(check_pid_file, f->path, text, sizeof(text)), 1);
}

static void pid_file_is_not_written_through_a_link(void **state)
{
    struct fixture *f = *state;
    char target[128], line[32];
    struct stat st;

    snprintf(target, sizeof(target), "%s/target", f->directory);
    write_text(target, "precious");
    assert_int_equal(symlink(target, f->path), 0);
    assert_true(pidfile_write(f->path));
    assert_int_equal(lstat(f->path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 0133, 0);

    FILE *file = fopen(f->path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    assert_int_equal(atoi(line), getpid());
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 8);
    unlink(target);

    pidfile_remove(f->path);
    assert_int_equal(access(f->path, F_OK), -1);
}

/* ---- Service manager ---- */

static void passed_descriptors_are_counted_from_whole_numbers_only(void **state)
{
    static const struct {
        const char *text;
        int count;
    } cases[] = {{"2", 2}, {"0", 0}, {"-1", 0}, {"2x", 0}, {"", 0}, {"two", 0}};

    unsetenv("LISTEN_FDS");
    assert_int_equal(notify_passed_fds(), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setenv("LISTEN_FDS", cases[i].text, 1);
        assert_int_equal(notify_passed_fds(), cases[i].count);
    }
    unsetenv("LISTEN_FDS");
}

static void readiness_goes_to_descriptor_and_socket(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char buf[32];
    int fds[2], fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    strcpy(sa.sun_path, f->path);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(pipe(fds), 0);
    setenv("NOTIFY_SOCKET", f->path, 1);
    notify_ready(fds[1]);
    assert_int_equal(read(fds[0], buf, sizeof(buf)), 1);
    assert_int_equal(buf[0], '\n');
    assert_int_equal(read(fds[0], buf, sizeof(buf)), 0); /* closed */
    assert_int_equal(recv(fd, buf, sizeof(buf), 0), 7);
    assert_memory_equal(buf, "READY=1", 7);
    notify_stopping();
    assert_int_equal(recv(fd, buf, sizeof(buf), 0), 10);
    assert_memory_equal(buf, "STOPPING=1", 10);
    unsetenv("NOTIFY_SOCKET");
    close(fds[0]);
    close(fd);
}

static void send_ready(const char *path)
{
    setenv("NOTIFY_SOCKET", path, 1);
    notify_ready(0);
}

static void notification_that_cannot_be_sent_is_fatal(void **state)
{
    struct fixture *f = *state;
    char text[512];

    assert_int_equal(run_child(send_ready, "@abstract", text, sizeof(text)), 1);
    assert_non_null(strstr(text, "Unsupported notification socket"));
    assert_int_equal(run_child(send_ready, f->path, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "Could not send notification to $NOTIFY_SOCKET"));
}

static void stop_notified(const char *arg)
{
    setenv("NOTIFY_SOCKET", arg, 1);
    notify_stopping();
    _exit(0);
}

static void end_goes_on_without_the_service_manager(void **state)
{
    struct fixture *f = *state;
    char text[512];

    assert_int_equal(run_child(stop_notified, f->path, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "Could not send notification to $NOTIFY_SOCKET"));
}

/* ---- Daemon ---- */

static void become_ready_daemon(const char *arg)
{
    pid_t foreground, parent = getpid();
    int fd = daemonise(0, &foreground);

    /* Standard descriptors are /dev/null, nothing else is open. */
    for (int other = STDERR_FILENO + 1; other < 64; other++) {
        if (other != fd && fcntl(other, F_GETFD) >= 0)
            _exit(1);
    }
    if (foreground != parent || getsid(0) == getpid() || write(STDERR_FILENO, "x", 1) != 1)
        _exit(1);
    _exit(log_release_parent() ? 0 : 1);
}

static void become_failing_daemon(const char *arg)
{
    pid_t foreground;

    daemonise(0, &foreground);
    LOG_FATAL("Something is wrong with %s", arg);
}

static void become_silent_daemon(const char *arg)
{
    pid_t foreground;

    daemonise(0, &foreground);
    _exit(0);
}

static void foreground_process_reports_the_outcome(void **state)
{
    char text[512];

    assert_int_equal(run_child(become_ready_daemon, "", text, sizeof(text)), 0);
    assert_string_equal(text, "");
    assert_int_equal(run_child(become_failing_daemon, "this", text, sizeof(text)), 1);
    assert_string_equal(text, "Something is wrong with this\n");
    assert_int_equal(run_child(become_silent_daemon, "", text, sizeof(text)), 1);
    assert_string_equal(text, "");
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(pid_file_of_a_running_process_is_fatal),
        FILE_TEST(stale_malformed_and_missing_pid_files_are_ignored),
        FILE_TEST(pid_file_of_another_program_is_replaced),
        FILE_TEST(pid_file_of_this_start_is_replaced),
        FILE_TEST(pid_file_is_not_written_through_a_link),
        cmocka_unit_test(passed_descriptors_are_counted_from_whole_numbers_only),
        FILE_TEST(readiness_goes_to_descriptor_and_socket),
        FILE_TEST(notification_that_cannot_be_sent_is_fatal),
        FILE_TEST(end_goes_on_without_the_service_manager),
        cmocka_unit_test(foreground_process_reports_the_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
