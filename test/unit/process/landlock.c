/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Landlock: what each version of the interface can restrict, and, where the kernel has it, what a
 * process can do then and what not. Each case runs in a forked child.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/number.h"
#include "process/landlock.h"

#define DENIED EACCES

struct fixture {
    char top[64], allowed[96], other[96];
};

static void make_file(const char *directory, const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    snprintf(f->top, sizeof(f->top), "/tmp/test_landlock.XXXXXX");
    assert_non_null(mkdtemp(f->top));
    snprintf(f->allowed, sizeof(f->allowed), "%s/allowed", f->top);
    snprintf(f->other, sizeof(f->other), "%s/other", f->top);
    assert_int_equal(mkdir(f->allowed, 0700), 0);
    assert_int_equal(mkdir(f->other, 0700), 0);
    make_file(f->allowed, "file");
    make_file(f->other, "file");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", f->top);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* ---- Versions ---- */

static void each_version_adds_kinds(void **state)
{
    static const unsigned int expected[] = {
        0,
        LANDLOCK_FILES,
        LANDLOCK_FILES,
        LANDLOCK_FILES | LANDLOCK_TRUNCATE,
        LANDLOCK_FILES | LANDLOCK_TRUNCATE | LANDLOCK_BIND | LANDLOCK_CONNECT,
        LANDLOCK_FILES | LANDLOCK_TRUNCATE | LANDLOCK_BIND | LANDLOCK_CONNECT | LANDLOCK_DEVICES,
        127,
        127,
        127,
    };
    const struct landlock_wish wish = {.path_count = 0};

    for (size_t i = 0; i < COUNT(expected); i++)
        assert_int_equal(landlock_kinds((int)i, &wish), expected[i]);
}

static void what_is_not_wished_is_not_restricted(void **state)
{
    struct landlock_wish wish = {.binds_any = true};

    assert_int_equal(landlock_kinds(7, &wish), 127 - LANDLOCK_BIND);
    wish = (struct landlock_wish){.connects_any = true};
    assert_int_equal(landlock_kinds(7, &wish), 127 - LANDLOCK_CONNECT);
    wish = (struct landlock_wish){.abstract_sockets = true};
    assert_int_equal(landlock_kinds(7, &wish), 127 - LANDLOCK_ABSTRACT);
}

static void kinds_have_words(void **state)
{
    char text[128], small[8];

    assert_string_equal(landlock_describe(0, text, sizeof(text)), "nothing");
    assert_string_equal(landlock_describe(127, text, sizeof(text)),
                        "files, truncation, devices, TCP bind, TCP connect, abstract sockets, "
                        "signals");
    assert_string_equal(landlock_describe(LANDLOCK_SIGNALS, text, sizeof(text)), "signals");
    landlock_describe(127, small, sizeof(small));
    assert_true(strlen(small) < sizeof(small));
}

/* ---- In the kernel ---- */

static void check(bool ok, int line)
{
    if (!ok)
        _exit(line % 200 + 1);
}
#define CHECK(condition) check(condition, __LINE__)

static void run(void (*act)(const struct fixture *f, const struct landlock_result *result),
                const struct fixture *f, const struct landlock_wish *wish)
{
    int status;

    if (landlock_abi() == 0) {
        printf("this kernel has no Landlock\n");
        skip();
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        const struct landlock_result result = landlock_restrict(wish);

        CHECK(result.error == 0 && result.abi > 0);
        CHECK(result.kinds == landlock_kinds(result.abi, wish));
        act(f, &result);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int try_open(const char *directory, const char *name, int flags)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    int fd = open(path, flags, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int try_rename(const char *from, const char *to)
{
    char a[160], b[160];

    snprintf(a, sizeof(a), "%s/new", from);
    snprintf(b, sizeof(b), "%s/newer", to);
    return rename(a, b) == 0 ? 0 : errno;
}

static void use_files(const struct fixture *f, const struct landlock_result *result)
{
    CHECK(result->rules == 1);
    CHECK(try_open(f->allowed, "file", O_RDWR) == 0);
    CHECK(try_open(f->allowed, "new", O_RDWR | O_CREAT | O_EXCL) == 0);
    CHECK(try_open(f->allowed, "new", O_WRONLY | O_TRUNC) == 0);
    CHECK(try_rename(f->allowed, f->other) == DENIED || errno == EXDEV);
    CHECK(try_rename(f->allowed, f->allowed) == 0);
    CHECK(try_open(f->other, "file", O_RDONLY) == DENIED);
    CHECK(try_open(f->other, "new", O_RDWR | O_CREAT) == DENIED);
    CHECK(try_open("/", "", O_RDONLY | O_DIRECTORY) == DENIED);
    CHECK(try_open("/dev", "null", O_RDONLY) == DENIED);
    CHECK(mkdir(f->other, 0700) < 0);
    CHECK(execl("/bin/true", "true", (char *)NULL) < 0 && errno == DENIED);
}

static void directory_can_be_written_and_nothing_else(void **state)
{
    const struct fixture *f = *state;
    const struct path_rule paths[] = {{f->allowed, PATH_WRITE}, {"/nothing/is/here", PATH_READ}};
    const struct landlock_wish wish = {.paths = paths, .path_count = COUNT(paths)};

    run(use_files, f, &wish);
}

static void read_files(const struct fixture *f, const struct landlock_result *result)
{
    CHECK(result->rules == 2);
    CHECK(try_open(f->allowed, "file", O_RDONLY) == 0);
    CHECK(try_open(f->allowed, "file", O_RDWR) == DENIED);
    CHECK(try_open(f->allowed, "new", O_RDWR | O_CREAT) == DENIED);
    CHECK(try_open("/dev", "null", O_RDWR) == 0);
    CHECK(try_open("/dev", "zero", O_RDONLY) == DENIED);
}

static void directory_can_be_read_and_a_device_be_used(void **state)
{
    const struct fixture *f = *state;
    const struct path_rule paths[] = {{f->allowed, PATH_READ}, {"/dev/null", PATH_DEVICE}};
    const struct landlock_wish wish = {.paths = paths, .path_count = COUNT(paths)};

    run(read_files, f, &wish);
}

static int try_socket(bool connects, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(fd >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int result = connects ? connect(fd, (struct sockaddr *)&address, sizeof(address))
                          : bind(fd, (struct sockaddr *)&address, sizeof(address));
    int error = result == 0 ? 0 : errno;
    close(fd);
    return error;
}

static void use_network(const struct fixture *f, const struct landlock_result *result)
{
    if (!(result->kinds & LANDLOCK_BIND))
        return;
    CHECK(try_socket(false, 0) == 0);
    CHECK(try_socket(false, 45123) == DENIED);
    CHECK(try_socket(true, 1) == DENIED);
}

static void no_port_but_those_that_are_named(void **state)
{
    static const uint16_t ports[] = {0};
    const struct landlock_wish wish = {.bind_ports = ports, .bind_port_count = COUNT(ports)};

    run(use_network, *state, &wish);
}

static void connect_anywhere(const struct fixture *f, const struct landlock_result *result)
{
    CHECK(try_socket(true, 1) == ECONNREFUSED);
    CHECK(!(result->kinds & LANDLOCK_BIND) || try_socket(false, 0) == DENIED);
}

static void connections_can_be_left_alone(void **state)
{
    const struct landlock_wish wish = {.connects_any = true};

    run(connect_anywhere, *state, &wish);
}

static void signal_parent(const struct fixture *f, const struct landlock_result *result)
{
    CHECK(kill(getpid(), 0) == 0);
    if (result->kinds & LANDLOCK_SIGNALS)
        CHECK(kill(getppid(), 0) < 0 && errno == EPERM);
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    CHECK(child > 0 && kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

static void only_the_own_children_can_be_signalled(void **state)
{
    const struct landlock_wish wish = {.path_count = 0};

    run(signal_parent, *state, &wish);
}

static void without_the_right_to_it_nothing_is_restricted(void **state)
{
    const struct landlock_wish wish = {.path_count = 0};
    int status;

    if (landlock_abi() == 0)
        skip();
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(1);
        const struct landlock_result result = landlock_restrict(&wish);

        CHECK(result.error == EPERM && result.kinds == 0 && result.rules == 0);
        CHECK(try_open("/", "", O_RDONLY | O_DIRECTORY) == 0);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_adds_kinds),
        cmocka_unit_test(what_is_not_wished_is_not_restricted),
        cmocka_unit_test(kinds_have_words),
        cmocka_unit_test_setup_teardown(directory_can_be_written_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(directory_can_be_read_and_a_device_be_used, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_port_but_those_that_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connections_can_be_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_own_children_can_be_signalled, set_up, tear_down),
        cmocka_unit_test(without_the_right_to_it_nothing_is_restricted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
