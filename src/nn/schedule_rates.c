/* The schedules' formulas, in fp64 without libm. docs/numerics.md, section 11. */
#include <math.h>

#include "base/detmath.h"
#include "nn/schedule.h"

static const double pi = 0x1.921fb54442d18p+1; /* tools/derive_detmath.py */

static double at(const gd_schedule_view *v, int32_t key) { return v->part->parameters[key]; }

/* A length: as it was given, or what is left of the run. */
static double length(const gd_schedule_view *v, int32_t key) { return at(v, key) > 0.0 ? at(v, key) : v->left; }

static double least(double a, double b) { return a < b ? a : b; }

/* x >= 0 under 2^63, toward 0. */
static double whole(double x) { return (double)(uint64_t)x; }

/* What is left of t >= 0 after as many whole periods as it has; both are whole numbers. */
static double after_periods(double t, double period) { return (double)((uint64_t)t % (uint64_t)period); }

/* base^x, base and x >= 0; exact squares where x is whole. */
static double power(double base, double x) {
    if (x == whole(x)) return gd_power(base, (uint64_t)x);
    return base == 0.0 ? 0.0 : gd_exp(x * gd_log(base));
}

/* From 1 at x = 0 down to 0 at x = 1. */
static double half_cosine(double x) { return (1.0 + gd_cos(pi * x)) / 2.0; }

double gd_schedule_constant(gd_schedule_view *v) { return v->base; }

double gd_schedule_exponential(gd_schedule_view *v) { return v->base * power(at(v, GD_KEY_GAMMA), v->t); }

/* t in units of decay_steps. */
static double decays(const gd_schedule_view *v) {
    const double x = v->t / at(v, GD_KEY_DECAY_STEPS);
    return at(v, GD_KEY_STAIRCASE) != 0.0 ? whole(x) : x;
}

double gd_schedule_exponential_keras(gd_schedule_view *v) { return v->base * power(at(v, GD_KEY_DECAY_RATE), decays(v)); }

double gd_schedule_linear(gd_schedule_view *v) {
    const double n = length(v, GD_KEY_TOTAL_ITERS), start = at(v, GD_KEY_START_FACTOR), end = at(v, GD_KEY_END_FACTOR);
    return v->base * (start + (end - start) * least(v->t, n) / n);
}

double gd_schedule_polynomial(gd_schedule_view *v) {
    const double n = length(v, GD_KEY_TOTAL_ITERS);
    return v->base * power(1.0 - least(v->t, n) / n, at(v, GD_KEY_POWER));
}

static double polynomial_keras(const gd_schedule_view *v, double exponent, bool cycle) {
    const double end = at(v, GD_KEY_END_LEARNING_RATE);
    double n = length(v, GD_KEY_DECAY_STEPS), t = v->t;
    if (cycle && t > n) {
        const double times = whole(t / n);
        n *= times < t / n ? times + 1.0 : times;
    }
    t = least(t, n);
    return (v->base - end) * power(1.0 - t / n, exponent) + end;
}

double gd_schedule_polynomial_keras(gd_schedule_view *v) { return polynomial_keras(v, at(v, GD_KEY_POWER), at(v, GD_KEY_CYCLE) != 0.0); }

double gd_schedule_linear_keras(gd_schedule_view *v) { return polynomial_keras(v, 1.0, false); }

double gd_schedule_step(gd_schedule_view *v) { return v->base * gd_power(at(v, GD_KEY_GAMMA), (uint64_t)(v->t / at(v, GD_KEY_STEP_SIZE))); }

double gd_schedule_multistep(gd_schedule_view *v) {
    uint64_t reached = 0;
    while (reached < v->part->milestones && v->t >= v->part->milestone[reached]) reached++;
    return v->base * gd_power(at(v, GD_KEY_GAMMA), reached);
}

double gd_schedule_inverse_time(gd_schedule_view *v) { return v->base / (1.0 + at(v, GD_KEY_DECAY) * v->t); }

double gd_schedule_inverse_time_keras(gd_schedule_view *v) { return v->base / (1.0 + at(v, GD_KEY_DECAY_RATE) * decays(v)); }

