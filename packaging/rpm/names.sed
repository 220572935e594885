# SPDX-License-Identifier: GPL-2.0-or-later
# packaging/common with Debian's names, changed to Fedora's.
s%/etc/chrony/chrony\.conf%/etc/chrony.conf%
s%/etc/default/chrony%/etc/sysconfig/chronyd%
s/DAEMON_OPTS/OPTIONS/
s/\([ =]\)_chrony\b/\1chrony/
s/^service=chrony\.service/service=chronyd.service/
s/systemctl edit chrony\b/systemctl edit chronyd/
s/disable --now chrony;/disable --now chronyd;/
s/^Alias=chronyd\.service/Alias=chrony.service/
s/(Debian: bind9-dnsutils)/(package bind-utils)/
