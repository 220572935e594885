/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a test is built with a sanitizer whose runtime makes system calls of its own, which a
 * filter does not know.
 */
#ifndef TEST_UNIT_SUPPORT_SANITIZED_H
#define TEST_UNIT_SUPPORT_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
