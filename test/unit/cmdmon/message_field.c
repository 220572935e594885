/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of all messages against the tables of the specification, doc/spec/cmdmon.md: codes,
 * lengths, access, replies, and offset and type of every field; and what holds for any row.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "cmdmon/message.h"

#define SPECIFICATION TEST_DATA_DIR "/../../doc/spec/cmdmon.md"
#define COLUMNS_MAX   8
#define LINE_LENGTH   1024

#define OBSOLETE_CODES 15 /* of requests */

struct line {
    char text[LINE_LENGTH];
    char *column[COLUMNS_MAX]; /* of a table, without the spaces around it */
    int count;                 /* 0: no line of a table */
};

static bool read_line(FILE *f, struct line *l)
{
    l->count = 0;
    if (!fgets(l->text, sizeof(l->text), f))
        return false;
    l->text[strcspn(l->text, "\n")] = '\0';
    if (l->text[0] != '|')
        return true;
    for (char *word = strtok(l->text, "|"); word && l->count < COLUMNS_MAX;
         word = strtok(NULL, "|")) {
        word += strspn(word, " ");
        for (size_t n = strlen(word); n > 0 && word[n - 1] == ' '; n--)
            word[n - 1] = '\0';
        l->column[l->count++] = word;
    }
    return true;
}

static FILE *open_specification(void)
{
    FILE *f = fopen(SPECIFICATION, "r");

    if (!f)
        fail_msg("cannot open %s", SPECIFICATION);
    return f;
}

/* The lines of tables in the chapter whose heading begins with the text. */
static int each_row(const char *chapter, bool (*check)(const struct line *l))
{
    FILE *f = open_specification();
    bool inside = false;
    struct line l;
    int count = 0;

    while (read_line(f, &l)) {
        if (l.count == 0 && strncmp(l.text, "## ", 3) == 0)
            inside = strncmp(l.text, chapter, strlen(chapter)) == 0;
        if (inside && l.count > 0 && check(&l))
            count++;
    }
    fclose(f);
    return count;
}

static bool is_number(const char *text)
{
    return text[0] >= '0' && text[0] <= '9';
}

static bool check_request(const struct line *l)
{
    unsigned int code = (unsigned int)atoi(l->column[0]);
    const struct cmd_command *command = cmd_command_find(code);

    if (!is_number(l->column[0]))
        return false;
    if (strcmp(l->column[2], "-") == 0) {
        assert_null(command);
        return true;
    }
    if (!command)
        fail_msg("request %u: no row", code);
    assert_int_equal(command->access, strcmp(l->column[2], "RO") == 0 ? CMD_RO : CMD_RW);
    assert_int_equal(command->request->length, atoi(l->column[3]));
    assert_int_equal(cmd_request_length(code, CMD_VERSION_NO_PADDING), atoi(l->column[3]));
    if (atoi(l->column[4]) > CMD_REQUEST_MIN) /* else it is 28 for being shorter than a reply */
        assert_int_equal(cmd_request_length(code, CMD_VERSION), atoi(l->column[4]));
    assert_int_equal(command->reply, atoi(l->column[5]));
    return true;
}

static bool check_reply(const struct line *l)
{
    if (!is_number(l->column[0]))
        return false;
    assert_int_equal(cmd_reply_length((unsigned int)atoi(l->column[0])), atoi(l->column[2]));
    return true;
}

static void lengths_and_access_are_those_of_the_specification(void **state)
{
    int replies = 0;

    assert_int_equal(each_row("## 11. Request codes", check_request),
                     cmd_command_count + OBSOLETE_CODES);
    for (unsigned int reply = 0; reply <= UINT16_MAX; reply++)
        replies += cmd_reply_length(reply) > 0;
    assert_int_equal(each_row("## 12. Reply codes", check_reply), replies);
}

/* ---- Fields ---- */