static double cosine(const gd_schedule_view *v, double t, double n) {
    const double end = at(v, GD_KEY_ETA_MIN);
    return end + (v->base - end) * half_cosine(t / n);
}

double gd_schedule_cosine(gd_schedule_view *v) {
    const double n = length(v, GD_KEY_T_MAX);
    return cosine(v, after_periods(v->t, 2.0 * n), n);
}

static double cosine_keras(const gd_schedule_view *v, double height, double x) {
    const double end = at(v, GD_KEY_ALPHA);
    return v->base * ((1.0 - end) * height * half_cosine(x) + end);
}

double gd_schedule_cosine_keras(gd_schedule_view *v) {
    const double n = length(v, GD_KEY_DECAY_STEPS);
    return cosine_keras(v, 1.0, least(v->t, n) / n);
}

/* Which period t lies in, when each is `growth` times as long as the one before; *t and *period become its own. */
static uint64_t find_period(double *t, double *period, double growth) {
    uint64_t index = 0;
    if (growth == 1.0) {
        index = (uint64_t)(*t / *period);
        *t = after_periods(*t, *period);
    }
    for (; *t >= *period; index++) {
        *t -= *period;
        *period *= growth;
    }
    return index;
}

double gd_schedule_restarts(gd_schedule_view *v) {
    double t = v->t, period = at(v, GD_KEY_T_0);
    find_period(&t, &period, at(v, GD_KEY_T_MULT));
    return cosine(v, t, period);
}

double gd_schedule_restarts_keras(gd_schedule_view *v) {
    double t = v->t, period = at(v, GD_KEY_FIRST_DECAY_STEPS);
    const uint64_t index = find_period(&t, &period, at(v, GD_KEY_T_MUL));
    return cosine_keras(v, gd_power(at(v, GD_KEY_M_MUL), index), t / period);
}

/* One phase of the cycle: it ends at step `end`, the learning rate at `rate`, the momentum at its least or its greatest. */
typedef struct cycle_phase {
    double end, rate;
    bool low_momentum;
} cycle_phase;

static double anneal(const gd_schedule_view *v, double from, double to, double x) {
    if (at(v, GD_KEY_ANNEAL) != 0.0) return (to - from) * x + from;
    return to + (from - to) * half_cosine(x);
}

double gd_schedule_one_cycle(gd_schedule_view *v) {
    const double steps = length(v, GD_KEY_TOTAL_STEPS), peak = at(v, GD_KEY_MAX_LR) > 0.0 ? at(v, GD_KEY_MAX_LR) : v->base;
    const double initial = peak / at(v, GD_KEY_DIV_FACTOR), last = initial / at(v, GD_KEY_FINAL_DIV_FACTOR), part = at(v, GD_KEY_PCT_START);
    const bool three = at(v, GD_KEY_THREE_PHASE) != 0.0;
    const cycle_phase up = {part * steps - 1.0, peak, true}, down = {2.0 * part * steps - 2.0, initial, false}, end = {steps - 1.0, last, false};
    const cycle_phase phases[] = {up, three ? down : end, end};
    const double t = least(v->t, steps - 1.0);
    cycle_phase from = {0.0, initial, false};
    size_t i = 0;
    for (; i < 2 && t > phases[i].end; i++) from = phases[i];
    const double x = phases[i].end > from.end ? (t - from.end) / (phases[i].end - from.end) : 1.0;
    const double low = at(v, GD_KEY_BASE_MOMENTUM), high = at(v, GD_KEY_MAX_MOMENTUM);
    if (at(v, GD_KEY_CYCLE_MOMENTUM) != 0.0) v->momentum = anneal(v, from.low_momentum ? low : high, phases[i].low_momentum ? low : high, x);
    return anneal(v, from.rate, phases[i].rate, x);
}

double gd_schedule_warmup(gd_schedule_view *v) {
    const double n = at(v, GD_KEY_STEPS), start = at(v, GD_KEY_START_FACTOR);
    return v->base * (start + (1.0 - start) * least(v->t, n) / n);
}

double gd_schedule_plateau(gd_schedule_view *v) { return v->plateau_learning_rate > 0.0 ? v->plateau_learning_rate : v->base; }

double gd_schedule_plateau_keras(gd_schedule_view *v) { return gd_schedule_plateau(v); }
