#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dhclient-script reads this file and calls the two functions. NTP servers that came by DHCP become sources of chronyd
# ("sourcedir /run/chrony-dhcp"), unless the interface has PEERNTP=no. NTPSERVERARGS: their options.
# shellcheck disable=SC2154 # interface and new_ntp_servers are set by dhclient-script

chrony_config() {
    local server

    mkdir -p /run/chrony-dhcp
    rm -f "/run/chrony-dhcp/$interface.sources"
    if [ "$PEERNTP" != no ]; then
        for server in $new_ntp_servers; do
            echo "server $server ${NTPSERVERARGS:-iburst}" >> "/run/chrony-dhcp/$interface.sources"
        done
    fi
    /usr/bin/chronyc reload sources > /dev/null 2>&1 || true
}

chrony_restore() {
    if [ -e "/run/chrony-dhcp/$interface.sources" ]; then
        rm -f "/run/chrony-dhcp/$interface.sources"
        /usr/bin/chronyc reload sources > /dev/null 2>&1 || true
    fi
}