static enum field_wire wire_of(const char *type)
{
    static const struct {
        const char *name;
        enum field_wire wire;
    } types[] = {
        {"u8", WIRE_U8},           {"u16", WIRE_U16},        {"u32", WIRE_U32},
        {"i8", WIRE_I8},           {"i16", WIRE_I16},        {"i32", WIRE_I32},
        {"u64", WIRE_U64},         {"float", WIRE_FLOAT},    {"timestamp", WIRE_TIME},
        {"IP address", WIRE_ADDR}, {"256 bytes", WIRE_NAME}, {"16 bytes", WIRE_ONES},
        {"120 bytes", WIRE_TEXT},
    };

    for (size_t i = 0; i < COUNT(types); i++)
        if (strcmp(types[i].name, type) == 0)
            return types[i].wire;
    fail_msg("unknown type %s", type);
    return WIRE_NONE;
}

/* Number of rows that are at the octet, all of the type. */
static size_t rows_at(const struct cmd_field *fields, size_t count, int at, enum field_wire wire)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if (fields[i].wire == WIRE_NONE || fields[i].at != at)
            continue;
        if (fields[i].wire != wire)
            fail_msg("octet %d: another type than in the specification", at);
        found++;
    }
    return found;
}

/* One row of a table with offsets; the number of our rows that it is about. */
static size_t check_field(const struct cmd_layout *layout, const struct line *l)
{
    int at = atoi(l->column[0]);
    const char *stride = strchr(l->column[0], '+');
    const char *type = l->count > 2 ? l->column[1] : "u64", *text = l->column[l->count - 1];
    enum field_wire wire = strncmp(text, "reserved", 8) == 0 ? WIRE_ONES : wire_of(type);
    size_t found;

    if (stride) {
        assert_non_null(layout->records);
        assert_int_equal(atoi(stride + 1), layout->records->length);
        found = rows_at(layout->records->fields, layout->records->field_count,
                        at - layout->records->at, wire);
    } else {
        found = rows_at(layout->fields, layout->field_count, at, wire);
    }
    if (found == 0 && strcmp(text, "0") != 0 && !strstr(text, "always 0"))
        fail_msg("octet %d (%s): no row", at, text);
    return found;
}

static size_t sent_rows(const struct cmd_field *fields, size_t count)
{
    size_t sent = 0;

    for (size_t i = 0; i < count; i++)
        sent += fields[i].wire != WIRE_NONE;
    return sent;
}

/* The further reserved words follow the first, which is what the specification lists. */
static size_t ones_behind_first(const struct cmd_layout *layout)
{
    size_t ones = 0;

    for (size_t i = 0; i < layout->field_count; i++)
        ones += layout->fields[i].wire == WIRE_ONES;
    return ones > 0 ? ones - 1 : 0;
}

/* A table of fields, whose first line was read: its layout's rows are those of the table. */
static void check_table(FILE *f, unsigned int code, struct line *l)
{
    const struct cmd_command *command = cmd_command_find(code);
    size_t found = 0;

    assert_non_null(command);
    const struct cmd_layout *layout = atoi(l->column[0]) == CMD_REQUEST_HEADER
                                          ? command->request
                                          : cmd_reply_layout(command->reply);
    do
        found += check_field(layout, l);
    while (read_line(f, l) && l->count > 0);
    size_t rows = sent_rows(layout->fields, layout->field_count) - ones_behind_first(layout);
    if (layout->records)
        rows += sent_rows(layout->records->fields, layout->records->field_count);
    if (found != rows)
        fail_msg("command %u: %zu rows instead of %zu", code, rows, found);
}

static void fields_are_where_the_specification_says(void **state)
{
    FILE *f = open_specification();
    unsigned int code = 0;
    int tables = 0;
    struct line l;

    while (read_line(f, &l)) {
        if (l.count == 0 && strncmp(l.text, "### 1", 5) == 0 && strchr(l.text, '('))
            code = (unsigned int)atoi(strchr(l.text, '(') + 1);
        if (code == 0 || l.count < 2 || strcmp(l.column[0], "Offset") != 0)
            continue;
        read_line(f, &l); /* the line of dashes */
        read_line(f, &l);
        check_table(f, code, &l);
        tables++;
    }
    fclose(f);
    /* 18 of chrony's messages, and one for each reply of our own. */
    int own = 0;
    for (size_t i = 0; i < cmd_command_count; i++)
        own += cmd_commands[i].code >= CMD_FIRST_OWN;
    assert_int_equal(tables, 18 + own);
}

