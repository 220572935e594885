# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Support for the tests with other implementations, on top of test/system/lib.sh. A test that
# sources it runs again in namespaces of its own (network, mounts, processes): every port is free
# there, host names are private, nothing can be left behind. No process in there has the right to
# set the clock.

# shellcheck source=test/system/lib.sh
PEERS_DIR=$(cd "${TOP_DIR:-.}" && pwd)/build/peers
if [ -z "${CHRONY_INTEROP_INSIDE:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "needs root, to make network namespaces"; exit 77; }
    [ -x "$PEERS_DIR/chrony/usr/bin/chronyc" ] && [ -x "$PEERS_DIR/ntpsec/usr/sbin/ntpd" ] ||
        { cat "$PEERS_DIR/problem" || echo "test/interop/get-peers has not been run"; exit 77; }
    unshare --net --mount --pid --fork true ||
        { echo "cannot make network, mount and process namespaces here"; exit 77; }
    CHRONY_INTEROP_INSIDE=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc \
        setpriv --bounding-set=-sys_time --inh-caps=-sys_time "$0" "$@"
fi

. "${TOP_DIR:-.}/test/system/lib.sh"

PEER_LIBRARIES=$(cat "$PEERS_DIR/library-path")
PEER_CHRONYD=$PEERS_DIR/chrony/usr/sbin/chronyd
PEER_CHRONYC=$PEERS_DIR/chrony/usr/bin/chronyc
PEER_VERSION=$(LD_LIBRARY_PATH=$PEER_LIBRARIES "$PEER_CHRONYC" -v | grep -o 'version [0-9.]*')
PEER_VERSION=${PEER_VERSION#version }
PEER_NTPD=$PEERS_DIR/ntpsec/usr/sbin/ntpd
# shellcheck disable=SC2034 # used by the tests
GNUTLS_CLI=$(command -v gnutls-cli || echo "$PEERS_DIR/gnutls-bin/usr/bin/gnutls-cli")

# No test may run where it could set the clock: bit 25 is CAP_SYS_TIME.
while read -r name capabilities; do
    [[ $name != Cap* ]] || [ $((0x$capabilities >> 25 & 1)) = 0 ] ||
        fail "this process has the right to set the clock"
done </proc/self/status
ip link set lo up || fail "cannot bring the loopback interface up"

# Names of this test alone; nts.test is the server's in the certificates made by make_ntp_cert.
printf '%s\n' "127.0.0.1 localhost" "::1 localhost" "127.0.0.1 nts.test" "::1 nts6.test" \
    "127.0.0.5 nts-xleave.test" "10.0.0.1 here.test" "fd00::1 here6.test" "10.0.0.2 there.test" \
    "fd00::2 there6.test" >"$T/hosts"
mount --bind "$T/hosts" /etc/hosts || fail "cannot use a private hosts file"
# Debian's chronyc becomes this user since 4.9: it is the one that owns the sockets here.
{
    grep -v '^_chrony:' /etc/passwd
    echo "_chrony:x:$(id -u "$TEST_USER"):$(id -g "$TEST_USER")::/:/usr/sbin/nologin"
} >"$T/passwd"
mount --bind "$T/passwd" /etc/passwd || fail "cannot use a private list of users"
HAVE_IPV6=no
ip -6 address show dev lo 2>/dev/null | grep -q '::1/128' && HAVE_IPV6=yes

# peer COMMAND...: runs a program of the peers, with the libraries that came with it.
peer()
{
    LD_LIBRARY_PATH=$PEER_LIBRARIES "$@"
}

# start_peer NAME DIRECTIVE...: Debian's chronyd, as "start" of lib.sh does with ours, with the
# options in PEER_OPTIONS besides; in the second network when PEER_NETWORK is INSIDE_SECOND. Sets PID.
PEER_NETWORK=()
PEER_OPTIONS=()
start_peer()
{
    local name=$1

    shift
    [ -d "$T/$name" ] || daemon_directory "$name"
    printf '%s\n' "bindcmdaddress $T/$name/chronyd.sock" "pidfile $T/$name/chronyd.pid" \
        "cmdport 0" "$@" >"$T/$name.conf"
    "${PEER_NETWORK[@]}" env LD_LIBRARY_PATH="$PEER_LIBRARIES" "$PEER_CHRONYD" -d -x \
        "${USER_OPTIONS[@]}" "${PEER_OPTIONS[@]}" -f "$T/$name.conf" >>"$T/$name.log" 2>&1 &
    PID=$!
    PIDS+=("$PID")
    wait_until 20 peer_chronyc "$name" tracking || fail "$name (Debian's chronyd) did not start"
}

# peer_chronyc NAME COMMAND...: Debian's chronyc over the daemon's socket.
peer_chronyc()
{
    local name=$1

    shift
    peer "$PEER_CHRONYC" -h "$T/$name/chronyd.sock" "$@"
}

# peer_one_shot TIMEOUT DIRECTIVE...: output and status of Debian's chronyd -Q -t TIMEOUT.
peer_one_shot()
{
    local timeout=$1

    shift
    peer "$PEER_CHRONYD" -Q -u "$TEST_USER" -t "$timeout" "$@"
}

# second_network: another network namespace behind a pair of interfaces: 10.0.0.1 and fd00::1 are
# here, 10.0.0.2 and fd00::2 there. Beside these are PAIRS pairs of addresses, 10.0.1.N and fd00:1::N
# here, 10.0.2.N and fd00:2::N there: each is reached from its partner, so that two daemons can have
# as many associations with each other.
PAIRS=28
second_network()
{
    local pid

    unshare --net sleep infinity &
    pid=$!
    PIDS+=("$pid")
    INSIDE_SECOND=(nsenter "--net=/proc/$pid/ns/net")
    different()
    {
        [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]
    }
    wait_until 5 different || fail "no second network namespace"
    ip link add here type veth peer name there && ip link set there netns "$pid" &&
        ip link set here up && "${INSIDE_SECOND[@]}" ip link set there up &&
        "${INSIDE_SECOND[@]}" ip link set lo up || fail "no pair of interfaces"
    # side DEVICE LOCAL REMOTE: commands for ip.
    side()
    {
        local n

        echo "address add 10.0.0.$2/24 broadcast + dev $1"
        [ "$HAVE_IPV6" = no ] || echo "address add fd00::$2/64 dev $1 nodad"
        for ((n = 1; n <= PAIRS; n++)); do
            echo "address add 10.0.$2.$n/32 dev $1"
            echo "route add 10.0.$3.$n/32 dev $1 src 10.0.$2.$n"
            [ "$HAVE_IPV6" = yes ] || continue
            echo "address add fd00:$2::$n/128 dev $1 nodad"
            echo "route add fd00:$3::$n/128 dev $1 src fd00:$2::$n"
        done
    }
    side here 1 2 | ip -batch - && side there 2 1 | "${INSIDE_SECOND[@]}" ip -batch - ||
        fail "addresses"
}

# start_ntpd NAME LINE...: NTPsec in the second network. It insists on its ports, and serves time
# only when its clock discipline is enabled, which has to do without the right to set the clock.
# Sets PID.
start_ntpd()
{
    local name=$1

    shift
    [ -d "$T/$name" ] || daemon_directory "$name"
    # By default it limits the rate for each address.
    printf '%s\n' "unrestrict default limited" "disable kernel" "tinker step 0 panic 0" \
        "driftfile $T/$name/drift" \
        "statsdir $T/$name/" "enable stats" "statistics peerstats" \
        "filegen peerstats file peerstats type none enable" "$@" >"$T/$name.conf"
    "${INSIDE_SECOND[@]}" env LD_LIBRARY_PATH="$PEER_LIBRARIES" "$PEER_NTPD" -n \
        -c "$T/$name.conf" -p "$T/$name/pid" >>"$T/$name.log" 2>&1 &
    PID=$!
    PIDS+=("$PID")
}

# field TEXT: the value of a line "TEXT : value" of a report on standard input.
field()
{
    sed -n "s/^$1 *: *//p"
}

# within VALUE LOW HIGH: numbers, as in reports.
within()
{
    awk -v x="$1" -v low="$2" -v high="$3" \
        'BEGIN { exit !(x ~ /^[-+]?[0-9.]+$/ && x + 0 >= low + 0 && x + 0 <= high + 0) }'
}

# What the certificates of the servers are for.
NTS_NAMES="DNS:nts.test,DNS:nts6.test,DNS:nts-xleave.test,IP:127.0.0.1,IP:::1"

# start_our_nts_server NAME DIRECTIVE...: ours with two helper processes; for nts.test by name and
# for 127.0.0.1 and ::1 by address. Sets NTP_PORT, KE_PORT, PID.
start_our_nts_server()
{
    local name=$1

    shift
    [ -f "$T/ca.crt" ] || make_ca
    make_cert "$name" 30 "$NTS_NAMES"
    start_nts_server "$name" -F "$(filter_level)" -- "ntsprocesses 2" "$@"
}

# start_peer_nts_server NAME DIRECTIVE...: the same with Debian's chronyd.
start_peer_nts_server()
{
    local name=$1

    shift
    [ -f "$T/ca.crt" ] || make_ca
    make_cert "$name" 30 "$NTS_NAMES"
    chown "$TEST_USER" "$T/$name.key"
    new_port
    NTP_PORT=$PORT
    new_port
    KE_PORT=$PORT
    daemon_directory "$name"
    start_peer "$name" "port $NTP_PORT" "ntsport $KE_PORT" "ntsservercert $T/$name.crt" \
        "ntsserverkey $T/$name.key" "ntsdumpdir $T/$name" "ntsprocesses 2" "local stratum 1" \
        "allow" "$@"
}

# Key files for all implementations: keys 1 to 11, of each type that all of them have, are the same
# on both sides (Debian's chronyd and ours have no others; NTPsec has also what else OpenSSL has). Keys
# 16 to 18 are good for nothing: the client has wrong secrets, and one that the server has not.
write_keys()
{
    cat >"$T/keys" <<'EOF'
1 MD5 ASCII:a-longer-secret
2 SHA1 HEX:6931f5c0e1eaa1d5b4a2c1c5c7e4be0e7e1d9f7a
3 SHA256 HEX:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
4 AES128 HEX:f0e1d2c3b4a5968778695a4b3c2d1e0f
5 AES256 HEX:f0e1d2c3b4a5968778695a4b3c2d1e0f000102030405060708090a0b0c0d0e0f
6 SHA384 HEX:384384384384384384384384384384384384384384384384
7 SHA512 HEX:5125125125125125125125125125125125125125125125125125125125125125
8 SHA3-224 HEX:224224224224224224224224224224224224224224224224
9 SHA3-256 HEX:256256256256256256256256256256256256256256256256
10 SHA3-384 HEX:483483483483483483483483483483483483483483483483
11 SHA3-512 HEX:152152152152152152152152152152152152152152152152
16 SHA1 HEX:000102030405060708090a0b0c0d0e0f10111213
17 AES128 HEX:000102030405060708090a0b0c0d0e0f
EOF
    sed 's/^\(1[67] .*HEX:\)00/\1ff/' "$T/keys" >"$T/client.keys"
    echo "18 AES128 HEX:00112233445566778899aabbccddeeff" >>"$T/client.keys"
    # NTPsec has other names for types and no prefix; ASCII or not is told by the length.
    sed -e 's/ASCII://; s/HEX://; s/AES/aes-/' "$T/client.keys" >"$T/ntpd.keys"
    chown "$TEST_USER" "$T/keys" "$T/client.keys"
    chmod 600 "$T/keys" "$T/client.keys"
}

# Expected types and lengths of the keys, as in authdata.
# shellcheck disable=SC2034 # used by the tests
KEY_ROWS=([1]="1,120" [2]="2,160" [3]="3,256" [4]="13,128" [5]="14,256" [6]="4,192" [7]="5,256"
    [8]="6,192" [9]="7,192" [10]="8,192" [11]="9,192")
KEYS=("${!KEY_ROWS[@]}")
WRONG_KEYS=(16 17 18)

# has_long_mac KEY: its digest has more than the 20 octets that fit in version 4; chronyd uses version
# 3 then, or truncates it if the version is given.
has_long_mac()
{
    [[ ,3,6,7,8,9,10,11, == *",$1,"* ]]
}

# chronyd_sources: directives of a client with a source of every kind, of the server that was
# started last, in the array SOURCES. Each has an address of its own: the server answers on all.
# ADDRESSES are those that are to be reached, with the key, the version and so on that are expected.
declare -A ADDRESS_KEY ADDRESS_VERSION ADDRESS_NTS ADDRESS_XLEAVE
chronyd_sources()
{
    local key n poll="iburst minpoll -2 maxpoll -2"

    ADDRESSES=() WRONG_ADDRESSES=()
    ADDRESS_KEY=() ADDRESS_VERSION=() ADDRESS_NTS=() ADDRESS_XLEAVE=()
    SOURCES=("port 0" "authselectmode ignore" "keyfile $T/client.keys" nosystemcert
        "ntstrustedcerts $T/ca.crt")
    # add ADDRESS OPTION..., add_nts NAME ADDRESS OPTION...
    add()
    {
        SOURCES+=("server $1 port $NTP_PORT ${*:2} $poll")
        ADDRESSES+=("$1")
    }
    add_nts()
    {
        SOURCES+=("server $1 port $NTP_PORT nts ntsport $KE_PORT ${*:3} $poll")
        ADDRESSES+=("$2")
        ADDRESS_NTS[$2]=1
    }
    add 127.0.0.2
    add_nts nts.test 127.0.0.1
    add 127.0.0.3 xleave
    add_nts nts-xleave.test 127.0.0.5 xleave
    ADDRESS_XLEAVE=([127.0.0.3]=1 [127.0.0.5]=1)
    add 127.0.0.4 version 3
    ADDRESS_VERSION[127.0.0.4]=3
    for key in "${KEYS[@]}"; do
        add "127.0.1.$key" key "$key"
        ADDRESS_KEY[127.0.1.$key]=$key
        ! has_long_mac "$key" || ADDRESS_VERSION[127.0.1.$key]=3
    done
    for key in "${WRONG_KEYS[@]}"; do
        SOURCES+=("server 127.0.1.$key port $NTP_PORT key $key $poll")
        WRONG_ADDRESSES+=("127.0.1.$key")
    done
    [ "$HAVE_IPV6" = yes ] || return 0
    for n in "${KEYS[@]}" "${WRONG_KEYS[@]}" 101 102 103; do
        ip address add "fd01::$n/128" dev lo nodad || fail "address"
    done
    add_nts ::1 ::1
    add fd01::101
    add fd01::102 xleave
    add fd01::103 xleave key 4
    ADDRESS_XLEAVE[fd01::102]=1
    ADDRESS_XLEAVE[fd01::103]=1
    ADDRESS_KEY[fd01::103]=4
    # Truncated digests.
    for key in "${KEYS[@]}"; do
        add "fd01::$key" key "$key" version 4
        ADDRESS_KEY[fd01::$key]=$key
    done
    for key in "${WRONG_KEYS[@]}"; do
        SOURCES+=("server fd01::$key port $NTP_PORT key $key $poll")
        WRONG_ADDRESSES+=("fd01::$key")
    done
}

# check_chronyd_client CHRONYC NAME: the client with the sources above has got everything that the
# server has to give. CHRONYC is the function to ask it with.
check_chronyd_client()
{
    local ask=$1 name=$2 address line row key

    # Eight valid responses of each.
    all_reached()
    {
        local reached
        reached=$("$ask" "$name" -n -c sources | grep -c ',377,')
        [ "$reached" -ge ${#ADDRESSES[@]} ]
    }
    wait_until 20 all_reached || fail "not all reached: $("$ask" "$name" -n sources)"
    "$ask" "$name" -n -c sources >"$T/sources"
    for address in "${ADDRESSES[@]}"; do
        line=$(grep -F ",$address," "$T/sources")
        [[ $line =~ ^\^,[*+x-],$address,1,-2,377,[0-9],-?[0-9.]+,-?[0-9.]+,[0-9.]+$ ]] ||
            fail "sources: $line $("$ask" "$name" -n selectdata) $("$ask" "$name" -n sources)"
        IFS=, read -ra row <<<"$line"
        within "${row[7]}" -0.05 0.05 && within "${row[9]}" 0.0000000001 0.05 ||
            fail "offset of $address: ${row[*]}"
    done
    grep -q '^^,\*,' "$T/sources" || fail "no source was selected: $(cat "$T/sources")"
    # Without the right key there is no answer.
    for address in "${WRONG_ADDRESSES[@]}"; do
        grep -qE "^\^,\?,$address,0,-?[0-9],0,4294967295," "$T/sources" ||
            fail "wrong key: $(grep -F ",$address," "$T/sources")"
    done

    "$ask" "$name" -n -c authdata >"$T/authdata"
    for address in "${ADDRESSES[@]}"; do
        line=$(grep "^$address," "$T/authdata")
        key=${ADDRESS_KEY[$address]:-}
        if [ -n "${ADDRESS_NTS[$address]:-}" ]; then
            [[ $line =~ ^$address,NTS,1,(15,256|30,128),[0-9]+,0,0,[78],(64|96|100)$ ]]
        elif [ -n "$key" ]; then
            [ "$line" = "$address,SK,$key,${KEY_ROWS[key]},4294967295,0,0,0,0" ]
        else
            [ "$line" = "$address,-,0,0,0,4294967295,0,0,0,0" ]
        fi || fail "authdata: $line"
    done

    # A lost response, as on a busy machine, ends interleaved mode for a moment.
    for address in "${!ADDRESS_XLEAVE[@]}"; do
        interleaved()
        {
            "$ask" "$name" -n -c ntpdata "$address" | cut -d, -f27 | grep -qx Yes
        }
        wait_until 10 interleaved || fail "interleaved: $("$ask" "$name" -n ntpdata "$address")"
    done
    # Fields of ntpdata -c: 5 leap, 6 version, 7 mode, 8 stratum, 15 reference ID, ...
    "$ask" "$name" -n -c ntpdata >"$T/ntpdata"
    for address in "${ADDRESSES[@]}"; do
        IFS=, read -ra row <<<"$(grep "^$address," "$T/ntpdata")"
        [ "${row[2]}" = "$NTP_PORT" ] || fail "ntpdata of $address: ${row[*]}"
        [ "${row[5]},${row[7]},${row[8]},${row[15]}" = Normal,Server,1,7F7F0101 ] ||
            fail "ntpdata of $address: ${row[*]}"
        [ "${row[6]}" = "${ADDRESS_VERSION[$address]:-4}" ] ||
            fail "version of $address: ${row[*]}"
        [ "${row[9]}" = -2 ] || fail "poll of $address: ${row[*]}"
        # The reference time of the local reference, in seconds since 1970, is a recent one.
        within "${row[17]}" $(($(date +%s) - 100)) $(($(date +%s) + 1)) ||
            fail "reference time of $address: ${row[*]}"
        # Delay test C may fail now and then.
        [[ ${row[23]} = 111 && ${row[24]} = 111 && ${row[25]} = 11?1 ]] ||
            fail "tests of $address: ${row[*]}"
        if [ -n "${ADDRESS_NTS[$address]:-}${ADDRESS_KEY[$address]:-}" ]; then
            [ "${row[27]}" = Yes ]
        else
            [ "${row[27]}" = No ]
        fi || fail "authenticated, $address: ${row[*]}"
        [ -n "${ADDRESS_XLEAVE[$address]:-}" ] || [ "${row[26]}" = No ] ||
            fail "interleaved, $address: ${row[*]}"
        # Everything that was received was valid.
        [ "${row[31]}" = "${row[32]}" ] || fail "invalid responses of $address: ${row[*]}"
    done
}
