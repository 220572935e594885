/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values in the messages between processes: each function either writes the value that it is given,
 * or reads one, checks it, and returns it.
 */
#ifndef PROCESS_CODEC_H
#define PROCESS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/wire.h"
#include "process/ipc.h"

/* Either writes or reads. bad: an invalid value was read. */
struct codec {
    struct writer w;
    struct reader r;
    bool writes;
    bool bad;
};

void codec_check(struct codec *c, bool condition);
uint8_t codec_u8(struct codec *c, unsigned int value);
uint16_t codec_u16(struct codec *c, size_t value);
uint32_t codec_u32(struct codec *c, uint32_t value);
int64_t codec_i64(struct codec *c, int64_t value);
/* Any number, also one that is not finite. */
double codec_double(struct codec *c, double value);
bool codec_bool(struct codec *c, bool value);
void codec_octets(struct codec *c, void *octets, size_t count);
void codec_zeros(struct codec *c, size_t count);
/* A string with its length before it, and without an octet of 0. */
void codec_string(struct codec *c, char *text, size_t size);
/* ... of characters from the first to 0x7e. */
void codec_characters(struct codec *c, char *text, size_t size, char first);
/* A text may go to the log, so it must be printable. */
void codec_text(struct codec *c, char text[IPC_TEXT_SIZE]);
int32_t codec_pid(struct codec *c, int32_t pid);
/* IP_UNSPEC: 0. */
enum ip_family codec_family(struct codec *c, enum ip_family family);
void codec_address(struct codec *c, struct ip_addr *addr);
void codec_secret(struct codec *c, struct secret *key);

#endif
