/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A validator for a small part of JSON Schema, for the tests of chronyc -j only.
 */
#include "test/unit/support/json_schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct validation {
    char *error;
    size_t size;
    char path[256]; /* of the value */
};

static bool check(struct validation *v, json_t *schema, json_t *value);

static bool differ(struct validation *v, const char *what, const char *detail)
{
    snprintf(v->error, v->size, "%s: %s %s", v->path, what, detail);
    return false;
}

static bool check_below(struct validation *v, json_t *schema, json_t *value, const char *name)
{
    size_t length = strlen(v->path);

    snprintf(v->path + length, sizeof(v->path) - length, "/%s", name);
    bool result = check(v, schema, value);
    v->path[length] = '\0';
    return result;
}

static bool is_integer(const json_t *value)
{
    return json_is_integer(value) ||
           (json_is_real(value) && json_real_value(value) == floor(json_real_value(value)));
}

static bool has_type(const json_t *value, const char *type)
{
    return (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "number") == 0 && json_is_number(value)) ||
           (strcmp(type, "integer") == 0 && is_integer(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "null") == 0 && json_is_null(value));
}

static bool check_type(struct validation *v, json_t *types, json_t *value)
{
    json_t *type;
    size_t i;

    if (json_is_string(types))
        return has_type(value, json_string_value(types)) ||
               differ(v, "is not of type", json_string_value(types));
    json_array_foreach(types, i, type)
    {
        if (has_type(value, json_string_value(type)))
            return true;
    }
    return differ(v, "is of no allowed type", "");
}

static bool check_enum(struct validation *v, json_t *values, json_t *value)
{
    json_t *allowed;
    size_t i;

    json_array_foreach(values, i, allowed)
    {
        if (json_equal(allowed, value))
            return true;
    }
    return differ(v, "is not one of the allowed values:",
                  json_is_string(value) ? json_string_value(value) : "(no text)");
}

static bool check_properties(struct validation *v, json_t *properties, json_t *value)
{
    const char *name;
    json_t *schema;

    json_object_foreach(properties, name, schema)
    {
        json_t *member = json_object_get(value, name);

        if (member && !check_below(v, schema, member, name))
            return false;
    }
    return true;
}

static bool check_required(struct validation *v, json_t *names, json_t *value)
{
    json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        if (!json_object_get(value, json_string_value(name)))
            return differ(v, "lacks", json_string_value(name));
    }
    return true;
}

static bool check_additional(struct validation *v, json_t *schema, json_t *value)
{
    json_t *properties = json_object_get(schema, "properties"), *member;
    const char *name;

    json_object_foreach(value, name, member)
    {
        if (!json_object_get(properties, name))
            return differ(v, "has an unknown member", name);
    }
    return true;
}

static bool check_items(struct validation *v, json_t *schema, json_t *value)
{
    json_t *item;
    size_t i;

    json_array_foreach(value, i, item)
    {
        char name[24];

        snprintf(name, sizeof(name), "%zu", i);
        if (!check_below(v, schema, item, name))
            return false;
    }
    return true;
}

static bool check_keyword(struct validation *v, json_t *schema, const char *keyword,
                          json_t *argument, json_t *value)
{
    double number = json_number_value(value), limit = json_number_value(argument);

    if (strcmp(keyword, "type") == 0)
        return check_type(v, argument, value);
    if (strcmp(keyword, "enum") == 0)
        return check_enum(v, argument, value);
    if (strcmp(keyword, "properties") == 0)
        return !json_is_object(value) || check_properties(v, argument, value);
    if (strcmp(keyword, "required") == 0)
        return !json_is_object(value) || check_required(v, argument, value);
    if (strcmp(keyword, "additionalProperties") == 0 && json_is_false(argument))
        return !json_is_object(value) || check_additional(v, schema, value);
    if (strcmp(keyword, "items") == 0)
        return !json_is_array(value) || check_items(v, argument, value);
    if (strcmp(keyword, "minimum") == 0)
        return !json_is_number(value) || number >= limit || differ(v, "is too small", "");
    if (strcmp(keyword, "maximum") == 0)
        return !json_is_number(value) || number <= limit || differ(v, "is too large", "");
    if (strcmp(keyword, "$schema") == 0 || strcmp(keyword, "title") == 0 ||
        strcmp(keyword, "description") == 0)
        return true;
    return differ(v, "the schema has an unknown keyword", keyword);
}

static bool check(struct validation *v, json_t *schema, json_t *value)
{
    const char *keyword;
    json_t *argument;

    if (!json_is_object(schema))
        return differ(v, "the schema is no object", "");
    json_object_foreach(schema, keyword, argument)
    {
        if (!check_keyword(v, schema, keyword, argument, value))
            return false;
    }
    return true;
}

bool json_schema_validate(json_t *schema, json_t *value, char *error, size_t size)
{
    struct validation v = {.error = error, .size = size};

    return check(&v, schema, value);
}
