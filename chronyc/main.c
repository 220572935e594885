/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program chronyc: connects the client to the operating system.
 */
#include "chronyc/client.h"

int main(int argc, char **argv)
{
    struct environment env;
    struct os_environment *os = os_environment_new(&env);
    int status = chronyc_run(argc, argv, &env);

    os_environment_free(os);
    return status;
}
