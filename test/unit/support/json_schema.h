/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Validates JSON values against the part of JSON Schema that doc/schema/ uses: type, properties,
 * required, additionalProperties false, items, enum, minimum, maximum. Any other keyword but the
 * annotations is an error, so that nothing in a schema is silently ignored.
 */
#ifndef TEST_UNIT_SUPPORT_JSON_SCHEMA_H
#define TEST_UNIT_SUPPORT_JSON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* False: error tells where the value differs, or what is wrong with the schema. */
bool json_schema_validate(json_t *schema, json_t *value, char *error, size_t size);

#endif
