/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks that nobody has chosen: a client of one to five servers whose links, oscillator, polling
 * intervals and mishaps are drawn at random, each from the number of the network alone. What is
 * better in all of them has not been fitted to a table. Called by the runner for the names
 * "random-N" and for tables of many of them.
 */
#include "test/sim/scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define STREAM       6000
#define DURATION     30000.0
#define FROM         4000.0
#define MAX_SERVERS  5
#define NAME_SIZE    24
#define TEXT_SIZE    256
#define LOCAL_SERVER "local stratum 1\nallow\n"

struct random_scenario {
    struct scenario scenario; /* first: it is what others see */
    char name[NAME_SIZE];
    char about[TEXT_SIZE];
    char conf[TEXT_SIZE];
};

static double between(struct sim_random *random, double low, double high)
{
    return low + (high - low) * sim_random_unit(random);
}

/* Even on a logarithmic scale. */
static double size_between(struct sim_random *random, double low, double high)
{
    return low * pow(high / low, sim_random_unit(random));
}

static bool happens(struct sim_random *random, double probability)
{
    return sim_random_unit(random) < probability;
}

static void draw_kind(struct sim_random *random, struct sim_link *link)
{
    static const enum sim_jitter kinds[] = {SIM_EXPONENTIAL, SIM_EXPONENTIAL, SIM_PARETO,
                                            SIM_PARETO,      SIM_GAUSS,       SIM_NORMAL};

    link->kind = kinds[sim_random_bits(random) % (sizeof(kinds) / sizeof(kinds[0]))];
    link->shape = between(random, 1.2, 3.0);
}

static struct sim_link draw_link(struct sim_random *random)
{
    struct sim_link link = {.delay = size_between(random, 2e-5, 0.1)};

    link.jitter = fmax(1e-7, link.delay * size_between(random, 0.01, 1.0));
    draw_kind(random, &link);
    if (happens(random, 0.3))
        link.loss = between(random, 0.0, 0.3);
    if (happens(random, 0.2)) {
        double period = size_between(random, 100.0, 10000.0);

        link.burst = (struct sim_window){
            .period = period,
            .length = period * between(random, 0.05, 0.5),
            .random = true,
        };
        link.burst_factor = size_between(random, 3.0, 30.0);
    }
    if (happens(random, 0.2)) {
        link.outlier = size_between(random, 0.01, 0.2);
        link.outlier_delay = link.jitter * size_between(random, 10.0, 300.0);
    }
    return link;
}

static void draw_directions(struct sim_random *random, struct scenario *s, int client)
{
    struct sim_link there = s->link, back = s->link;

    if (happens(random, 0.3))
        back.jitter *= size_between(random, 0.1, 10.0);
    if (happens(random, 0.25)) {
        there.queue = there.jitter * size_between(random, 1.0, 10.0);
        there.queue_time = size_between(random, 30.0, 3000.0);
    }
    s->links[0] = (struct link_change){true, client, ALL_NODES, there};
    s->links[1] = (struct link_change){true, ALL_NODES, client, back};
}

static void draw_oscillator(struct sim_random *random, struct sim_oscillator *o)
{
    *o = (struct sim_oscillator){
        .offset = between(random, -0.1, 0.1),
        .frequency = between(random, -1e-4, 1e-4),
        .wander = size_between(random, 1e-11, 1e-7),
    };
    if (happens(random, 0.2))
        o->noise = size_between(random, 1e-9, 1e-6);
    if (happens(random, 0.3)) {
        o->swing = size_between(random, 1e-8, 1e-6);
        o->swing_period = size_between(random, 1800.0, 86400.0);
        o->swing_straight = happens(random, 0.5);
    }
    if (happens(random, 0.15)) {
        o->warm_up = between(random, -3e-6, 3e-6);
        o->warm_up_time = size_between(random, 300.0, 3000.0);
    }
}

