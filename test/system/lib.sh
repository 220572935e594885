# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Support for the system tests: a private directory, ports, certificates, daemons that are ended by
# pid. A test sources it, uses the functions, and ends with "pass"; anything else is a failure.

set -uo pipefail

: "${TOP_DIR:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${BUILD_DIR:=$TOP_DIR/build}" "${CHRONYD:=$BUILD_DIR/chronyd}" "${CHRONYC:=$BUILD_DIR/chronyc}"
: "${SANITIZE:=}"
export LC_ALL=C TZ=UTC ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"

T=$(mktemp -d /tmp/chrony-test.XXXXXX) || exit 1
chmod 755 "$T"
PIDS=()

cleanup()
{
    local pid

    for pid in "${PIDS[@]}"; do
        kill -CONT "$pid" 2>/dev/null
        kill "$pid" 2>/dev/null
    done
    wait_until 5 has_ended "${PIDS[@]}" || kill -KILL "${PIDS[@]}" 2>/dev/null
    rm -rf "$T"
}
trap cleanup EXIT

# fail TEXT...: ends the test, showing the logs of its daemons.
fail()
{
    local log

    echo "FAILED (line ${BASH_LINENO[0]}): $*"
    for log in "$T"/*.log; do
        [ -s "$log" ] && { echo "--- $log"; tail -n 40 "$log"; }
    done
    exit 1
}

skip()
{
    echo "$*"
    exit 77
}

pass()
{
    check_sanitizers
    exit 0
}

check_sanitizers()
{
    ! grep -lE 'ERROR: (Address|Leak|Thread)Sanitizer|runtime error:' "$T"/*.log 2>/dev/null ||
        fail "a sanitizer has reported something"
}

is_root()
{
    [ "$(id -u)" = 0 ]
}

# The user that daemons run as, and the options that this needs.
if is_root; then
    TEST_USER=daemon
    USER_OPTIONS=(-u "$TEST_USER")
else
    TEST_USER=$(id -un)
    USER_OPTIONS=(-U -u "$TEST_USER")
fi
TEST_GROUP=$(id -gn "$TEST_USER")

# Daemons that root starts have each process of their own that there can be, since they drop privileges. With
# TEST_PROCESSES=off they have none of those that can be left out.
PROCESS_DIRECTIVES=()
case ${TEST_PROCESSES:-on} in
on) ;;
off) PROCESS_DIRECTIVES=("clockguard no" "serverworkers 0" "ntsclientprocess no") ;;
*) echo "TEST_PROCESSES is on or off"; exit 1 ;;
esac

# Each of the tests that run at a time has a range of its own.
NEXT_PORT=$((10000 + ${TEST_SLOT:-0} % 4 * 5000 + $$ % 4500))

# new_port: sets PORT to a port that nothing uses now.
new_port()
{
    while :; do
        NEXT_PORT=$((NEXT_PORT + 1))
        ! grep -qsiE ":$(printf %04X "$NEXT_PORT") " /proc/net/{udp,udp6,tcp,tcp6} && break
    done
    PORT=$NEXT_PORT
}

# daemon_directory NAME: a directory that the daemon of that name may write.
daemon_directory()
{
    mkdir -m 770 "$T/$1" || fail "mkdir $1"
    ! is_root || chown "$TEST_USER:$TEST_GROUP" "$T/$1"
}

# has_ended PID...: none of them runs any more. A zombie, whose parent does not care, has ended.
has_ended()
{
    local pid state

    for pid in "$@"; do
        state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
        [ -z "$state" ] || [ "${state:0:1}" = Z ] || return 1
    done
}

# wait_until SECONDS COMMAND...
wait_until()
{
    local i n=$(($1 * 10))

    shift
    for ((i = 0; i < n; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}

# split_arguments [OPTION...] -- DIRECTIVE...: sets the arrays options and directives of the caller.
split_arguments()
{
    options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    directives=("$@")
}

# start NAME [OPTION...] -- DIRECTIVE...: a daemon with its command socket $T/NAME/chronyd.sock and log
# $T/NAME.log; waits until it answers. Sets PID.
start()
{
    local name=$1 options directives

    split_arguments "${@:2}"
    [ -d "$T/$name" ] || daemon_directory "$name"
    {
        printf '%s\n' "bindcmdaddress $T/$name/chronyd.sock" "pidfile $T/$name/chronyd.pid" \
            "cmdport 0"
        printf '%s\n' "${PROCESS_DIRECTIVES[@]}" "${directives[@]}"
    } >"$T/$name.conf"
    "$CHRONYD" -d -x "${USER_OPTIONS[@]}" "${options[@]}" -f "$T/$name.conf" >>"$T/$name.log" 2>&1 &
    PID=$!
    PIDS+=("$PID")
    wait_until 20 chronyc "$name" tracking || fail "$name did not start"
}

# stop PID: ends a daemon and gives its exit status.
stop()
{
    kill "$1" 2>/dev/null
    wait "$1"
}

# chronyc NAME COMMAND...: our client over the daemon's socket.
chronyc()
{
    local name=$1

    shift
    "$CHRONYC" -h "$T/$name/chronyd.sock" "$@"
}

# sentences NAME [SOURCE]: what explain says, each sentence in a line.
sentences()
{
    chronyc "$@" | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n           / /g'
}

# has_sentence NAME PATTERN [SOURCE]; await_sentence: it comes to be within 30 seconds.
has_sentence()
{
    # The status of explain is that of the clock.
    grep -qE -- "$2" <<<"$(sentences "$1" explain "${3:-}")"
}

await_sentence()
{
    wait_until 30 has_sentence "$@" ||
        fail "no sentence like '$2' on ${3:-the clock}: $(sentences "$1" explain "${3:-}")"
}

# counter NAME TEXT: the value of one line of serverstats.
counter()
{
    chronyc "$1" serverstats | sed -n "s/^$2 *: *//p"
}

