/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's end of the Unix socket, against a real one in a private directory: it can be
 * answered, has the modes of chronyc.md 4.4, and leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "chronyc/unix_socket.h"

#define PATH_SIZE 100

struct daemon_end {
    char directory[PATH_SIZE];
    char path[PATH_SIZE + 8];
    int fd;
    FILE *err;
    char *messages;
    size_t messages_size;
    unsigned int random;
};

static bool counting_random(void *ctx, void *data, size_t length)
{
    struct daemon_end *d = ctx;

    for (size_t i = 0; i < length; i++)
        ((unsigned char *)data)[i] = (unsigned char)(d->random++ * 37);
    return true;
}

static int set_up(void **state)
{
    struct daemon_end *d = calloc(1, sizeof(*d));
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!d)
        return -1;
    strcpy(d->directory, "/tmp/chronyc-test.XXXXXX");
    if (!mkdtemp(d->directory))
        return -1;
    snprintf(d->path, sizeof(d->path), "%s/d.sock", d->directory);
    strcpy(address.sun_path, d->path);
    d->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (d->fd < 0 || bind(d->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -1;
    d->err = open_memstream(&d->messages, &d->messages_size);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct daemon_end *d = *state;

    close(d->fd);
    unlink(d->path);
    int result = rmdir(d->directory); /* fails if something was left */
    fclose(d->err);
    free(d->messages);
    free(d);
    return result;
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void daemon_can_answer(void **state)
{
    struct daemon_end *d = *state;
    struct sockaddr_un peer;
    socklen_t length = sizeof(peer);
    struct unix_socket s;
    char data[8] = "";
    mode_t mask = umask(077);

    assert_true(unix_socket_open(&s, d->path, counting_random, d, d->err));
    umask(mask);
    assert_int_equal(mode_of(s.outer), 0711);
    assert_int_equal(mode_of(s.inner), 0711);
    assert_int_equal(mode_of(s.path), 0666);
    assert_int_equal(strlen(strrchr(s.inner, '/') + 1), 16);

    assert_int_equal(send(s.fd, "ask", 4, 0), 4);
    assert_int_equal(recvfrom(d->fd, data, sizeof(data), 0, (struct sockaddr *)&peer, &length), 4);
    assert_string_equal(peer.sun_path, s.path);
    assert_int_equal(sendto(d->fd, "yes", 4, 0, (const struct sockaddr *)&peer, length), 4);
    assert_int_equal(recv(s.fd, data, sizeof(data), 0), 4);
    assert_string_equal(data, "yes");
    unix_socket_close(&s);
    fflush(d->err);
    assert_string_equal(d->messages, "");
}

static void two_in_one_process_share_the_outer_directory(void **state)
{
    struct daemon_end *d = *state;
    struct unix_socket a, b;

    assert_true(unix_socket_open(&a, d->path, counting_random, d, d->err));
    assert_true(unix_socket_open(&b, d->path, counting_random, d, d->err));
    assert_string_equal(a.outer, b.outer);
    unix_socket_close(&a);
    unix_socket_close(&b);
}

static void absent_daemon_is_no_error(void **state)
{
    struct daemon_end *d = *state;
    struct unix_socket s;
    char path[PATH_SIZE + 16];

    snprintf(path, sizeof(path), "%s/none", d->directory);
    assert_false(unix_socket_open(&s, path, counting_random, d, d->err));
    fflush(d->err);
    assert_string_equal(d->messages, "");
}

/* A directory that somebody else could change, or a link to one, is not used. */
static void prepared_directory_is_refused(void **state)
{
    struct daemon_end *d = *state;
    struct unix_socket s;
    char path[PATH_SIZE + 32];

    snprintf(path, sizeof(path), "%s/chronyc.%d", d->directory, (int)getpid());
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_false(unix_socket_open(&s, d->path, counting_random, d, d->err));
    rmdir(path);
    fflush(d->err);
    assert_string_equal(d->messages, "Unexpected mode/owner of dir1\n");

    assert_int_equal(symlink("/tmp", path), 0);
    assert_false(unix_socket_open(&s, d->path, counting_random, d, d->err));
    unlink(path);
    fflush(d->err);
    assert_non_null(strstr(d->messages, "Could not open/stat dir1 : "));
}

static void long_path_is_reported(void **state)
{
    struct daemon_end *d = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct unix_socket s;
    char directory[PATH_SIZE];
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    snprintf(directory, sizeof(directory), "%.30s/%050d", d->directory, 0);
    assert_int_equal(mkdir(directory, 0700), 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/d", directory);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_false(unix_socket_open(&s, address.sun_path, counting_random, d, d->err));
    close(fd);
    unlink(address.sun_path);
    assert_int_equal(rmdir(directory), 0);
    fflush(d->err);
    assert_int_equal(strncmp(d->messages, "Server socket path ", 19), 0);
    assert_non_null(strstr(d->messages, " is too long\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(daemon_can_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_in_one_process_share_the_outer_directory, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(absent_daemon_is_no_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prepared_directory_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_path_is_reported, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
