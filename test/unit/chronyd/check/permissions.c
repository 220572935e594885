/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a user may do by permission bits, and when the kernel or nobody is asked.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/number.h"
#include "chronyd/check/check.h"

static void bits_of_owner_group_and_others(void **state)
{
    static const struct {
        mode_t mode;
        uid_t uid;
        gid_t gid;
        int how;
        bool expected;
    } cases[] = {
        {0400, 5, 6, R_OK, true},         {0040, 5, 6, R_OK, false}, /* the owner's bits count */
        {0040, 1, 6, R_OK, true},         {0004, 1, 6, R_OK, false}, /* those of the group */
        {0004, 1, 1, R_OK, true},         {0600, 5, 6, R_OK | W_OK, true},
        {0400, 5, 6, R_OK | W_OK, false}, {0070, 1, 6, W_OK | X_OK, true},
        {0060, 1, 6, W_OK | X_OK, false}, {0000, 5, 6, R_OK, false},
    };
    const struct check_user user = {"u", 5, 6}, root = {"root", 0, 0};

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct world_file_info info = {
            .mode = cases[i].mode, .uid = cases[i].uid, .gid = cases[i].gid};

        assert_int_equal(check_may_by_mode(&user, &info, cases[i].how), cases[i].expected);
    }
    assert_true(check_may_by_mode(&root, &(struct world_file_info){.mode = 0}, R_OK | W_OK));
    assert_false(check_may_by_mode(&root, &(struct world_file_info){.mode = 0}, X_OK));
    assert_true(check_may_by_mode(&root, &(struct world_file_info){.is_directory = true}, X_OK));
}

/* /a (root, mode of the test) with /a/b (user 5, 0600). */
static mode_t directory_mode;

static bool file_info(void *ctx, const char *path, struct world_file_info *info)
{
    *info = (struct world_file_info){.mode = S_IFREG | 0600, .uid = 5, .gid = 6};
    if (strcmp(path, "/a") == 0)
        *info = (struct world_file_info){.mode = S_IFDIR | directory_mode, .is_directory = true};
    errno = strcmp(path, "/locked/x") == 0 ? EACCES : ENOENT;
    return strcmp(path, "/a") == 0 || strcmp(path, "/a/b") == 0;
}

static enum check_answer kernel_answer;

static enum check_answer ask_kernel(const struct check_user *user, const char *path, int how)
{
    assert_int_equal(user->uid, 5);
    return kernel_answer;
}

static void kernel_is_asked_first_and_directories_count(void **state)
{
    const struct world_ops ops = {.file_info = file_info};
    const struct world world = {.ops = &ops};
    struct surroundings around = {.world = &world, .ask_kernel = ask_kernel};
    struct check c = {.around = &around, .user = {"u", 5, 6}, .knows_user = true};

    directory_mode = 0700;
    kernel_answer = ANSWER_YES;
    assert_int_equal(check_may(&c, "/a/b", R_OK), ANSWER_YES);
    kernel_answer = ANSWER_NO;
    assert_int_equal(check_may(&c, "/a/b", R_OK), ANSWER_NO);
    assert_int_equal(errno, EACCES);
    kernel_answer = ANSWER_UNKNOWN;
    assert_int_equal(check_may(&c, "/a/b", R_OK), ANSWER_NO); /* /a cannot be passed */
    directory_mode = 0711;
    assert_int_equal(check_may(&c, "/a/b", R_OK), ANSWER_YES);
    assert_int_equal(check_may(&c, "/a/b", X_OK), ANSWER_NO);
    around.ask_kernel = NULL;
    assert_int_equal(check_may(&c, "/a/b", R_OK), ANSWER_YES);
    assert_int_equal(check_may(&c, "/none", R_OK), ANSWER_NO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(check_may(&c, "/locked/x", R_OK), ANSWER_UNKNOWN);
    assert_int_equal(errno, EACCES);
    c.knows_user = false;
    assert_int_equal(check_may(&c, "/a/b", R_OK), ANSWER_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_of_owner_group_and_others),
        cmocka_unit_test(kernel_is_asked_first_and_directories_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
