/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of files that a configuration names. */
#include "test/unit/support/unit.h"

#include <string.h>

#include "base/number.h"
#include "conf/files.h"
#include "test/unit/support/conf.h"

static void files_are_listed_in_the_order_of_their_kinds(void **state)
{
    static const struct conf_file expected[] = {
        {REPORT_FILE_PID, "/run/p"},         {REPORT_FILE_SOCKET, "/run/s"},
        {REPORT_FILE_DRIFT, "/var/drift"},   {REPORT_FILE_DUMP_DIR, "/var/dump"},
        {REPORT_FILE_NTS_DIR, "/var/nts"},   {REPORT_FILE_LOG_DIR, "/var/log"},
        {REPORT_FILE_RTC, "/var/rtc"},       {REPORT_FILE_KEYS, "/etc/keys"},
        {REPORT_FILE_CERTIFICATE, "/1.crt"}, {REPORT_FILE_CERTIFICATE, "/2.crt"},
        {REPORT_FILE_PRIVATE_KEY, "/1.key"}, {REPORT_FILE_PRIVATE_KEY, "/2.key"},
        {REPORT_FILE_HWCLOCK, "/etc/adj"},   {REPORT_FILE_HISTORY, "/var/history"},
    };
    struct conf *conf = test_conf(
        "historyfile /var/history\nhwclockfile /etc/adj\nrtcfile /var/rtc\nkeyfile "
        "/etc/keys\nlogdir /var/log\nlog tracking\n"
        "ntsserverkey /1.key\nntsservercert /1.crt\nntsserverkey /2.key\nntsservercert /2.crt\n"
        "ntsdumpdir /var/nts\ndumpdir /var/dump\ndriftfile /var/drift\nbindcmdaddress /run/s\n"
        "pidfile /run/p");
    struct conf_file file;

    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(conf_file(conf, i, &file));
        assert_int_equal(file.what, expected[i].what);
        assert_string_equal(file.path, expected[i].path);
    }
    assert_false(conf_file(conf, COUNT(expected), &file));
    assert_false(conf_file(conf, SIZE_MAX, &file));
    conf_free(conf);
}

static void what_is_not_configured_is_not_listed(void **state)
{
    struct conf *conf = test_conf("pidfile /\nbindcmdaddress /\nlogdir /var/log");
    struct conf_file file;

    for (size_t i = 0; conf_file(conf, i, &file); i++)
        assert_int_equal(file.what, REPORT_FILE_HWCLOCK); /* of the build, if any */
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_listed_in_the_order_of_their_kinds),
        cmocka_unit_test(what_is_not_configured_is_not_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
