/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS server's keys: the set of four, their rotation, and the file ntskeys (nts.md 12.1, 12.2,
 * 13). Lives in the main process only; helpers are given a copy of the current key with each
 * connection.
 */
#ifndef NTS_SERVER_KEYS_H
#define NTS_SERVER_KEYS_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/plain.h"
#include "base/world.h"
#include "nts/context.h"
#include "nts/cookie.h"

struct nts_server_keys;

/*
 * Makes random keys, takes those of `ntskeys` in dump_dir instead if there is such a file, saves
 * the new ones if not, and starts the rotation every `rotate` seconds. dump_dir NULL: nothing is
 * loaded or saved (a warning says so). rotate 0: no rotation, nothing is saved. World and loop must
 * outlive it. Fatal without AES-SIV-CMAC-256 (nts.md 4).
 */
struct nts_server_keys *server_keys_new(struct world *world, struct loop *loop,
                                        const char *dump_dir, int rotate);
/* Saves the keys (nts.md 13.2) and wipes them. NULL is allowed. */
void server_keys_free(struct nts_server_keys *keys);

/* Called after each rotation: copies of the key that left the set are to be wiped. */
void server_keys_set_handler(struct nts_server_keys *keys, void (*rotated)(void *arg), void *arg);

/* Whether the keys outlive the daemon, in the file *path; SERVER_KEYS_FAILING: not, since the last
   write has failed. Without rotation they come from a file that is not written. */
enum server_keys_kept { SERVER_KEYS_KEPT, SERVER_KEYS_FAILING, SERVER_KEYS_NOWHERE };
enum server_keys_kept server_keys_kept(const struct nts_server_keys *keys, const char **path);

/* The key that encrypts new cookies now; valid until the next rotation or reload. */
const struct nts_server_key *server_keys_current(const struct nts_server_keys *keys);

/* The struct nts_key_set as a plain value, for the server's snapshot. */
struct plain_value server_keys_value(const struct nts_server_keys *keys);

/* The `dump` command. */
void server_keys_save(struct nts_server_keys *keys);
/* The `rekey` command: loads the file again, only without rotation (nts.md 13.3). False: it could
   not be loaded, and the old keys stay. */
bool server_keys_reload(struct nts_server_keys *keys);

#endif
