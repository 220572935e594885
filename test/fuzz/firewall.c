/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings of nftables and iptables in chronyc.
 */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/doctor_firewall.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct firewall firewall = {.count = 0};
    char *text = mem_alloc(size + 1);

    memcpy(text, data, size);
    firewall_parse(text, &firewall);
    for (size_t i = 0; i < firewall.count; i++) {
        assert(firewall.ranges[i].last <= 65535);
        if (firewall.ranges[i].first <= firewall.ranges[i].last)
            assert(firewall_mentions(&firewall, FIREWALL_TCP, firewall.ranges[i].first) ||
                   firewall_mentions(&firewall, FIREWALL_UDP, firewall.ranges[i].first));
    }
    firewall_free(&firewall);
    free(text);
    return 0;
}
