/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a network at certain times, as plain data. Scenarios have a list of it; the
 * simulator does all of it, the library that runs other programs in virtual time a part
 * (virtual_time.h).
 */
#ifndef TEST_SIM_ACTION_H
#define TEST_SIM_ACTION_H

#define SCENARIO_ACTIONS 32

enum action_kind {
    ACTION_NONE,
    STEP_CLOCK, /* by value, from outside */
    ORDER,      /* enum sim_order is given in `other`, its argument as the value */
    LINKS_DOWN, /* of a node, both directions; with all others or one */
    LINKS_UP,
    SUSPEND, /* the process */
    RESUME,
    STOP_DAEMON,
    START_DAEMON,
    START_RELOAD,     /* with -r */
    POWER_CUT,        /* value: octets that files still take, then the daemon is gone */
    CHANGE_FREQUENCY, /* of the oscillator, by value */
    CHANGE_WANDER,    /* of the oscillator, to value */
    CHANGE_DELAY,     /* of the link from the node to `other`, by value */
    KERNEL_LEAP,      /* the kernel gets a leap second to insert (1) or delete (-1) */
    STOP_DEVICE,      /* the kind is given in `other` */
    START_DEVICE,
    MOVE_DEVICE,  /* by value */
    BREAK_DEVICE, /* value: enum sim_fault */
    FLAP_LINKS,   /* down and up again and again, for value seconds each */
};

/* Commands of chronyc. */
enum sim_order {
    ORDER_DOFFSET, /* s */
    ORDER_DFREQ,   /* ppm */
    ORDER_MAKESTEP,
    ORDER_RESELECT,
    ORDER_RESET_SOURCES,
    ORDER_DELETE_SOURCE, /* number of the node */
    ORDER_ONLINE,        /* all sources */
    ORDER_OFFLINE,
    ORDER_BURST,   /* all sources; number of samples */
    ORDER_SETTIME, /* the true time, or so many seconds later */
};

struct action {
    double time;
    enum action_kind kind;
    int node;
    int other; /* the other end plus 1; 0: all nodes; or the kind of a device or of an order */
    double value;
};

#endif
