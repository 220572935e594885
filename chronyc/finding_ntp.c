/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings on what was sent to an NTP source and what came back, see finding_text.h.
 */
#include "base/finding.h"
#include "chronyc/finding_text.h"

const struct finding_text finding_texts_ntp[] = {
    {FINDING_NAME_LOOKED_UP,
     "The address of {text} has not been found yet: the name is being looked up.",
     NULL,
     {{NULL, 0}},
     "name"},
    {FINDING_NAME_NOT_FOUND,
     "The name {text} cannot be found: the name service (DNS) says that it does not exist, or "
     "that it has no address. Tries so far: {tries}; the last one was {age} ago, the next one "
     "is at {expected_in_seconds}.",
     "Look for a typing error in the name. \"getent ahosts {text}\" has to print addresses.",
     {{"tries", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_NAME_GIVEN_UP,
     "The name {text} cannot be used: the name service (DNS) says that it does not exist, has "
     "no address, or cannot be looked up. This was {age} ago, and it is not tried again.",
     "Correct the name in the configuration, or let it be looked up again with \"chronyc "
     "refresh\".",
     {{NULL, 0}},
     "name"},
    {FINDING_NAME_NO_ANSWER,
     "The name {text} could not be looked up: the name service (DNS) does not answer, or has "
     "no answer now. Tries so far: {tries}; the last one was {age} ago, the next one is at "
     "{expected_in_seconds}.",
     "Check the network, and the name servers in /etc/resolv.conf: \"getent ahosts {text}\" "
     "has to print addresses.",
     {{"tries", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_NAME_FAILED,
     "The name {text} could not be looked up: the name service (DNS) has failed. Tries so "
     "far: {tries}; the last one was {age} ago, the next one is at {expected_in_seconds}.",
     "Check /etc/resolv.conf and /etc/nsswitch.conf: \"getent ahosts {text}\" has to print "
     "addresses.",
     {{"tries", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_NAME_TIMEOUT,
     "The name {text} could not be looked up: the name service (DNS) took more than "
     "{limit_seconds}. Tries so far: {tries}; the last one was {age} ago, the next one is at "
     "{expected_in_seconds}.",
     "Check the network, and the name servers in /etc/resolv.conf: \"getent ahosts {text}\" "
     "has to print addresses.",
     {{"tries", UNIT_NUMBER},
      {"expected_in_seconds", UNIT_CLOCK},
      {"limit_seconds", UNIT_DURATION}},
     "name"},
    {FINDING_NAME_UNAVAILABLE,
     "The name {text} could not be looked up: this host could not make the lookup. Tries so "
     "far: {tries}; the last one was {age} ago, the next one is at {expected_in_seconds}.",
     "The log of chronyd has the reason.",
     {{"tries", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_NAME_NO_INTERFACE,
     "The address {text} has the name of a network interface that does not exist now. Tries "
     "so far: {tries}; the last one was {age} ago, the next one is at {expected_in_seconds}.",
     "\"ip link\" lists the interfaces.",
     {{"tries", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_NAME_FAMILY_OFF,
     "The name {text} is not looked up: its option ipv4 or ipv6, or the option -4 or -6 of "
     "chronyd, excludes all of its addresses.",
     "Change one of these options.",
     {{NULL, 0}},
     "name"},
    {FINDING_NAME_OTHER_FAMILY,
     "The option ipv4 or ipv6 of the source asks for another family of addresses than those "
     "of the name {text} (number of addresses: {addresses}). It was looked up {age} ago; the "
     "next time is at {expected_in_seconds}.",
     "Remove the option ipv4 or ipv6, or use another server.",
     {{"addresses", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_NAME_NO_ROUTE,
     "The name {text} was found (number of addresses: {addresses}), but this host has no "
     "route to an address that it could use. It was looked up {age} ago; the next time is at "
     "{expected_in_seconds}.",
     "Check the network: \"ip route\" and \"ip -6 route\" have to show a default route, or "
     "one to the server.",
     {{"addresses", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_NAME_IN_USE,
     "Other sources use the addresses of the name {text} already (number of addresses: "
     "{addresses}). It was looked up {age} ago; the next time is at {expected_in_seconds}.",
     "Remove one of the sources: the same server cannot be used twice.",
     {{"addresses", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_POOL_PLACE,
     "This is a free place of the pool {text}. Addresses that it gave {age} ago: {addresses}; "
     "{used} of {places} places have one. The pool is asked again at {expected_in_seconds}.",
     NULL,
     {{"addresses", UNIT_NUMBER},
      {"used", UNIT_NUMBER},
      {"places", UNIT_NUMBER},
      {"expected_in_seconds", UNIT_CLOCK}},
     "name"},
    {FINDING_NOT_STARTED,
     "No request has been sent yet: the daemon is starting.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_FIRST_REQUEST,
     "No answer is there yet. The first request was sent, or is sent at {expected_in_seconds}.",
     NULL,
     {{"expected_in_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_NEVER_ANSWERED,
     "There was never an answer. Requests sent to UDP port {port} so far: {requests}. The "
     "next one is due at {expected_in_seconds}.",
     "Check that an NTP server runs at this address and allows this host, and that no "
     "firewall on the way drops packets to or from UDP port {port}.",
     {{"requests", UNIT_NUMBER}, {"port", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_NO_ANSWER,
     "It does not answer any more. The last answer came {age} ago; requests sent to UDP port "
     "{port} since then: {requests}. The next request is due at {expected_in_seconds}.",
     "The server may be down, or the network between here and there.",
     {{"requests", UNIT_NUMBER}, {"port", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_PORT_UNREACHABLE,
     "The host says that nothing listens on its UDP port {port}: no NTP server runs there. "
     "Requests refused so far: {errors}, the last one {age} ago (ICMP port unreachable). The "
     "next one is due at {expected_in_seconds}.",
     "Start the NTP server there, let it listen on this address, or correct the address or "
     "the port in the configuration.",
     {{"errors", UNIT_NUMBER}, {"port", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_HOST_UNREACHABLE,
     "The host cannot be reached: {text}. Reports of the network (ICMP) so far: {errors}, the "
     "last one {age} ago. The next request is due at {expected_in_seconds}.",
     "Check the address, and that the host is switched on and connected.",
     {{"errors", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "reason"},
    {FINDING_NETWORK_UNREACHABLE,
     "The network of the source cannot be reached: {text}. Reports of a router (ICMP) so far: "
     "{errors}, the last one {age} ago. The next request is due at {expected_in_seconds}.",
     "Check the address, and the routes on the way.",
     {{"errors", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "reason"},
    {FINDING_NETWORK_ERROR,
     "The network refuses the requests: {text}. Reports (ICMP) so far: {errors}, the last one "
     "{age} ago. The next request is due at {expected_in_seconds}.",
     "Look for a firewall on the way that rejects UDP port {port}.",
     {{"errors", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}, {"port", UNIT_NUMBER}},
     "reason"},
    {FINDING_NO_ROUTE,
     "This host has no route to the source: {text}. Requests that could not be sent: "
     "{errors}, the last one {age} ago. The next try is at {expected_in_seconds}.",
     "Is the network of this host up? \"ip route\" and \"ip -6 route\" have to show a default "
     "route, or one to the source.",
     {{"errors", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "reason"},
    {FINDING_SEND_REFUSED,
     "This host does not let the requests out: {text}. Requests to UDP port {port} that could "
     "not be sent: {errors}, the last one {age} ago. The next try is at {expected_in_seconds}.",
     "Look for a rule of the firewall of this host (\"nft list ruleset\", \"iptables -S "
     "OUTPUT\") that rejects UDP port {port}.",
     {{"errors", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}, {"port", UNIT_NUMBER}},
     "reason"},
    {FINDING_NO_FAMILY,
     "This host cannot use addresses of this kind (IPv4 or IPv6): {text}. Requests that could "
     "not be sent: {errors}, the last one {age} ago.",
     "Look for the option -4 or -6 of chronyd, and whether the kernel has IPv6 switched off.",
     {{"errors", UNIT_NUMBER}},
     "reason"},
    {FINDING_SEND_FAILED,
     "The requests could not be sent: {text}. Requests that could not be sent: {errors}, the "
     "last one {age} ago. The next try is at {expected_in_seconds}.",
     NULL,
     {{"errors", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     "reason"},
    {FINDING_ANSWERED,
     "It has answered {answered} of the last {requests request}. The next request is due at "
     "{expected_in_seconds}.",
     NULL,
     {{"answered", UNIT_NUMBER}, {"requests", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_MEASURED,
     "The last measurement, {age} ago, gave an offset of {offset_seconds} (positive: this "
     "clock is ahead) and a delay of {delay_seconds}.",
     NULL,
     {{"offset_seconds", UNIT_SIGNED}, {"delay_seconds", UNIT_TIME}},
     NULL},
    {FINDING_NO_ANSWERS_AT_ALL,
     "No NTP source has answered (sources: {sources}), so the fault is probably here or close by.",
     "Look for a firewall that drops UDP port 123, here or in the router, and check that the "
     "network works.",
     {{"sources", UNIT_NUMBER}},
     NULL},
    {FINDING_OFFLINE_COMMAND,
     "It has been offline since {since_seconds}: the command offline was given.",
     "\"chronyc online\" uses it again.",
     {{"since_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_OFFLINE_CONFIGURED,
     "It has been offline since {since_seconds}: its option offline says so.",
     "\"chronyc online\" uses it; or remove the option.",
     {{"since_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_OFFLINE_NO_ROUTE,
     "It has been offline since {since_seconds}: the network was away. There was no route to it "
     "when the command onoffline asked.",
     "When the network is up again, \"chronyc onoffline\" or \"chronyc online\" uses it again.",
     {{"since_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_OFFLINE_SEND_FAILED,
     "It has been offline since {since_seconds}: a request could not be sent, and its option "
     "auto_offline is set.",
     "When the network is up again, \"chronyc online\" uses it again.",
     {{"since_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_BURST,
     "A burst is under way. It ends after so many more good measurements: {good}, or requests: "
     "{total}. The next request is due at {expected_in_seconds}.",
     NULL,
     {{"good", UNIT_NUMBER}, {"total", UNIT_NUMBER}, {"expected_in_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_NOTHING_USABLE,
     "It answers, but none of its answers could be used so far. Answers: {answers}.",
     NULL,
     {{"answers", UNIT_NUMBER}},
     NULL},
    {FINDING_SERVER_UNSYNCHRONISED,
     "The server answers, but says that its own clock is not synchronised (leap status "
     "{leap}, stratum {stratum}). Its last answer came {age} ago.",
     "Wait if it was just started. Else its sources, or the directive local there, have to be "
     "looked at.",
     {{"leap", UNIT_NUMBER}, {"stratum", UNIT_NUMBER}},
     NULL},
    {FINDING_KISS_RATE,
     "The server asks for fewer requests (kiss-o'-death RATE, {age} ago). The polling "
     "interval is {interval_seconds} now. The next request is due at {expected_in_seconds}.",
     "Set a longer interval with minpoll, remove iburst or burst; other clients may share the "
     "address of this host.",
     {{"interval_seconds", UNIT_DURATION}, {"expected_in_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_KISS_REFUSED,
     "The server refuses to serve this host (kiss-o'-death {text}, {age} ago).",
     "Ask the operator of the server, or use another one.",
     {{NULL, 0}},
     "kiss_code"},
    {FINDING_ROOT_DISTANCE,
     "The server is too far from a reference clock: by its answer {age} ago its own time may "
     "be wrong by {distance_seconds}; the limit is {limit_seconds}.",
     "Its own sources have to be looked at, or it has lost them long ago. Use another server.",
     {{"distance_seconds", UNIT_TIME}, {"limit_seconds", UNIT_TIME}},
     NULL},
    {FINDING_MINSTRATUM,
     "It is at stratum {stratum}, and its option minstratum makes the selection treat it as "
     "stratum {minstratum}.",
     NULL,
     {{"stratum", UNIT_NUMBER}, {"minstratum", UNIT_NUMBER}},
     NULL},
    {FINDING_MALFORMED,
     "Packets come from its address that are no NTP packets. Refused for this reason: {count} of "
     "its last {packets packet}, the last one {age} ago.",
     "Check the port: another service may be there.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_WRONG_MODE,
     "Packets come from its address that are no answers (wrong NTP mode). Refused for this reason: "
     "{count} of its last {packets packet}, the last one {age} ago.",
     "A peer has to be configured with peer on both sides, a server with server.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_NOT_AWAITED,
     "Answers come when none is awaited. Refused for this reason: {count} of its last {packets "
     "packet}, the last one {age} ago.",
     "They may be late, or somebody sends them with a false address.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_REPEATED,
     "Answers come more than once. Refused for this reason: {count} of its last {packets packet}, "
     "the last one {age} ago.",
     NULL,
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_WRONG_ORIGIN,
     "Answers do not belong to the last request. Refused for this reason: {count} of its last "
     "{packets packet}, the last one {age} ago.",
     "They may be late (option maxdelay, acquisitionport), or somebody sends them with a "
     "false address.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_ZERO_TIMESTAMP,
     "Answers have a timestamp of zero. Refused for this reason: {count} of its last {packets "
     "packet}, the last one {age} ago.",
     "The server does not work as it should; use another one.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_WRONG_TIME_RANGE,
     "The answers give a time that is outside the range of this daemon. Refused for this reason: "
     "{count} of its last {packets packet}, the last one {age} ago.",
     "Check the clock of the server.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_LOOP_ADDRESS,
     "The source gets its time from this host, so it cannot be used here. Refused for this reason: "
     "{count} of its last {packets packet}, the last one {age} ago.",
     "Do not let two servers without other sources follow each other.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_LOOP_SELF,
     "The source is this daemon itself. Refused for this reason: {count} of its last {packets "
     "packet}, the last one {age} ago.",
     "Remove it from the configuration.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_TIMESTAMPS_MISSING,
     "In the interleaved mode (option xleave) the timestamps of the exchange before were missing. "
     "Refused for this reason: {count} of its last {packets packet}, the last one {age} ago.",
     NULL,
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_SLOW_SERVER,
     "The server took {value_seconds} to answer; the limit is {limit_seconds}. Refused for this "
     "reason: {count} of its last {packets packet}, the last one {age} ago.",
     "The server is overloaded, or it is the option xleave with a long polling interval.",
     {{"count", UNIT_NUMBER},
      {"packets", UNIT_NUMBER},
      {"value_seconds", UNIT_TIME},
      {"limit_seconds", UNIT_TIME}},
     NULL},
    {FINDING_MAXDELAY,
     "The delay is {value_seconds}, above the option maxdelay, which is {limit_seconds}. Refused "
     "for this reason: {count} of its last {packets packet}, the last one {age} ago.",
     "Set maxdelay of this source higher, or find what makes the network slow.",
     {{"count", UNIT_NUMBER},
      {"packets", UNIT_NUMBER},
      {"value_seconds", UNIT_TIME},
      {"limit_seconds", UNIT_TIME}},
     NULL},
    {FINDING_MAXDELAYRATIO,
     "The delay is {value_seconds}; the option maxdelayratio allows {limit_seconds} after the "
     "smallest delay so far. Refused for this reason: {count} of its last {packets packet}, the "
     "last one {age} ago.",
     "If it stays so, the path has changed or is busy: set maxdelayratio higher, or remove it.",
     {{"count", UNIT_NUMBER},
      {"packets", UNIT_NUMBER},
      {"value_seconds", UNIT_TIME},
      {"limit_seconds", UNIT_TIME}},
     NULL},
    {FINDING_MAXDELAYDEVRATIO,
     "The delay has grown by {value_seconds}; the option maxdelaydevratio allows {limit_seconds} "
     "with the present jitter. Refused for this reason: {count} of its last {packets packet}, the "
     "last one {age} ago.",
     "If it stays so, the path has changed or is busy: set maxdelaydevratio higher.",
     {{"count", UNIT_NUMBER},
      {"packets", UNIT_NUMBER},
      {"value_seconds", UNIT_TIME},
      {"limit_seconds", UNIT_TIME}},
     NULL},
    {FINDING_MAXDELAYQUANT,
     "The delay is {value_seconds}; the option maxdelayquant allows {limit_seconds}, from the "
     "delays so far. Refused for this reason: {count} of its last {packets packet}, the last one "
     "{age} ago.",
     "This is what the option is for; if measurements are missing, set it higher.",
     {{"count", UNIT_NUMBER},
      {"packets", UNIT_NUMBER},
      {"value_seconds", UNIT_TIME},
      {"limit_seconds", UNIT_TIME}},
     NULL},
    {FINDING_PRECISION,
     "The clocks are read too coarsely: together {value_seconds}; the option maxdelay allows "
     "{limit_seconds}. Refused for this reason: {count} of its last {packets packet}, the last one "
     "{age} ago.",
     "Set maxdelay higher, or use another server.",
     {{"count", UNIT_NUMBER},
      {"packets", UNIT_NUMBER},
      {"value_seconds", UNIT_TIME},
      {"limit_seconds", UNIT_TIME}},
     NULL},
    {FINDING_WARMUP,
     "Requests come before each measurement only to open the path (option presend). Refused for "
     "this reason: {count} of its last {packets packet}, the last one {age} ago.",
     NULL,
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_PEER_TIMING,
     "The packets of the peer do not fit together in time. Refused for this reason: {count} of its "
     "last {packets packet}, the last one {age} ago.",
     "Both sides should have the same minpoll and maxpoll.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_SAME_TIMESTAMPS,
     "Answers repeat the timestamps of the measurement before. Refused for this reason: {count} of "
     "its last {packets packet}, the last one {age} ago.",
     NULL,
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_BASIC_MODE,
     "The option xleave is set, but the server answers in the basic mode.",
     "The server may not know the interleaved mode, or serves too many clients for it.",
     {{NULL, 0}},
     NULL},
    {FINDING_NO_HARDWARE_TIMESTAMPS,
     "The directive hwtimestamp is set, but the last measurement has no hardware timestamps "
     "(sent: {sent}, received: {received}; 0 daemon, 1 kernel, 2 hardware).",
     "See whether the network card can timestamp these packets: \"ethtool -T\".",
     {{"sent", UNIT_NUMBER}, {"received", UNIT_NUMBER}},
     NULL},
    {FINDING_KEY_UNKNOWN,
     "Key {key}, which this source needs, is not in the key file {text}, so no request can be "
     "sent.",
     "Add the key to the file, and give the command \"chronyc rekey\".",
     {{"key", UNIT_NUMBER}},
     "file"},
    {FINDING_NO_KEY_FILE,
     "This source needs key {key}, and there is no key file: the directive keyfile is missing.",
     "Add keyfile with the path of a file that has the key.",
     {{"key", UNIT_NUMBER}},
     NULL},
    {FINDING_KEY_FILE_UNREADABLE,
     "The key file cannot be read: {text}. It was tried {age} ago.",
     "The user that chronyd runs as needs the right to read it. Then give the command "
     "\"chronyc rekey\".",
     {{NULL, 0}},
     "reason"},
    {FINDING_KEY_FILE_LINES,
     "Lines of the key file {text} that are not understood: {lines}; the first one is line "
     "{line}.",
     "A line has an ID, a type such as SHA256 or AES128, and the key. The log of chronyd has "
     "each line with its fault.",
     {{"lines", UNIT_NUMBER}, {"line", UNIT_NUMBER}},
     "file"},
    {FINDING_MAC_WRONG,
     "The answers are not authentic: their code was not made with our key {key}. Refused for this "
     "reason: {count} of its last {packets packet}, the last one {age} ago.",
     "The key has to be the same on both sides: ID, type and value. Otherwise somebody forges "
     "answers.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}, {"key", UNIT_NUMBER}},
     NULL},
    {FINDING_OTHER_KEY,
     "The answers use key {answer_key} instead of key {key}. Refused for this reason: {count} of "
     "its last {packets packet}, the last one {age} ago.",
     "Use the same key on both sides.",
     {{"count", UNIT_NUMBER},
      {"packets", UNIT_NUMBER},
      {"key", UNIT_NUMBER},
      {"answer_key", UNIT_NUMBER}},
     NULL},
    {FINDING_CRYPTO_NAK,
     "The server does not accept our key {key} (crypto-NAK). Refused for this reason: {count} of "
     "its last {packets packet}, the last one {age} ago.",
     "The key has to be the same on both sides: ID, type and value, and trusted by the server.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}, {"key", UNIT_NUMBER}},
     NULL},
    {FINDING_ANSWER_NOT_AUTHENTICATED,
     "The answers are not authenticated, as key {key} requires. Refused for this reason: {count} "
     "of its last {packets packet}, the last one {age} ago.",
     "The server has to know the key: ID, type and value as here.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}, {"key", UNIT_NUMBER}},
     NULL},
    {FINDING_UNASKED_AUTHENTICATION,
     "The answers carry an authentication that was not asked for. Refused for this reason: {count} "
     "of its last {packets packet}, the last one {age} ago.",
     "Look for another NTP server at this address.",
     {{"count", UNIT_NUMBER}, {"packets", UNIT_NUMBER}},
     NULL},
    {FINDING_KEY_AT_SERVER,
     "The requests are authenticated with key {key_id}. Many servers that do not have the same "
     "key under this number give no answer.",
     "Compare key {key_id} in the key files of both hosts: number, type and secret have to be "
     "the same. After a change give the command \"chronyc rekey\".",
     {{"key_id", UNIT_NUMBER}},
     NULL},
    {0},
};