static void draw_actions(struct sim_random *random, struct scenario *s, int client)
{
    int count = 0;

    if (happens(random, 0.2)) {
        double by = s->link.delay * size_between(random, 0.1, 3.0);
        double time = between(random, FROM, DURATION);

        s->actions[count++] = (struct action){time, CHANGE_DELAY, client, 1, by};
        s->actions[count++] = (struct action){time, CHANGE_DELAY, 0, client + 1, by};
    }
    if (happens(random, 0.15))
        s->actions[count++] = (struct action){between(random, FROM, DURATION), CHANGE_FREQUENCY,
                                              client, 0, between(random, -1e-6, 1e-6)};
    if (happens(random, 0.1)) {
        double time = between(random, FROM, DURATION - 6000.0);

        s->actions[count++] = (struct action){time, LINKS_DOWN, client, 0, 0.0};
        s->actions[count++] =
            (struct action){time + size_between(random, 300.0, 6000.0), LINKS_UP, client, 0, 0.0};
    }
}

/* Half of them have the default intervals. */
static void draw_polls(struct sim_random *random, char *text, size_t size)
{
    int low = (int)between(random, 2.0, 9.0), high = low + (int)between(random, 0.0, 4.0);

    text[0] = '\0';
    if (happens(random, 0.5))
        snprintf(text, size, " minpoll %d maxpoll %d", low, high < 10 ? high : 10);
    if (happens(random, 0.3))
        snprintf(text + strlen(text), size - strlen(text), " iburst");
}

static void draw_nodes(struct sim_random *random, struct random_scenario *r)
{
    static const char *const names[MAX_SERVERS] = {"server1", "server2", "server3", "server4",
                                                   "server5"};
    static const char *const kinds[] = {"exponential", "normal", "table", "Gauss", "Pareto"};
    struct scenario *s = &r->scenario;
    int servers = happens(random, 0.7) ? 1 : 3 + (int)between(random, 0.0, 3.0);
    bool differ = happens(random, 0.5);
    char polls[TEXT_SIZE / 4];

    draw_polls(random, polls, sizeof(polls));
    for (int i = 0; i < servers; i++) {
        s->nodes[i] = (struct sim_node_spec){.name = names[i], .conf = LOCAL_SERVER};
        if (i > 0 && differ)
            s->nodes[i].oscillator.offset = 0.2 * s->link.delay * sim_random_normal(random);
        size_t used = strlen(r->conf);
        snprintf(r->conf + used, sizeof(r->conf) - used, "server %s%s\n", names[i], polls);
    }
    s->subject = servers;
    s->nodes[servers] = (struct sim_node_spec){.name = "client", .conf = r->conf};
    draw_oscillator(random, &s->nodes[servers].oscillator);
    draw_directions(random, s, servers);
    draw_actions(random, s, servers);
    snprintf(r->about, sizeof(r->about),
             "%d servers,%s delay %.1e, %s jitter %.1e, wander %.1e, noise %.1e, swing %.1e%s",
             servers, polls[0] != '\0' ? polls : " default polls", s->link.delay,
             kinds[s->link.kind], s->link.jitter, s->nodes[servers].oscillator.wander,
             s->nodes[servers].oscillator.noise, s->nodes[servers].oscillator.swing,
             s->actions[0].kind != ACTION_NONE ? ", changes" : "");
}

struct scenario *scenario_random(int number)
{
    struct random_scenario *r = mem_alloc(sizeof(*r));
    struct scenario *s = &r->scenario;
    struct sim_random random;

    sim_random_seed(&random, (uint64_t)number, STREAM);
    snprintf(r->name, sizeof(r->name), "random-%d", number);
    s->name = r->name;
    s->about = r->about;
    s->tabled = true;
    s->duration = DURATION;
    s->from = FROM;
    s->sync_frequency = 5e-4;
    s->link = draw_link(&random);
    s->sync_offset = 1e-3 + 2.0 * s->link.delay;
    draw_nodes(&random, r);
    return s;
}
