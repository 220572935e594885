/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings on NTS: key establishment and the authentication of responses, see finding_text.h.
 */
#include "base/finding.h"
#include "chronyc/finding_text.h"

/* The end of a sentence on a key establishment that has failed. */
#define ATTEMPT                                                                                    \
    " That was attempt {attempts}, {age} ago; the next one is made at {next_attempt_in_seconds} "  \
    "or later."
/* ... that has failed by dates. */
#define NEXT                                                                                       \
    " That was found {age} ago; the next attempt is made at {next_attempt_in_seconds} or later."

/* Values of several rows. */
#define ATTEMPTS     "attempts", UNIT_NUMBER
#define OUTSIDE      "outside_seconds", UNIT_DURATION
#define NEXT_ATTEMPT "next_attempt_in_seconds", UNIT_CLOCK
#define VALID_FROM   "valid_from_unix_days", UNIT_DATE
#define VALID_UNTIL  "valid_until_unix_days", UNIT_DATE
#define ENDS_AT      "valid_until_in_seconds", UNIT_CLOCK

const struct finding_text finding_texts_nts[] = {
    {FINDING_NTS_AUTHENTICATED,
     "Responses are authenticated by NTS ({text}); the last one came {age} ago. {cookies} of 8 "
     "cookies, one of which is spent on each request, are left. The keys are those of "
     "{established_in_seconds}.",
     NULL,
     {{"cookies", UNIT_NUMBER}, {"established_in_seconds", UNIT_CLOCK}},
     "algorithm"},
    {FINDING_NTS_READY,
     "Keys for NTS were established {age} ago. No response has been authenticated with them "
     "yet.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_NTS_NOT_ASKED,
     "Keys for NTS have not been asked for yet. That is done when the next request is due.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_NTS_ESTABLISHING,
     "Keys for NTS are being established with {text} (TCP) since {age}, attempt {attempts}.",
     NULL,
     {{ATTEMPTS}},
     "address"},
    {FINDING_NTS_CERTIFICATE,
     "The certificate of the server is valid until {valid_until_unix_days}.",
     NULL,
     {{VALID_UNTIL}},
     NULL},
    {FINDING_NTS_CERTIFICATE_ENDS,
     "The certificate of the server is valid only until {valid_until_in_seconds}.",
     "Nothing yet: it is the operator of the server who has to renew it in time.",
     {{ENDS_AT}},
     NULL},
    {FINDING_NTS_CERTIFICATE_ENDED,
     "The certificate that the server had when the keys were established was valid until "
     "{valid_until_unix_days}. The keys are still good. Whether the server has a new certificate "
     "is seen when the next keys are established.",
     NULL,
     {{VALID_UNTIL}},
     NULL},
    {FINDING_NTS_EXPIRED_ACCEPTED,
     "The certificate of the server had expired when the keys were established: it was valid until "
     "{valid_until_unix_days}. It was accepted because its dates were not checked "
     "(nocerttimecheck).",
     "The operator of the server has to renew it: when dates are checked again, no keys can be "
     "established. Only if the clock of this machine is wrong (compare: date) set the clock.",
     {{VALID_UNTIL}},
     NULL},
    {FINDING_NTS_DATES_UNCHECKED,
     "When the keys were established, the dates of the server's certificate were not checked "
     "(nocerttimecheck), so one that has expired would have been accepted.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_NTS_MISSING,
     "This program was built without NTS, so nothing can be sent to a source with the option "
     "nts.",
     "Install a build with NTS (chronyd -v shows +NTS).",
     {{NULL, 0}},
     NULL},
    {FINDING_NTS_PEER,
     "Peers cannot be authenticated by NTS, so nothing is sent to this one.",
     "Use the option key with a symmetric key, or make it a server.",
     {{NULL, 0}},
     NULL},
    {FINDING_NTS_CLOCK_CORRECTED,
     "Keys for NTS could not be established {age} ago, since the certificate of the server "
     "({text}) was out of its dates by the clock of this machine. The clock has been corrected "
     "since, and the next attempt is made at {next_attempt_in_seconds} or later.",
     NULL,
     {{OUTSIDE}, {NEXT_ATTEMPT}, {VALID_FROM}, {VALID_UNTIL}},
     "subject"},
    {FINDING_NTS_CONNECTION_REFUSED,
     "{text} refuses the connection (TCP) over which keys for NTS are established: nothing "
     "listens there, or a firewall rejects it." ATTEMPT,
     "Ask the operator whether the server has NTS and at which port (option ntsport of the "
     "source; the default is 4460), and whether firewalls on the way let TCP to this port pass.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_CONNECTION_TIMEOUT,
     "No answer from {text} to the connection (TCP) over which keys for NTS are "
     "established." ATTEMPT,
     "Check that firewalls on the way let TCP to this port pass, that the server is up, and "
     "that the port is right (option ntsport of the source; the default is 4460).",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_UNREACHABLE,
     "There is no way through the network to {text} (TCP), where keys for NTS are "
     "established." ATTEMPT,
     "Check the network of this host: cable, address, default route (ip route get ADDRESS).",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_NOT_CONNECTED,
     "No connection (TCP) for the keys of NTS could be made: {text}." ATTEMPT,
     "Check the firewall of this host, and bindacqaddress and bindacqdevice in the "
     "configuration.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "reason"},
    {FINDING_NTS_HANDSHAKE_TIMEOUT,
     "{text} has accepted the connection (TCP), but the TLS handshake for the keys of NTS was "
     "not completed in 16 seconds." ATTEMPT,
     "The server may be overloaded or no TLS server; or large packets get lost on the way "
     "(path MTU). Compare with: gnutls-cli --alpn=ntske/1 -p PORT NAME.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_HANDSHAKE_CLOSED,
     "{text} has closed the connection during the TLS handshake for the keys of NTS." ATTEMPT,
     "Servers do so when they are overloaded, limit the rate of clients or do not serve this "
     "address; what stands in between, like a proxy or firewall, may do so, too. Ask the "
     "operator of the server.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_ALERT,
     "The server has refused the TLS handshake for the keys of NTS with the alert: {text} "
     "({alert})." ATTEMPT,
     "Its operator has to look at its log. Compare with: gnutls-cli --alpn=ntske/1 -p PORT "
     "NAME.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}, {"alert", UNIT_NUMBER}},
     "alert_text"},
    {FINDING_NTS_NO_TLS13,
     "The server at {text} does not have TLS 1.3, which NTS needs." ATTEMPT,
     "Its operator has to update it; or the port is that of another service (option ntsport of "
     "the source; the default is 4460).",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_NOT_TLS,
     "What answers at {text} is no TLS server, so no keys for NTS can be established." ATTEMPT,
     "Check the port (option ntsport of the source; the default is 4460), and that there is no "
     "proxy or captive portal in the network.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_HANDSHAKE_FAILED,
     "The TLS handshake for the keys of NTS failed: {text}" ATTEMPT,
     "Compare with: gnutls-cli --alpn=ntske/1 -p PORT NAME.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "reason"},
    {FINDING_NTS_NO_SERVICE,
     "{text} is a TLS server, but does not establish keys for NTS (no ALPN ntske/1)." ATTEMPT,
     "It is another service, like a web server. Check the port (option ntsport of the source; "
     "the default is 4460).",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_CERTIFICATE_UNTRUSTED,
     "The certificate of the server was issued by {text}, which is not among the certificates "
     "that are trusted here, nor was it issued by one of them." ATTEMPT,
     "If the server has a public certificate: update the package ca-certificates, and look for "
     "a device that intercepts TLS. If it has an authority of its own: name the file with the "
     "authority's certificate by ntstrustedcerts.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "issuer"},
    {FINDING_NTS_CERTIFICATE_SELF_SIGNED,
     "The certificate of the server ({text}) is signed by itself, and it is not among those "
     "that are trusted here." ATTEMPT,
     "If that is as it should be, copy the certificate from the server to a file, over a way "
     "that can be trusted, and name the file by ntstrustedcerts.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "issuer"},
    {FINDING_NTS_CERTIFICATE_EXPIRED,
     "The certificate of the server ({text}) expired {outside_seconds} ago: it was valid from "
     "{valid_from_unix_days} until {valid_until_unix_days}." NEXT,
     "The operator of the server has to renew it. Only if the clock of this machine is wrong "
     "(compare: date) set the clock.",
     {{OUTSIDE}, {NEXT_ATTEMPT}, {VALID_FROM}, {VALID_UNTIL}},
     "subject"},
    {FINDING_NTS_CERTIFICATE_NOT_YET_VALID,
     "The certificate of the server ({text}) is not valid yet: it is valid from "
     "{valid_from_unix_days} until {valid_until_unix_days}." NEXT,
     "The operator of the server has to look at it. Only if the clock of this machine is wrong "
     "(compare: date) set the clock.",
     {{OUTSIDE}, {NEXT_ATTEMPT}, {VALID_FROM}, {VALID_UNTIL}},
     "subject"},
    {FINDING_NTS_CERTIFICATE_OR_CLOCK,
     "The clock of this machine, which no source has corrected so far, is {outside_seconds} "
     "outside of the dates of the server's certificate ({text}, {valid_from_unix_days} to "
     "{valid_until_unix_days}): either the clock is wrong, or the certificate." NEXT,
     "Compare the date of this machine with another clock. If it is wrong, set it about right, "
     "or let nocerttimecheck 1 in the configuration accept the certificate until the clock has "
     "been corrected once. If it is right, the operator of the server has to renew the "
     "certificate.",
     {{OUTSIDE}, {NEXT_ATTEMPT}, {VALID_FROM}, {VALID_UNTIL}},
     "subject"},
    {FINDING_NTS_CLOCK_WRONG,
     "The clock of this machine is wrong: it is before {built_unix_days}, when this program "
     "was made. So the certificate of the server ({text}), which is valid from "
     "{valid_from_unix_days}, is refused." NEXT,
     "Set the clock about right. If the machine forgets the time when it is switched off, let "
     "nocerttimecheck 1 in the configuration accept the certificate until the clock has been "
     "corrected once, with makestep 1 3.",
     {{OUTSIDE}, {NEXT_ATTEMPT}, {VALID_FROM}, {"built_unix_days", UNIT_DATE}},
     "subject"},
    {FINDING_NTS_CERTIFICATE_OTHER_NAME,
     "The certificate of the server is for {text}, and not for the name or address by which "
     "the source is configured." ATTEMPT,
     "Configure the source by a name that is in the certificate; or the operator has to get a "
     "certificate with this name.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "names"},
    {FINDING_NTS_CERTIFICATE_WEAK,
     "The certificate of the server, or one that it was issued with, is signed by an algorithm "
     "that is not secure any more." ATTEMPT,
     "The operator of the server has to renew it.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     NULL},
    {FINDING_NTS_CERTIFICATE_REFUSED,
     "The certificate of the server is refused: {text}" ATTEMPT,
     "The operator of the server has to look at it.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "reason"},
    {FINDING_NTS_NO_TRUST,
     "There is no trusted certificate by which that of the server could be verified "
     "({text})." ATTEMPT,
     "Install the package ca-certificates, or name a file with the certificate of the server's "
     "authority by ntstrustedcerts.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "reason"},
    {FINDING_NTS_TRUST_UNREADABLE,
     "The trusted certificates for NTS cannot be loaded: {text}." ATTEMPT,
     "Check the file that ntstrustedcerts names, and that the user of the daemon can read it.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "reason"},
    {FINDING_NTS_ERROR_RECORD,
     "The server has answered the request for keys of NTS with an error ({error}): {text}." ATTEMPT,
     "The operator of the server has to look at it. After an internal error it may be over at "
     "the next attempt.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}, {"error", UNIT_NUMBER}},
     "reason"},
    {FINDING_NTS_WARNING_RECORD,
     "{text} has answered the request for keys of NTS with a warning ({warning}), which this "
     "program does not know, so the keys are not used." ATTEMPT,
     "Ask the operator of the server.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}, {"warning", UNIT_NUMBER}},
     "address"},
    {FINDING_NTS_NO_ALGORITHM,
     "The server at {text} and this host have no algorithm of NTS in common." ATTEMPT,
     "Check ntsaeads in the configuration; all servers have AES-SIV-CMAC-256 (15).",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_NO_PROTOCOL,
     "The server at {text} establishes keys, but not for NTP version 4." ATTEMPT,
     "Ask the operator of the server.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_NO_COOKIES,
     "The server at {text} has established keys, but sent no cookies, without which nothing "
     "can be asked for." ATTEMPT,
     "Ask the operator of the server.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_INVALID_RESPONSE,
     "The answer of the server to the request for keys of NTS is invalid: {text}." ATTEMPT,
     "Ask the operator of the server. Check that the port is that of NTS (option ntsport of "
     "the source; the default is 4460).",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "reason"},
    {FINDING_NTS_RESPONSE_TIMEOUT,
     "The TLS connection to {text} was made, but no answer to the request for keys of NTS came "
     "in 16 seconds." ATTEMPT,
     "The server may be overloaded. Ask its operator.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_NO_RESPONSE,
     "The server has not answered the request for keys of NTS: {text}." ATTEMPT,
     "Ask the operator of the server.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "reason"},
    {FINDING_NTS_NAME_UNRESOLVED,
     "Keys for NTS were established, but the NTP server that goes with them, {text}, has no "
     "address that could be found." ATTEMPT,
     "If the name looks right, check the name server of this host (getent ahosts NAME). Else "
     "ask the operator of the server (ntsntpserver).",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "server"},
    {FINDING_NTS_PROCESS_LOST,
     "The key establishment of NTS with {text} was lost with the process of the daemon that ran "
     "it." ATTEMPT,
     "If it happens again, look at the log of the daemon: it says how the process NTS-KE client "
     "has ended.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_ADDRESS_TAKEN,
     "Keys for NTS were established for the NTP server {text}, which is another source "
     "already." ATTEMPT,
     "Remove one of the two sources.",
     {{ATTEMPTS}, {NEXT_ATTEMPT}},
     "address"},
    {FINDING_NTS_NAK,
     "The server does not know the cookies that it is sent (NTS NAK, {age} ago): its keys were "
     "lost "
     "or have changed. New keys are established at {next_attempt_in_seconds} or later.",
     "Nothing, if it happens once. If it happens with each restart of the server, its operator has "
     "to set ntsdumpdir.",
     {{"naks", UNIT_NUMBER}, {NEXT_ATTEMPT}},
     NULL},
    {FINDING_NTS_FOREIGN_KEYS,
     "The server does not know the cookies that it is sent (NTS NAK, {naks} since its last good "
     "answer, the last {age} ago), although they are new: the server that establishes keys and the "
     "one that tells the time do not have the same keys. New keys are established at "
     "{next_attempt_in_seconds} or later.",
     "The operator of the server has to look at it: where they are several, their keys have to be "
     "the same (ntsdumpdir, ntsrotate 0).",
     {{"naks", UNIT_NUMBER}, {NEXT_ATTEMPT}},
     NULL},
    {FINDING_NTS_NO_ANSWER,
     "Keys for NTS were established {age} ago, but {text} (UDP) has not answered {requests "
     "request} with NTS ({octets octet} each).",
     "Some networks drop NTP packets that are longer than 48 octets. See whether the server "
     "answers without NTS: chronyd -Q -t 10 'server NAME iburst'. If it does, ask the "
     "operators of the networks on the way; else check firewalls for UDP to this port.",
     {{"requests", UNIT_NUMBER}, {"octets", UNIT_NUMBER}, {"cookies", UNIT_NUMBER}},
     "address"},
    {FINDING_NTS_WRONG_AUTHENTICATION,
     "Responses whose authentication by NTS is missing or wrong came, and are not used. So far: "
     "{responses}; the last one {age} ago.",
     "Something on the way changes packets, or somebody forges them. If no good ones come "
     "either, the keys of the server are wrong: its operator has to look at it.",
     {{"responses", UNIT_NUMBER}},
     NULL},
    {FINDING_NTS_WRONG_IDENTIFIER,
     "Responses that do not belong to the last request (NTS unique identifier) came, and are not "
     "used. So far: {responses}; the last one {age} ago.",
     "Somebody forges responses, or repeats old ones. If no good ones come either, ask the "
     "operator of the server.",
     {{"responses", UNIT_NUMBER}},
     NULL},
    {FINDING_NTS_WITHOUT_COOKIES,
     "Authentic responses without a new cookie came, and are not used. So far: {responses}; the "
     "last one {age} ago.",
     "Ask the operator of the server.",
     {{"responses", UNIT_NUMBER}},
     NULL},
    {FINDING_NTS_COOKIES_SPENT,
     "All cookies of NTS were spent on requests that had no good answer ({requests}). New keys "
     "are established at {next_attempt_in_seconds} or later.",
     NULL,
     {{"requests", UNIT_NUMBER}, {NEXT_ATTEMPT}},
     NULL},
    {FINDING_NTS_COOKIES_UNSAVED,
     "The cookies of NTS cannot be saved in {text}, so after a restart of the daemon new keys have "
     "to be established.",
     "Check the directory (ntsdumpdir): its owner has to be the user of the daemon; and that the "
     "disk is not full. The daemon's log has the reason.",
     {{NULL, 0}},
     "directory"},
    {FINDING_NTS_SERVER,
     "This host is an NTS server. Its certificate ({text}) is valid until "
     "{valid_until_unix_days}. Key establishments since the start of the daemon: {clients} "
     "complete, {failures} not.",
     NULL,
     {{VALID_UNTIL}, {"clients", UNIT_NUMBER}, {"failures", UNIT_NUMBER}},
     "file"},
    {FINDING_NTS_SERVER_CERTIFICATE_ENDS,
     "The certificate of this NTS server ({text}) is valid only until "
     "{valid_until_in_seconds}. From then on clients will refuse it.",
     "Renew it, and let what renews it call: chronyc rekey.",
     {{ENDS_AT}},
     "file"},
    {FINDING_NTS_SERVER_CERTIFICATE_EXPIRED,
     "The certificate of this NTS server ({text}) has expired: it was valid until "
     "{valid_until_unix_days}. Clients refuse it.",
     "Renew it, then: chronyc rekey. If the file is new already, only that was forgotten.",
     {{VALID_UNTIL}},
     "file"},
    {FINDING_NTS_SERVER_CERTIFICATE_EARLY,
     "The certificate of this NTS server ({text}) is valid only from {valid_from_unix_days} "
     "on, by the clock of this host. Clients refuse it.",
     "Check the clock of this host; else get another certificate, then: chronyc rekey.",
     {{VALID_UNTIL}, {VALID_FROM}},
     "file"},
    {FINDING_NTS_SERVER_OLD_CERTIFICATE,
     "A new certificate or key of this NTS server cannot be used: {text}. What was in use "
     "before is still served.",
     "Mend the file. It is read again when it changes.",
     {{NULL, 0}},
     "problem"},
    {FINDING_NTS_SERVER_NO_CERTIFICATE,
     "No certificate of this NTS server can be used, so that no client can establish keys: "
     "{text}.",
     "Mend the file (ntsservercert, ntsserverkey). It is read again when it changes.",
     {{NULL, 0}},
     "problem"},
    {FINDING_NTS_SERVER_NO_PORT,
     "The TCP port {port}, at which clients of this NTS server establish keys, could not be "
     "opened, for IPv4 or for IPv6 or for both.",
     "See the daemon's log for the reason, and what uses the port: ss -ltnp.",
     {{"port", UNIT_NUMBER}},
     NULL},
    {FINDING_NTS_SERVER_PROCESSES,
     "Only {ready} of {wanted} processes that establish keys with clients of this NTS server "
     "run. The others are started again.",
     "If that does not end in a minute, see the daemon's log.",
     {{"ready", UNIT_NUMBER}, {"wanted", UNIT_NUMBER}},
     NULL},
    {FINDING_NTS_SERVER_KEYS_NOT_KEPT,
     "The keys of this NTS server are not kept over a restart of the daemon; then all clients "
     "have to establish new ones at once.",
     "Name a directory by ntsdumpdir.",
     {{NULL, 0}},
     NULL},
    {FINDING_NTS_SERVER_KEYS_UNSAVED,
     "The keys of this NTS server cannot be saved to {text}. After a restart of the daemon all "
     "clients would have to establish new ones at once.",
     "Check the directory (ntsdumpdir): its owner has to be the user of the daemon; and that "
     "the disk is not full. The daemon's log has the reason.",
     {{NULL, 0}},
     "file"},
    {FINDING_NTS_SERVER_HANDSHAKES,
     "Of {all} key establishments with this NTS server since the start of the daemon, {refused} "
     "were refused by the client, which did not like the certificate; in {unmatched} client and "
     "server had nothing in common; {broken} ended in another way before TLS stood, as some "
     "clients do when they do not like a certificate.",
     "If these are your clients, use explain on one of them. A public server always has some.",
     {{"all", UNIT_NUMBER},
      {"refused", UNIT_NUMBER},
      {"unmatched", UNIT_NUMBER},
      {"broken", UNIT_NUMBER}},
     NULL},
    {0},
};