/* ---- Any row ---- */

static enum field_member member_of(enum field_wire wire)
{
    switch (wire) {
    case WIRE_FLOAT:
        return MEMBER_REAL;
    case WIRE_TIME:
        return MEMBER_TIME;
    case WIRE_ADDR:
        return MEMBER_ADDR;
    case WIRE_NAME:
    case WIRE_TEXT:
        return MEMBER_TEXT;
    case WIRE_U64:
        return MEMBER_U64;
    default:
        return MEMBER_U32; /* or any other integer */
    }
}

static bool is_integer(enum field_member member)
{
    return member >= MEMBER_BOOL && member <= MEMBER_U32;
}

static void check_rows(const struct cmd_field *fields, size_t count, size_t length)
{
    bool taken[CMD_REQUEST_MAX] = {false};

    for (size_t i = 0; i < count; i++) {
        const struct cmd_field *field = &fields[i];
        size_t size = field_wire_size((enum field_wire)field->wire);
        enum field_member member = member_of((enum field_wire)field->wire);

        assert_true(field->at + size <= length);
        for (size_t octet = field->at; octet < field->at + size; octet++) {
            if (taken[octet] && field->mask == 0)
                fail_msg("octet %zu: two rows", octet);
            taken[octet] = true;
        }
        if (field->wire != WIRE_NONE && field->wire != WIRE_ONES)
            assert_true(is_integer(member) ? is_integer((enum field_member)field->member)
                                           : field->member == member);
        assert_true((field->match & ~field->mask) == 0 && (field->match != 0 || field->bits == 0));
        assert_int_equal(field->key != NULL, field->show != SHOW_NOTHING);
        assert_int_equal(field->words != NULL,
                         field->show == SHOW_WORD || field->show == SHOW_OPTIONS);
    }
}

static void no_row_is_beyond_its_message_or_over_another(void **state)
{
    for (size_t i = 0; i < cmd_command_count; i++) {
        const struct cmd_layout *request = cmd_commands[i].request;

        check_rows(request->fields, request->field_count, request->length);
    }
    for (unsigned int code = 0; code <= UINT16_MAX; code++) {
        const struct cmd_layout *layout = cmd_reply_layout(code);

        if (!layout)
            continue;
        check_rows(layout->fields, layout->field_count, layout->length);
        if (!layout->records)
            continue;
        check_rows(layout->records->fields, layout->records->field_count, layout->records->length);
        assert_int_equal(layout->records->at + layout->records->max * layout->records->length,
                         layout->length);
    }
}

/* A number that a member cannot hold is the largest one; both family flags mean IPv4. */
static void values_beyond_a_member_are_limited(void **state)
{
    uint8_t data[372];
    struct cmd_request request;

    memset(data, 0xff, sizeof(data));
    assert_true(cmd_request_decode(data, sizeof(data), CMD_ADD_SOURCE, &request));
    assert_int_equal(request.u.add.options.port, UINT16_MAX);
    assert_int_equal(request.u.add.options.poll_target, INT32_MAX);
    assert_int_equal(request.u.add.options.minpoll, -1);
    assert_int_equal(request.u.add.options.family, IP_V4);
    assert_int_equal(request.u.add.options.connectivity, SOURCE_ONLINE);
    data[354] = 0x40; /* of the flags 0x2000 and 0x4000 only the latter */
    assert_true(cmd_request_decode(data, sizeof(data), CMD_ADD_SOURCE, &request));
    assert_int_equal(request.u.add.options.family, IP_V6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_and_access_are_those_of_the_specification),
        cmocka_unit_test(fields_are_where_the_specification_says),
        cmocka_unit_test(no_row_is_beyond_its_message_or_over_another),
        cmocka_unit_test(values_beyond_a_member_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
