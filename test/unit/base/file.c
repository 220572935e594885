/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and directories by the rules of daemon.md 7 and 22, in a private directory.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "base/world.h"

static char directory[] = "/tmp/test_file.XXXXXX";
static char path[64], tmp_path[64], log_path[64], sub[64];

static int make_directory(void **state)
{
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/data", directory);
    snprintf(tmp_path, sizeof(tmp_path), "%s/data.tmp", directory);
    snprintf(log_path, sizeof(log_path), "%s/log", directory);
    snprintf(sub, sizeof(sub), "%s/sub", directory);
    umask(022);
    return 0;
}

static int remove_directory(void **state)
{
    return rmdir(directory);
}

static int open_log(void **state)
{
    return log_open_file(log_path) ? 0 : -1;
}

static int clean_up(void **state)
{
    log_open_stderr();
    unlink(log_path);
    unlink(path);
    unlink(tmp_path);
    rmdir(tmp_path);
    rmdir(path);
    rmdir(sub);
    return 0;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char *contents(const char *name)
{
    static char buf[4096];
    FILE *f = file_open_read(name);

    assert_non_null(f);
    size_t n = fread(buf, 1, sizeof(buf) - 1, f);
    fclose(f);
    buf[n] = '\0';
    return buf;
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(stat(name, &st), 0);
    return st.st_mode & 07777;
}

/* The log has exactly one message, with the given beginning; "" for none. */
static void assert_logged(const char *format, const char *name)
{
    char expected[256];
    const char *text = contents(log_path);

    if (format[0] == '\0') {
        assert_string_equal(text, "");
        return;
    }
    snprintf(expected, sizeof(expected), "%s%s", format, name);
    assert_true(strlen(text) > 21);
    if (strncmp(text + 21, expected, strlen(expected)) != 0)
        fail_msg("logged %s instead of %s", text, expected);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static bool is_close_on_exec(FILE *f)
{
    return (fcntl(fileno(f), F_GETFD) & FD_CLOEXEC) != 0;
}

static void a_new_file_takes_the_place_of_a_link(void **state)
{
    write_file(tmp_path, "victim");
    assert_int_equal(symlink(tmp_path, path), 0);
    FILE *f = file_open_new(path, 0640);
    assert_non_null(f);
    assert_true(is_close_on_exec(f));
    fputs("new", f);
    fclose(f);
    assert_string_equal(contents(tmp_path), "victim");
    assert_string_equal(contents(path), "new");
    assert_int_equal(mode_of(path), 0640);
}

static void appending_follows_no_link(void **state)
{
    write_file(tmp_path, "victim");
    assert_int_equal(symlink(tmp_path, path), 0);
    assert_null(file_open_append(path, 0644));
    assert_int_equal(errno, ELOOP);
    FILE *f = file_open_append(tmp_path, 0644);
    assert_non_null(f);
    assert_true(is_close_on_exec(f));
    fputs("+", f);
    fclose(f);
    assert_string_equal(contents(tmp_path), "victim+");
}

static void what_cannot_be_opened_sets_errno(void **state)
{
    assert_null(file_open_read(path));
    assert_int_equal(errno, ENOENT);
    assert_null(file_open_new("/nonexistent/file", 0644));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_null(file_open_new(path, 0644));
    assert_false(file_remove(sub));
    assert_int_equal(errno, ENOENT);
}

/* Kinds of files. */

/* None of these may be waited for: the test would hang. */
static void only_regular_files_and_devices_with_an_end_are_read(void **state)
{
    static const char *const endless[] = {"/dev/zero", "/dev/urandom", "/dev/full"};

    assert_int_equal(mkfifo(path, 0644), 0);
    assert_null(file_open_read(path));
    assert_int_equal(errno, ERRNO_NOT_A_FILE);
    assert_string_equal(text_errno(errno), "Not a regular file");
    assert_null(file_open_read(directory));
    assert_int_equal(errno, EISDIR);
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        assert_null(file_open_read(endless[i]));
        assert_int_equal(errno, ERRNO_NOT_A_FILE);
    }
    FILE *f = file_open_read("/dev/null");
    assert_non_null(f);
    assert_int_equal(getc(f), EOF);
    fclose(f);
    f = file_open_read("/proc/self/stat");
    assert_non_null(f);
    assert_int_not_equal(getc(f), EOF);
    fclose(f);
}

/* A lock is the process's, so another process tries. */
static int update_error(void)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        FILE *f = file_open_update(path);
        _exit(f ? 0 : errno == ERRNO_IN_USE ? 1 : 2);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void one_process_updates_a_file(void **state)
{
    FILE *f = file_open_new(path, 0644);

    assert_non_null(f);
    assert_int_equal(update_error(), 0);
    fclose(f);
    f = file_open_update(path);
    assert_non_null(f);
    assert_int_equal(update_error(), 1);
    assert_string_equal(text_errno(ERRNO_IN_USE), "In use by another process");
    fclose(f);
    assert_int_equal(update_error(), 0);
}

static void a_named_input_may_be_a_pipe(void **state)
{
    char name[64];
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    close(fds[1]);
    snprintf(name, sizeof(name), "/dev/fd/%d", fds[0]);
    FILE *f = file_open_input(name);
    assert_non_null(f);
    assert_true(is_close_on_exec(f));
    assert_int_equal(getc(f), 'x');
    assert_int_equal(getc(f), EOF);
    fclose(f);
    close(fds[0]);
}

static void appending_never_waits(void **state)
{
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_null(file_open_append(path, 0644));
    assert_int_equal(errno, ENXIO);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    FILE *f = file_open_append(path, 0644);
    assert_non_null(f);
    for (int i = 0; i < 100000; i++)
        fputs("nobody reads this\n", f);
    assert_true(ferror(f));
    fclose(f);
    close(reader);
    assert_null(file_open_append(directory, 0644));
    f = file_open_append("/dev/null", 0644);
    assert_non_null(f);
    fclose(f);
}

/* A FIFO is no better than a link: it is replaced, not written to. */
static void a_new_file_takes_the_place_of_a_fifo(void **state)
{
    assert_int_equal(mkfifo(path, 0644), 0);
    FILE *f = file_open_new(path, 0640);
    assert_non_null(f);
    fputs("new", f);
    fclose(f);
    assert_string_equal(contents(path), "new");
}

/* Replacement of real files. */

static FILE *new_file(void *ctx, const char *name, mode_t mode)
{
    return file_open_new(name, mode);
}

static bool rename_file(void *ctx, const char *from, const char *to)
{
    return rename(from, to) == 0;
}

static bool remove_file(void *ctx, const char *name)
{
    return file_remove(name);
}

static const struct world_ops file_ops = {
    .file_new = new_file,
    .file_rename = rename_file,
    .file_remove = remove_file,
};
static const struct world world = {.ops = &file_ops};

static bool begin(struct world_replace *r)
{
    const struct world_replace_spec spec = {.path = path, .mode = 0600};

    return world_replace_begin(&world, r, &spec);
}

static void a_replaced_file_is_old_or_new(void **state)
{
    struct world_replace r;

    write_file(path, "old");
    assert_true(begin(&r));
    fputs("new", r.stream);
    fflush(r.stream);
    assert_string_equal(contents(path), "old");
    assert_string_equal(contents(tmp_path), "new");
    assert_true(world_replace_commit(&world, &r));
    assert_string_equal(contents(path), "new");
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(access(tmp_path, F_OK), -1);
    assert_logged("", "");
}

static void a_failed_write_keeps_the_old_file(void **state)
{
    struct world_replace r;
    char message[128];
    FILE *full = fopen("/dev/full", "w");

    assert_non_null(full);
    write_file(path, "old");
    assert_true(begin(&r));
    /* What happens when the disk is full. */
    assert_true(dup2(fileno(full), fileno(r.stream)) >= 0);
    fclose(full);
    fputs("new", r.stream);
    assert_false(world_replace_commit(&world, &r));
    assert_string_equal(contents(path), "old");
    assert_int_equal(access(tmp_path, F_OK), -1);
    snprintf(message, sizeof(message), "%s : No space left on device", path);
    assert_logged("Could not write ", message);
}

static void an_earlier_failed_write_is_not_forgotten(void **state)
{
    struct world_replace r;
    int full = open("/dev/full", O_WRONLY), good;

    assert_true(full >= 0);
    write_file(path, "old");
    assert_true(begin(&r));
    good = dup(fileno(r.stream));
    assert_true(dup2(full, fileno(r.stream)) >= 0);
    fputs("new", r.stream);
    assert_int_not_equal(fflush(r.stream), 0);
    /* There is room again when the file is closed. */
    assert_true(dup2(good, fileno(r.stream)) >= 0);
    close(good);
    close(full);
    assert_false(world_replace_commit(&world, &r));
    assert_string_equal(contents(path), "old");
}

static void a_failed_rename_is_logged(void **state)
{
    struct world_replace r;

    assert_int_equal(mkdir(path, 0755), 0);
    assert_true(begin(&r));
    assert_false(world_replace_commit(&world, &r));
    assert_int_equal(access(tmp_path, F_OK), -1);
    assert_logged("Could not replace ", path);
}

static void a_temporary_file_that_cannot_be_made_is_logged(void **state)
{
    struct world_replace r;

    assert_int_equal(mkdir(tmp_path, 0755), 0);
    assert_false(begin(&r));
    assert_logged("Could not open ", tmp_path);
}

static void permissions_for_others_are_reported(void **state)
{
    static const struct {
        mode_t mode;
        const char *message;
    } cases[] = {
        {0771, ""},
        {0640, ""},
        {0604, "World-readable permissions on "},
        {0606, "World-readable permissions on "},
        {0602, "World-writable permissions on "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file(path, "");
        assert_int_equal(chmod(path, cases[i].mode), 0);
        assert_true(log_open_file(log_path));
        file_warn_permissions(path);
        assert_logged(cases[i].message, path);
        unlink(log_path);
    }
    file_warn_permissions(directory);
    file_warn_permissions("/nonexistent/file");
}

static void directories_are_made_and_checked(void **state)
{
    assert_true(file_make_directory(sub, 0750, getuid(), getgid()));
    assert_int_equal(mode_of(sub), 0750);
    assert_true(file_make_directory(sub, 0700, getuid(), getgid()));
    assert_int_equal(mode_of(sub), 0750);
    assert_true(file_check_directory(sub, 0770, getuid(), getgid()));
    assert_true(file_make_directory(".", 0700, getuid(), getgid()));
    assert_logged("", "");
}

static void a_slash_at_the_end_of_a_directory_is_harmless(void **state)
{
    char name[80];

    snprintf(name, sizeof(name), "%s//", sub);
    assert_true(file_make_directory(name, 0750, getuid(), getgid()));
    assert_int_equal(mode_of(sub), 0750);
    assert_logged("", "");
}

static void missing_parents_belong_to_root(void **state)
{
    char name[80];
    struct stat st;

    snprintf(name, sizeof(name), "%s/leaf", sub);
    if (getuid() != 0) {
        /* Only root can make them; nothing is left behind. */
        assert_false(file_make_directory(name, 0750, getuid(), getgid()));
        assert_logged("Could not change ownership of ", sub);
        assert_int_equal(access(sub, F_OK), -1);
        return;
    }
    assert_true(file_make_directory(name, 0700, 12345, 23456));
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_uid, 12345);
    assert_int_equal(st.st_gid, 23456);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(sub, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(rmdir(name), 0);
    assert_logged("", "");
}

static void wrong_directories_are_reported(void **state)
{
    assert_int_equal(mkdir(sub, 0755), 0);
    assert_false(file_check_directory(sub, 0770, getuid(), getgid()));
    assert_logged("Wrong permissions on ", sub);
}

static void wrong_owners_are_reported(void **state)
{
    char message[128];

    assert_int_equal(mkdir(sub, 0700), 0);
    assert_false(file_check_directory(sub, 0770, getuid() + 1, getgid()));
    snprintf(message, sizeof(message), "%s (UID != %u)", sub, getuid() + 1);
    assert_logged("Wrong owner of ", message);
}

static void a_file_is_no_directory(void **state)
{
    write_file(path, "");
    assert_false(file_make_directory(path, 0750, getuid(), getgid()));
    assert_logged(path, " is not directory");
}

static void directory_parts_of_paths(void **state)
{
    static const char *const cases[][2] = {{"/a/b/c", "/a/b"}, {"/a", "/"}, {"a", "."},
                                           {"a/b", "a"},       {"/", "/"},  {"/a//b", "/a"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *part = file_directory(cases[i][0]);

        assert_string_equal(part, cases[i][1]);
        free(part);
    }
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, open_log, clean_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(a_new_file_takes_the_place_of_a_link),
        FILE_TEST(appending_follows_no_link),
        FILE_TEST(what_cannot_be_opened_sets_errno),
        FILE_TEST(only_regular_files_and_devices_with_an_end_are_read),
        FILE_TEST(one_process_updates_a_file),
        FILE_TEST(a_named_input_may_be_a_pipe),
        FILE_TEST(appending_never_waits),
        FILE_TEST(a_new_file_takes_the_place_of_a_fifo),
        FILE_TEST(a_replaced_file_is_old_or_new),
        FILE_TEST(a_failed_write_keeps_the_old_file),
        FILE_TEST(an_earlier_failed_write_is_not_forgotten),
        FILE_TEST(a_failed_rename_is_logged),
        FILE_TEST(a_temporary_file_that_cannot_be_made_is_logged),
        FILE_TEST(permissions_for_others_are_reported),
        FILE_TEST(directories_are_made_and_checked),
        FILE_TEST(a_slash_at_the_end_of_a_directory_is_harmless),
        FILE_TEST(missing_parents_belong_to_root),
        FILE_TEST(wrong_directories_are_reported),
        FILE_TEST(wrong_owners_are_reported),
        FILE_TEST(a_file_is_no_directory),
        FILE_TEST(directory_parts_of_paths),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
