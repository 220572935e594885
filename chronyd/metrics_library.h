/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libmicrohttpd, loaded by the process that serves metrics and by no other one: the main process,
 * and every daemon without metricsaddress, does not even map it.
 */
#ifndef CHRONYD_METRICS_LIBRARY_H
#define CHRONYD_METRICS_LIBRARY_H

#include <microhttpd.h>
#include <stdbool.h>

/* That of all releases since 0.9.52, and of 1.0. */
#define METRICS_LIBRARY_NAME "libmicrohttpd.so.12"

/* The functions that are used, with the types of the header. */
#define METRICS_LIBRARY_FUNCTIONS(X)                                                               \
    X(MHD_add_response_header, add_response_header)                                                \
    X(MHD_create_response_from_buffer, create_response_from_buffer)                                \
    X(MHD_create_response_from_callback, create_response_from_callback)                            \
    X(MHD_destroy_response, destroy_response)                                                      \
    X(MHD_get_connection_info, get_connection_info)                                                \
    X(MHD_get_daemon_info, get_daemon_info)                                                        \
    X(MHD_get_timeout, get_timeout)                                                                \
    X(MHD_lookup_connection_value, lookup_connection_value)                                        \
    X(MHD_queue_response, queue_response)                                                          \
    X(MHD_run, run)                                                                                \
    X(MHD_start_daemon, start_daemon)                                                              \
    X(MHD_stop_daemon, stop_daemon)

struct metrics_library {
    void *handle;
#define METRICS_LIBRARY_MEMBER(function, name) __typeof__(function) *name;
    METRICS_LIBRARY_FUNCTIONS(METRICS_LIBRARY_MEMBER)
#undef METRICS_LIBRARY_MEMBER
};

/* Loads it, before the system call filter, which allows no file. It stays until the process ends.
   False: it is not there or lacks a function. */
bool metrics_library_load(struct metrics_library *library);

#endif
