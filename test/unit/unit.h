/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Includes that every cmocka program needs, in the order that cmocka asks for.
 */
#ifndef TEST_UNIT_UNIT_H
#define TEST_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
