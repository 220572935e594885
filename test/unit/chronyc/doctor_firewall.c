/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What listings of nftables and iptables say of ports. */
#include "test/unit/support/unit.h"

#include <string.h>

#include "chronyc/doctor_firewall.h"

static struct firewall parse(const char *text)
{
    struct firewall f = {0};

    firewall_parse(text, &f);
    return f;
}

static void assert_ports(const char *text, bool udp_123, bool tcp_4460)
{
    struct firewall f = parse(text);

    assert_int_equal(firewall_mentions(&f, FIREWALL_UDP, 123), udp_123);
    assert_int_equal(firewall_mentions(&f, FIREWALL_TCP, 4460), tcp_4460);
    firewall_free(&f);
}

static void rules_of_nftables_are_read(void **state)
{
    assert_ports("\t\tudp dport 123 accept\n", true, false);
    assert_ports("\t\tudp dport 123 ct state { new, untracked } accept\n", true, false);
    assert_ports("udp dport { 53, 123, 500-600 } counter packets 1 bytes 2 accept\n", true, false);
    assert_ports("udp dport 100-200 accept\ntcp dport { 22, 4000-5000 } accept", true, true);
    assert_ports("meta l4proto { tcp, udp } th dport { 123, 4460 } accept\n", true, true);
    assert_ports("udp dport ntp accept\ntcp dport ntske accept\n", true, true);
    assert_ports("tcp dport 123 accept\nudp dport 4460 accept\n", false, false);
    assert_ports("udp sport 123 accept\n", false, false);
    assert_ports("udp dport 123 drop\n", false, false);
    assert_ports("udp dport 1234 accept\nudp dport 12 accept\nudp dport 99999999999 accept\n",
                 false, false);
    assert_ports("udp dport ntpd accept\nudp dport { } accept\nudp dport accept\n", false, false);
}

static void rules_of_iptables_are_read(void **state)
{
    assert_ports("-A INPUT -p udp -m udp --dport 123 -j ACCEPT\n", true, false);
    assert_ports("-A IN -p udp -m multiport --dports 53,123:130 -m comment -j ACCEPT\n", true,
                 false);
    assert_ports("-A INPUT -p tcp -m tcp --dport 4460 -j ACCEPT\n", false, true);
    assert_ports("-A INPUT -p udp -m udp --dport 123 -j DROP\n", false, false);
}

static void policies_are_read(void **state)
{
    static const char *const dropping[] = {
        "type filter hook input priority filter; policy drop;\n",
        ":INPUT DROP [12:34]\n",
        "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n",
        "\t\treject with icmpx admin-prohibited\n",
        "\t\tdrop\n",
    };
    static const char *const open[] = {
        "type filter hook input priority filter; policy accept;\n",
        "type filter hook forward priority filter; policy drop;\n",
        ":INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n",
        "-A FORWARD -j REJECT\n",
        "ct state invalid drop\n",
        "",
    };

    for (size_t i = 0; i < sizeof(dropping) / sizeof(dropping[0]); i++) {
        struct firewall f = parse(dropping[i]);
        assert_true(f.drops);
        firewall_free(&f);
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        struct firewall f = parse(open[i]);
        assert_false(f.drops);
        firewall_free(&f);
    }
}

static void what_is_not_understood_is_opaque(void **state)
{
    char text[3000];
    struct firewall f = parse("udp dport @allowed accept\n");

    assert_true(f.opaque);
    firewall_free(&f);
    f = parse("udp dport vmap { 123 : accept, 53 : jump dns }\n");
    assert_true(f.opaque);
    firewall_free(&f);
    f = parse("iifname \"eth1\" accept\n");
    assert_true(f.opaque);
    firewall_free(&f);
    f = parse("-A INPUT -s 10.0.0.0/8 -j ACCEPT\n");
    assert_true(f.opaque);
    firewall_free(&f);
    f = parse(
        "iifname \"lo\" accept\nct state established,related accept\n-A INPUT -i lo -j ACCEPT\n"
        "ip6 saddr fe80::/10 udp dport 546 accept\nip protocol icmp accept\n"
        "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n");
    assert_false(f.opaque);
    firewall_free(&f);
    memset(text, ' ', sizeof(text));
    memcpy(text, "udp", 3);
    memcpy(text + sizeof(text) - 12, " 123 accept", 12);
    f = parse(text);
    assert_true(f.opaque);
    firewall_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_nftables_are_read),
        cmocka_unit_test(rules_of_iptables_are_read),
        cmocka_unit_test(policies_are_read),
        cmocka_unit_test(what_is_not_understood_is_opaque),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