# logged NAME TEXT: the daemon's log contains the text.
logged()
{
    grep -qF -- "$2" "$T/$1.log"
}

has_feature()
{
    "$CHRONYD" -v | grep -q -- "+$1"
}

# Filter level that this build can run with (sanitizers make calls of their own).
filter_level()
{
    if has_feature SCFILTER && [ -z "$SANITIZE" ]; then
        echo 1
    else
        echo 0
    fi
}

# make_ca: $T/ca.crt and its key. make_cert NAME [DAYS [SAN [NOT_BEFORE]]]: $T/NAME.crt, $T/NAME.key.
make_ca()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -subj /CN=test-ca -keyout "$T/ca.key" -out "$T/ca.crt" 2>/dev/null || fail "openssl"
}

make_cert()
{
    local name=$1 days=${2:-30} san=${3:-DNS:localhost,IP:127.0.0.1,IP:::1}

    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
        -keyout "$T/$name.key" -out "$T/$name.csr" 2>/dev/null &&
        openssl x509 -req -in "$T/$name.csr" -CA "$T/ca.crt" -CAkey "$T/ca.key" \
            -set_serial "$((RANDOM * 32768 + RANDOM + 1))" -days "$days" \
            -extfile <(echo "subjectAltName=$san") -out "$T/$name.crt" 2>/dev/null ||
        fail "openssl"
    chmod 600 "$T/$name.key"
}

# dated_cert NAME FROM TO: as make_cert, valid from and to these days (YYYYMMDD), for the names in SAN.
dated_cert()
{
    mkdir -p "$T/ca.$1"
    : >"$T/ca.$1/index"
    printf '%s\n' '[ca]' 'default_ca=a' '[a]' "new_certs_dir=$T/ca.$1" "database=$T/ca.$1/index" \
        'default_md=sha256' 'policy=p' 'rand_serial=yes' 'x509_extensions=e' '[p]' 'commonName=supplied' \
        '[e]' "subjectAltName=${SAN:-IP:127.0.0.1}" >"$T/ca.$1/conf"
    make_cert "$1"
    openssl ca -batch -notext -config "$T/ca.$1/conf" -cert "$T/ca.crt" -keyfile "$T/ca.key" \
        -startdate "${2}000000Z" -enddate "${3}000000Z" -in "$T/$1.csr" -out "$T/$1.crt" 2>/dev/null ||
        fail "openssl ca"
}

# start_nts_server NAME [OPTION...] -- DIRECTIVE...: sets NTP_PORT, KE_PORT, PID.
start_nts_server()
{
    local name=$1 options directives

    split_arguments "${@:2}"
    [ -f "$T/ca.crt" ] || make_ca
    [ -f "$T/$name.crt" ] || make_cert "$name"
    [ -d "$T/$name" ] || daemon_directory "$name"
    new_port
    NTP_PORT=$PORT
    new_port
    KE_PORT=$PORT
    start "$name" "${options[@]}" -- "port $NTP_PORT" "ntsport $KE_PORT" \
        "ntsservercert $T/$name.crt" "ntsserverkey $T/$name.key" "ntsdumpdir $T/$name" \
        "local stratum 1" "allow" "${directives[@]}"
}

