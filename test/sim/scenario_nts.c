/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios with NTS: key establishment over simulated streams, then authenticated packets. The key
 * and the certificate (for the name "server", until 2126) serve nothing else.
 */
#include "test/sim/scenario.h"

#include "config.h"

#ifdef FEAT_NTS

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBjDCCATKgAwIBAgIUcWIEoPv9qWnMGk89ouatncYbLegwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGc2VydmVyMCAXDTI2MTEyNDA3MTYwNFoYDzIxMjYxMDMxMDcx\n"
    "NjA0WjARMQ8wDQYDVQQDDAZzZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AAQIpXGc8yndM77EPdspVCJivffsWVapon7LFduosscfrgFS7tSPmJXxLJLo6d5H\n"
    "pPqAwxM20c7C+BTrJjGD4LpSo2YwZDAdBgNVHQ4EFgQUPiOGngl5Ow3Z1CnSHJML\n"
    "BJNJgtswHwYDVR0jBBgwFoAUPiOGngl5Ow3Z1CnSHJMLBJNJgtswDwYDVR0TAQH/\n"
    "BAUwAwEB/zARBgNVHREECjAIggZzZXJ2ZXIwCgYIKoZIzj0EAwIDSAAwRQIgBM4r\n"
    "ScEIywsa9T7yUy4mTSqpscJlOxGdWEsxublGe7oCIQDpjd6vKQ5U1DLwV3zJ4XRA\n"
    "9O4F993QWeTWdWoycN1xNg==\n"
    "-----END CERTIFICATE-----\n";

static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+EbYNHzSD9P9Bcts\n"
                          "K15OsCNKRNdFW6Le6VNhc3zoYM6hRANCAAQIpXGc8yndM77EPdspVCJivffsWVap\n"
                          "on7LFduosscfrgFS7tSPmJXxLJLo6d5HpPqAwxM20c7C+BTrJjGD4LpS\n"
                          "-----END PRIVATE KEY-----\n";

#define NTS_START 1800000000 /* 2027-01-15, within the validity of the certificate */
#define LAN                                                                                        \
    {                                                                                              \
        .delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-4                                     \
    }
#define SERVER                                                                                     \
    {                                                                                              \
        .name = "server", .conf = "local stratum 1\nallow\nntsserverkey /key.pem\n"                \
                                  "ntsservercert /cert.pem\nntsprocesses 0\nntsdumpdir /nts\n"     \
    }
#define CLIENT(start, lines)                                                                       \
    {                                                                                              \
        .name = "client", .conf = "ntstrustedcerts /cert.pem\nnosystemcert\n" lines,               \
        .oscillator = {                                                                            \
            .offset = (start),                                                                     \
            .frequency = 1e-4,                                                                     \
            .wander = 1e-9                                                                         \
        }                                                                                          \
    }
#define FILES                                                                                      \
    {                                                                                              \
        {0, "/key.pem", key}, {0, "/cert.pem", certificate},                                       \
        {                                                                                          \
            1, "/cert.pem", certificate                                                            \
        }                                                                                          \
    }

static const struct scenario scenarios[] = {
    {
        .name = "nts",
        .about = "a client that uses NTS",
        .duration = 20000.0,
        .start = NTS_START,
        .from = 400.0,
        .sync_offset = 1e-3,
        .sync_frequency = 5e-4,
        .link = LAN,
        .nodes = {SERVER, CLIENT(0.1, "server server nts iburst\n")},
        .files = FILES,
        .subject = 1,
        .limits = {.sync_time = 140.0, .max_offset = 1e-3, .change = 1e-4},
        .messages = {{1, "Selected source 192.168.123.1 (server)", 1, 1}},
    },
    {
        .name = "nts-loss",
        .about = "NTS with 30 % loss and a server that is started again with its keys",
        .duration = 20000.0,
        .start = NTS_START,
        .from = 2000.0,
        .sync_offset = 1e-2,
        .sync_frequency = 1.0,
        .link = {.delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-4, .loss = 0.3},
        .nodes = {SERVER, CLIENT(0.1, "server server nts iburst\n")},
        .files = FILES,
        .actions = {{5000.0, STOP_DAEMON, 0, 0, 0.0}, {5600.0, START_DAEMON, 0, 0, 0.0}},
        .subject = 1,
        .limits = {.max_offset = 2e-3, .change = 1e-3},
        .messages = {{1, "Selected source 192.168.123.1 (server)", 1, 0}},
    },
    {
        .name = "nts-keys-lost",
        .about = "the NTS server loses its keys; the client gets new cookies",
        .duration = 20000.0,
        .start = NTS_START,
        .from = 400.0,
        .sync_offset = 1e-2,
        .sync_frequency = 1.0,
        .link = LAN,
        .nodes = {{.name = "server",
                   .conf = "local stratum 1\nallow\nntsserverkey /key.pem\n"
                           "ntsservercert /cert.pem\nntsprocesses 0\n"},
                  CLIENT(0.1, "server server nts iburst maxpoll 6\n")},
        .files = FILES,
        .actions = {{5000.0, STOP_DAEMON, 0, 0, 0.0}, {5100.0, START_DAEMON, 0, 0, 0.0}},
        .subject = 1,
        .limits = {.max_offset = 1e-3, .final_offset = 3e-4, .change = 1e-3},
        .messages = {{1, "Selected source 192.168.123.1 (server)", 1, 0}},
    },
    {
        .name = "nts-not-yet-valid",
        .about = "a certificate that is not valid yet by the client's clock is not accepted",
        .duration = 5000.0,
        .start = NTS_START,
        .from = 400.0,
        .link = LAN,
        .nodes = {SERVER, CLIENT(-1e8, "server server nts iburst\nmakestep 1 3\n")},
        .files = FILES,
        .subject = 1,
        .messages = {{1, "Selected source", 0, -1}, {1, "certificate", 1, 0}},
    },
};

const struct scenario *scenario_nts(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}

#else

const struct scenario *scenario_nts(size_t *count)
{
    *count = 0;
    return NULL;
}

#endif
