/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of messages: one row says where a field is on the wire, which member of a struct holds it,
 * and how chronyc shows it in JSON and CSV. Decoding, encoding and both outputs walk the rows, so
 * that they cannot disagree. The rows are in message_request.c and message_reply.c, in the order in
 * which the fields are shown; on the wire each has its own offset.
 */
#ifndef CMDMON_MESSAGE_FIELD_H
#define CMDMON_MESSAGE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/instant.h"

/* Types on the wire (cmdmon.md, "Common wire types"). */
enum field_wire {
    WIRE_NONE, /* not sent: follows from other fields, or is known to the program that shows it */
    WIRE_U8,
    WIRE_U16,
    WIRE_U32,
    WIRE_U64,
    WIRE_I8,
    WIRE_I16,
    WIRE_I32,
    WIRE_FLOAT,
    WIRE_TIME,
    WIRE_ADDR,
    WIRE_NAME, /* CMD_NAME_SIZE octets, padded with zeros */
    WIRE_TEXT, /* REPORT_FINDING_TEXT octets, padded with zeros */
    WIRE_ONES, /* 8 reserved octets, all ones: newer clients see that there is no such counter */
};

/* Types of members; FIELD_MEMBER finds out which a member has. */
enum field_member {
    MEMBER_NONE, /* there is none: reserved octets, values that are given */
    MEMBER_BOOL,
    MEMBER_CHAR,
    MEMBER_I8,
    MEMBER_U8,
    MEMBER_U16,
    MEMBER_I32,
    MEMBER_U32,
    MEMBER_U64,
    MEMBER_REAL,
    MEMBER_TIME,
    MEMBER_ADDR,
    MEMBER_TEXT,
};

/* How a value is shown, in JSON and in CSV. */
enum field_show {
    SHOW_NOTHING,
    SHOW_INTEGER,
    SHOW_UNSIGNED,      /* as SHOW_INTEGER; in CSV modulo 2^32 */
    SHOW_OCTAL,         /* in CSV */
    SHOW_COUNTER,       /* 64 bits without sign */
    SHOW_REAL,          /* CSV: with so many decimals */
    SHOW_BOUND,         /* as SHOW_REAL; 0: unknown, in JSON null, in CSV '-' */
    SHOW_AGE,           /* seconds; JSON: null when all bits are ones */
    SHOW_ID,            /* 32 bits of a process or user; all ones: none, as SHOW_SIZE */
    SHOW_LOG2,          /* JSON: null when unknown */
    SHOW_LOG2_SECONDS,  /* the same in seconds, with so many decimals in CSV */
    SHOW_TIME,          /* JSON: two members, KEY_unix_seconds and KEY_nanoseconds */
    SHOW_DATE,          /* the same; CSV: date and time in UTC */
    SHOW_REFID,         /* eight hexadecimal digits */
    SHOW_ADDRESS,       /* JSON: null when it is not one of a host */
    SHOW_ADDRESS_REFID, /* the reference ID that belongs to the address */
    SHOW_WORD,          /* the word of the value; of a bool a bool in JSON */
    SHOW_SIZE,          /* 64 bits; all ones: unknown, in JSON null, in CSV '-' */
    SHOW_CAPABILITIES,  /* bits of capabilities(7), in CSV names with '+' between; all ones: as
                          SHOW_SIZE */
    SHOW_KNOWN,         /* 0 or 1, else unknown; JSON: a bool or null, CSV: no, yes or '-' */
    SHOW_LETTER,
    SHOW_OPTIONS, /* bits; JSON: array of words, CSV: a letter or '-' for each, and one more '-' */
    SHOW_TESTS,   /* bits; JSON: array of those that are zero, CSV: the bits in three groups */
    SHOW_TEXT,
    /* What the program that shows knows. */
    SHOW_GIVEN_NAME,
    SHOW_GIVEN_ADDRESS,
    SHOW_GIVEN_INDEX,
};

/* A value with its words; the row with the word of all other values ends the list. */
struct field_word {
    int value;
    const char *json;  /* NULL: null, or a bool */
    const char *plain; /* in CSV, and for people */
};
#define FIELD_OTHER INT32_MAX

#define JSON_ONLY (-1)

struct cmd_field {
    uint16_t at; /* octets before it in the datagram, as in the tables of cmdmon.md; what no row
                    covers is zero */
    uint8_t wire;
    uint8_t member;
    uint16_t offset; /* of the member */

    /* A key of a number ends with its unit (_seconds, _ppm, _bits, _bytes), unless it is a
       count. */
    const char *key;
    uint8_t show;
    int8_t decimals; /* JSON_ONLY: there is no such field in CSV */
    const struct field_word *words;

    /* A field that is a part of a word: its bits of the member are set when the word, masked, is
       equal to match. match zero: the member is the masked word. */
    uint16_t mask;
    uint16_t match;
    uint16_t bits;
};

/* A member of a type that is not in the list does not compile. */
#define FIELD_MEMBER(type, member)                                                                 \
    _Generic(((type *)0)->member, bool: MEMBER_BOOL, char: MEMBER_CHAR, int8_t: MEMBER_I8,         \
             uint8_t: MEMBER_U8, uint16_t: MEMBER_U16, int32_t: MEMBER_I32, uint32_t: MEMBER_U32,  \
             uint64_t: MEMBER_U64, double: MEMBER_REAL, struct instant: MEMBER_TIME,               \
             struct ip_addr: MEMBER_ADDR, char *: MEMBER_TEXT)

/* A row: FIELD(struct, offset on the wire, type on the wire, member, key, how it is shown, ...). */
#define FIELD(type, octet, wire_type, name, ...)                                                   \
    {                                                                                              \
        .at = octet, .wire = wire_type, .member = FIELD_MEMBER(type, name),                        \
        .offset = offsetof(type, name), __VA_ARGS__                                                \
    }

/* An array of records at the end of a message. */
struct cmd_records {
    const struct cmd_field *fields;
    uint8_t field_count;
    uint8_t max;           /* elements; all are on the wire */
    uint16_t at;           /* the first record, to which the offsets of the fields are relative */
    uint16_t length;       /* of a record on the wire */
    uint16_t offset;       /* of the array */
    uint16_t size;         /* of an element */
    uint16_t count_offset; /* of an uint32_t, the number of elements in use */
    bool limited;          /* a larger number is reduced by decoding */
};

struct cmd_layout {
    uint16_t length; /* of the datagram, header and body without padding */
    uint8_t field_count;
    const struct cmd_field *fields;
    const struct cmd_records *records; /* NULL: none */
};

/* Octets of a type on the wire. */
size_t field_wire_size(enum field_wire wire);

/* Fills in the members from a datagram. The struct comes as zeros. False: it is too short. */
bool layout_decode(const struct cmd_layout *layout, const void *data, size_t length, void *values);
/* Writes the fields to a datagram of layout->length octets, which comes as zeros. */
void layout_encode(const struct cmd_layout *layout, const void *values, void *data);

/* The value of a member that is an integer; a MEMBER_U64 above INT64_MAX wraps. */
int64_t field_integer(const struct cmd_field *field, const void *values);
/* The member itself. */
const void *field_value(const struct cmd_field *field, const void *values);
/* The entry for a value, or that for others. */
const struct field_word *field_word(const struct field_word *words, int64_t value);

/* Conversion between a double and the 32-bit float of the protocol (cmdmon.md, "Floating
   point"). */
uint32_t cmd_float_encode(double x);
double cmd_float_decode(uint32_t word);

#endif