# one_shot TIMEOUT DIRECTIVE...: output and status of chronyd -Q -t TIMEOUT.
one_shot()
{
    local timeout=$1

    shift
    "$CHRONYD" -Q -t "$timeout" "$@"
}

# nts_source [OPTION...]: directives of a client of the last NTS server, in the array NTS_SOURCE.
# shellcheck disable=SC2034 # used by the tests
nts_source()
{
    NTS_SOURCE=("server 127.0.0.1 port $NTP_PORT nts ntsport $KE_PORT iburst $*" nosystemcert
        "ntstrustedcerts $T/ca.crt")
}

# Clients of test/tools, of the last NTS server.
need_tools()
{
    local tool

    for tool; do
        [ -x "$BUILD_DIR/test/tools/$tool" ] || skip "$tool was not built"
    done
}

ke_client()
{
    "$BUILD_DIR/test/tools/ke_client" -p "$KE_PORT" "$@"
}

crowd_client()
{
    "$BUILD_DIR/test/tools/crowd_client" -p "$KE_PORT" "$@"
}

ntp_client()
{
    "$BUILD_DIR/test/tools/ntp_client" -p "$NTP_PORT" "$@"
}

# fork_server PID, resolver PID, helpers PID: the other processes of a daemon; the NTS-KE helpers are
# those of all generations, in one line.
fork_server()
{
    pgrep -P "$1" -x chronyd-fork
}

resolver()
{
    local fork_server

    fork_server=$(fork_server "$1") && pgrep -P "$fork_server" -x chronyd-names
}

helpers()
{
    local fork_server

    fork_server=$(fork_server "$1") || return 1
    pgrep -P "$fork_server" -x chronyd-ntske | sort -n | tr '\n' ' '
}

# expect TEXT COMMAND...: the command's output, all of it.
expect()
{
    local text=$1 output

    shift
    output=$("$@" 2>&1)
    [ "$output" = "$text" ] || fail "$*: expected '$text', got '$output'"
}

# ipv4_localhost ARGUMENT...: for tests in which the name localhost has to be 127.0.0.1. On a machine where
# it is ::1 first, the test runs again with a hosts file of its own. To be called first, with the
# arguments of the test.
ipv4_localhost()
{
    [[ $(getent ahosts localhost) != 127.0.0.1* ]] || return 0
    [ "${1:-}" != own_hosts ] && is_root && unshare --mount true 2>/dev/null ||
        skip "localhost is not 127.0.0.1 here"
    echo '127.0.0.1 localhost' >"$T/hosts"
    # shellcheck disable=SC2016 # for the shell that is called
    unshare --mount sh -c 'mount --bind "$1" /etc/hosts && exec "$2" own_hosts' sh "$T/hosts" "$0"
    exit
}

# two_namespaces "$@": runs the rest of the test in a network namespace of its own, with another one
# beside it. This side has 10.99.0.1 and fd00:99::1 on a0, 10.98.0.1 and fd00:98::1 on a1, the other side
# .2 and ::2 on b0 and b1. To be called first, with the arguments of the test.
two_namespaces()
{
    local i

    is_root || skip "only root can make network namespaces here"
    command -v python3 >/dev/null || skip "python3 is missing"
    command -v ip >/dev/null || skip "ip is missing"
    if [ "${1:-}" != inside ]; then
        unshare -n true 2>/dev/null || skip "no right to make network namespaces"
        unshare -n ip link add test0 type veth peer name test1 2>/dev/null ||
            skip "no virtual network devices"
        unshare -n "$0" inside
        exit
    fi

    unshare -n sleep 600 &
    OTHER=$!
    PIDS+=("$OTHER")
    wait_until 5 eval "[ \$(readlink /proc/$OTHER/ns/net) != \$(readlink /proc/self/ns/net) ]" ||
        fail "no second namespace"
    ip link set lo up
    other ip link set lo up
    for i in 0 1; do
        ip link add "a$i" type veth peer name "b$i" || fail "veth"
        ip link set "b$i" netns "$OTHER" || fail "netns"
        ip addr add "10.9$((9 - i)).0.1/24" broadcast + dev "a$i"
        ip -6 addr add "fd00:9$((9 - i))::1/64" dev "a$i" nodad
        ip link set "a$i" up
        other ip addr add "10.9$((9 - i)).0.2/24" broadcast + dev "b$i"
        other ip -6 addr add "fd00:9$((9 - i))::2/64" dev "b$i" nodad
        other ip link set "b$i" up
    done
}

# other COMMAND...: on the other side.
other()
{
    nsenter -t "$OTHER" -n "$@"
}
