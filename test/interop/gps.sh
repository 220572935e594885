# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Support for the tests with gpsd, on top of peers.sh. Besides what that one makes private, these tests
# have shared memory and /run of their own. gpsd is root, so that it uses sockets in /run: where its
# package is installed it would become the user gpsd, who is not known here.

if [ -z "${GPS_TEST_INSIDE:-}" ] && unshare --ipc true 2>/dev/null; then
    GPS_TEST_INSIDE=1 exec unshare --ipc "$0" "$@"
fi
# shellcheck source=test/interop/peers.sh
. "${TOP_DIR:-.}/test/interop/peers.sh"

GPSD=$PEERS_DIR/gpsd/usr/sbin/gpsd
# How far the receiver's time is ahead of that of this machine.
# shellcheck disable=SC2034 # used by the tests
OFFSET=0.25
[ -n "${GPS_TEST_INSIDE:-}" ] || skip "cannot make a namespace for shared memory here"
[ -x "$GPSD" ] || skip "no gpsd: test/interop/get-peers has not been run"
command -v python3 >/dev/null || skip "python3 is not installed"
has_feature REFCLOCK || skip "built without reference clocks"

mount -t tmpfs -o mode=755 tmpfs /run || fail "cannot use a private /run"
# The list is private, and the file has to stay the same one.
users=$(grep -v '^gpsd:' /etc/passwd) && echo "$users" >"$T/passwd" ||
    fail "cannot change the list of users"
"${CC:-$(command -v gcc || command -v clang || echo cc)}" -shared -fPIC -O1 -o "$T/serial_line.so" \
    "$TOP_DIR/test/interop/serial_line.c" -ldl -lm || fail "could not build the preloaded library"

# source_is NAME PATTERN: a line of the report, for wait_until.
source_is()
{
    chronyc "$1" -c sources | grep -qE "$2"
}

# check_offsets NAME REFID LOW HIGH: raw offsets of full samples. The daemon does not control the clock
# (-x), which stays slow by what the receiver is ahead, but for what pulses and sentences take to be
# noticed.
check_offsets()
{
    grep -E " $2 +[0-9]+ N 0 " "$T/$1/refclocks.log" |
        awk -v low="$3" -v high="$4" '{ if ($7 < low || $7 > high) bad = 1 }
            END { exit bad || NR < 8 }' ||
        fail "offsets of $2: $(cat "$T/$1/refclocks.log")"
}
