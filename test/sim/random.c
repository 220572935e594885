/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generator is xoshiro256** (Blackman and Vigna, public domain), seeded through splitmix64.
 */
#include "test/sim/random.h"

#include <math.h>
#include <string.h>

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t mix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

void sim_random_seed(struct sim_random *r, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed;

    x = mix(&x) ^ stream;
    for (int i = 0; i < 4; i++)
        r->state[i] = mix(&x);
}

uint64_t sim_random_bits(struct sim_random *r)
{
    uint64_t *s = r->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

void sim_random_bytes(struct sim_random *r, void *out, size_t length)
{
    uint8_t *p = out;

    while (length > 0) {
        uint64_t bits = sim_random_bits(r);
        size_t n = length < sizeof(bits) ? length : sizeof(bits);

        memcpy(p, &bits, n);
        p += n;
        length -= n;
    }
}

double sim_random_unit(struct sim_random *r)
{
    return ((double)(sim_random_bits(r) >> 12) + 0.5) / 4503599627370496.0;
}

/* The polar method; the second number of each pair is not kept. */
double sim_random_normal(struct sim_random *r)
{
    double x, y, s;

    do {
        x = 2.0 * sim_random_unit(r) - 1.0;
        y = 2.0 * sim_random_unit(r) - 1.0;
        s = x * x + y * y;
    } while (s >= 1.0);
    return x * sqrt(-2.0 * log(s) / s);
}

double sim_random_exponential(struct sim_random *r)
{
    return -log(sim_random_unit(r));
}
