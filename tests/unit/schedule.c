/* Learning rate schedules against torch's and Keras's formulas, written anew with libm, mostly as the recurrences those run; chains; the grammar. */
#include <fenv.h>
#include <math.h>
#include <stdio.h>

#include "nets.h"

enum { PER_EPOCH = 5, EPOCHS = 30, TOTAL = PER_EPOCH * EPOCHS };

static const double base = 0.2;

static gradus_schedule parsed(gradus_context *context, const char *text) {
    gradus_schedule schedule;
    gradus_schedule_init(&schedule);
    cr_assert_eq(gradus_schedule_parse(context, text, &schedule), GRADUS_OK, "%s: %s", text, gradus_context_message(context));
    return schedule;
}

static double rate_at(gradus_context *context, const gradus_schedule *schedule, uint64_t step, double *momentum) {
    gradus_schedule_place place;
    double rate;
    gradus_schedule_place_init(&place);
    place.step = step;
    place.steps_per_epoch = PER_EPOCH;
    place.total_steps = TOTAL;
    place.learning_rate = base;
    cr_assert_eq(gradus_schedule_at(context, schedule, &place, &rate, momentum), GRADUS_OK, "%s", gradus_context_message(context));
    return rate;
}

/* The t-th rate, from the one before: what a scheduler of torch does in step(), or Keras's closed form. */
typedef double recurrence(double before, uint64_t t);

static double exponential(double r, uint64_t t) { return t ? r * 0.9 : base; }
static double exponential_keras(double r, uint64_t t) { return (void)r, base * pow(0.8, (double)t / 7); }
static double exponential_staircase(double r, uint64_t t) { return (void)r, base * pow(0.8, floor((double)t / 7)); }
static double linear(double r, uint64_t t) {
    if (t == 0) return base / 3;
    return t > 12 ? r : r * (1 + (0.8 - 1.0 / 3) / (12 * (1.0 / 3) + (double)(t - 1) * (0.8 - 1.0 / 3)));
}
static double linear_rest(double r, uint64_t t) { return (void)r, base * (1 - (double)t / EPOCHS); }
static double polynomial(double r, uint64_t t) {
    if (t == 0) return base;
    return t > 12 ? r : r * pow((1 - (double)t / 12) / (1 - (double)(t - 1) / 12), 2.5);
}
static double polynomial_keras(double r, uint64_t t) { return (void)r, (base - 0.01) * pow(1 - (t < 40 ? (double)t : 40) / 40, 3) + 0.01; }
static double polynomial_cycle(double r, uint64_t t) {
    const double n = t == 0 ? 40 : 40 * ceil((double)t / 40);
    return (void)r, (base - 1e-4) * sqrt(1 - (double)t / n) + 1e-4;
}
static double linear_keras(double r, uint64_t t) { return (void)r, (base - 1e-4) * (1 - (double)t / TOTAL) + 1e-4; }
static double step(double r, uint64_t t) { return t == 0 ? base : t % 7 == 0 ? r * 0.1 : r; }
static double multistep(double r, uint64_t t) { return t == 0 ? base : t == 3 || t == 10 || t == 11 ? r * 0.5 : r; }
static double inverse(double r, uint64_t t) { return (void)r, base / (1 + 0.25 * (double)t); }
static double inverse_keras(double r, uint64_t t) { return (void)r, base / (1 + 0.5 * (double)t / 7); }
static double inverse_staircase(double r, uint64_t t) { return (void)r, base / (1 + 0.5 * (double)(t / 7)); }
/* torch's chainable form. */
static double cosine(double r, uint64_t t) {
    const double n = 11, low = 0.01, pi = acos(-1.0);
    if (t == 0) return base;
    if ((t - 1 - 11) % 22 == 0) return r + (base - low) * (1 - cos(pi / n)) / 2;
    return (1 + cos(pi * (double)t / n)) / (1 + cos(pi * (double)(t - 1) / n)) * (r - low) + low;
}
static double cosine_rest(double r, uint64_t t) { return (void)r, base * (1 + cos(acos(-1.0) * (double)t / TOTAL)) / 2; }
static double cosine_keras(double r, uint64_t t) {
    return (void)r, base * (0.9 * (1 + cos(acos(-1.0) * (t < 100 ? (double)t : 100) / 100)) / 2 + 0.1);
}
static double restarts(double r, uint64_t t) {
    uint64_t n = 4;
    while (t >= n) t -= n, n *= 2;
    return (void)r, 0.01 + (base - 0.01) * (1 + cos(acos(-1.0) * (double)t / (double)n)) / 2;
}
static double restarts_equal(double r, uint64_t t) { return (void)r, base * (1 + cos(acos(-1.0) * (double)(t % 4) / 4)) / 2; }
/* Keras's own formula, by logarithms. */
static double restarts_keras(double r, uint64_t t) {
    const double done = (double)t / 10, i = floor(log(1 - done * (1 - 1.5)) / log(1.5) + 1e-9),
                 x = (done - (1 - pow(1.5, i)) / (1 - 1.5)) / pow(1.5, i);
    return (void)r, base * (0.95 * pow(0.8, i) * (1 + cos(acos(-1.0) * x)) / 2 + 0.05);
}
static double warmup(double r, uint64_t t) { return (void)r, t < 10 ? base * (0.1 + 0.9 * (double)t / 10) : base; }
static double constant(double r, uint64_t t) { return (void)r, (void)t, base; }

static const struct {
    const char *text;
    recurrence *rate;
    bool by_steps;
} cases[] = {
    {"constant", constant, true},
    {"exponential:gamma=0.9", exponential, false},
    {"exponential:gamma=0.9,per=step", exponential, true},
    {"exponential:variant=keras,decay_rate=0.8,decay_steps=7", exponential_keras, true},
    {"exponential:decay_rate=8e-1,decay_steps=7,staircase=1,variant=keras,per=epoch", exponential_staircase, false},
    {"linear:start_factor=0.3333333333333333,end_factor=0.8,total_iters=12", linear, false},
    {"linear", linear_rest, false},
    {"linear:variant=keras", linear_keras, true},
    {"polynomial:total_iters=12,power=2.5,per=step", polynomial, true},
    {"polynomial:variant=keras,decay_steps=40,end_learning_rate=0.01,power=3", polynomial_keras, true},
    {"polynomial:variant=keras,decay_steps=40,power=0.5,cycle=1", polynomial_cycle, true},
    {"step:step_size=7", step, false},
    {"multistep:milestones=3/10/11,gamma=0.5", multistep, false},
    {"inverse_time:decay=0.25", inverse, false},
    {"1/t:decay=0.25,per=step", inverse, true},
    {"1/t:variant=keras,decay_rate=0.5,decay_steps=7", inverse_keras, true},
    {"inverse_time:variant=keras,decay_rate=0.5,decay_steps=7,staircase=1", inverse_staircase, true},
    {"cosine:T_max=11,eta_min=0.01", cosine, false},
    {"cosine:per=step", cosine_rest, true},
    {"cosine:variant=keras,decay_steps=1e+2,alpha=0.1", cosine_keras, true},
    {"cosine_restarts:T_0=4,T_mult=2,eta_min=0.01,per=step", restarts, true},
    {"cosine_restarts:T_0=4", restarts_equal, false},
    {"cosine_restarts:variant=keras,first_decay_steps=10,t_mul=1.5,m_mul=0.8,alpha=0.05", restarts_keras, true},
    {"warmup:steps=10,start_factor=0.1", warmup, true},
    {"warmup:epochs=2,start_factor=0.1", warmup, true},
};

Test(schedule, formulas) {
    gradus_context *context = context_of(1);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const gradus_schedule schedule = parsed(context, cases[c].text);
        double wanted = 0.0, momentum;
        for (uint64_t s = 0; s < TOTAL; s++) {
            const uint64_t t = cases[c].by_steps ? s : s / PER_EPOCH;
            if (cases[c].by_steps || s % PER_EPOCH == 0) wanted = cases[c].rate(wanted, t);
            const double found = rate_at(context, &schedule, s, &momentum);
            cr_assert(fabs(found - wanted) <= 1e-13 + 1e-11 * wanted, "%s, step %zu: %.17g, expected %.17g", cases[c].text, (size_t)s, found, wanted);
            cr_assert(isnan(momentum));
        }
    }
    gradus_context_destroy(context);
}

/* -- one cycle: OneCycleLR's phases as its text has them -- */

static double anneal(double from, double to, double x, bool line) {
    return line ? from + (to - from) * x : to + (from - to) / 2 * (cos(acos(-1.0) * x) + 1);
}

static void one_cycle(uint64_t t, double steps, double up, bool three, bool line, double *rate, double *momentum) {
    const double ends[] = {up * steps - 1, three ? 2 * up * steps - 2 : steps - 1, steps - 1},
                 rates[] = {0.5 / 20, 0.5, three ? 0.5 / 20 : 0.5 / 20 / 1e3, 0.5 / 20 / 1e3};
    const double momenta[] = {0.9, 0.8, 0.9, 0.9};
    double start = 0;
    for (int i = 0;; i++) {
        if ((double)t <= ends[i] || i == (three ? 2 : 1)) {
            const double x = ((double)t - start) / (ends[i] - start);
            *rate = anneal(rates[i], rates[i + 1], x, line);
            *momentum = anneal(momenta[i], momenta[i + 1], x, line);
            return;
        }
        start = ends[i];
    }
}

Test(schedule, one_cycle) {
    gradus_context *context = context_of(1);
    static const double parts[] = {0.3, 0.25, 1.0, 0.0};
    for (int c = 0; c < 16; c++) {
        char text[200];
        const bool three = c & 1, line = c & 2;
        const double part = parts[c / 4];
        if (three && part > 0.5) continue;
        snprintf(text, sizeof text,
                 "onecycle:max_lr=0.5,pct_start=%g,div_factor=20,final_div_factor=1e3,base_momentum=0.8,max_momentum=0.9,three_phase=%d%s", part,
                 three, line ? ",anneal=linear" : "");
        const gradus_schedule schedule = parsed(context, text);
        for (uint64_t s = 0; s < TOTAL; s++) {
            double rate, wanted, momentum, wanted_momentum;
            one_cycle(s, TOTAL, part, three, line, &wanted, &wanted_momentum);
            rate = rate_at(context, &schedule, s, &momentum);
            cr_assert(fabs(rate - wanted) <= 1e-15 + 1e-12 * wanted, "%s, step %zu: %.17g, expected %.17g", text, (size_t)s, rate, wanted);
            cr_assert(fabs(momentum - wanted_momentum) <= 1e-12, "%s, step %zu: %.17g, expected %.17g", text, (size_t)s, momentum, wanted_momentum);
        }
    }
    double momentum;
    gradus_schedule schedule = parsed(context, "one_cycle:total_steps=50,cycle_momentum=0");
    cr_assert_float_eq(rate_at(context, &schedule, 0, &momentum), base / 25, 1e-15);
    cr_assert_float_eq(rate_at(context, &schedule, 14, &momentum), base, 1e-15);
    cr_assert_float_eq(rate_at(context, &schedule, 49, &momentum), base / 25e4, 1e-15);
    cr_assert_float_eq(rate_at(context, &schedule, 149, &momentum), base / 25e4, 1e-15);
    cr_assert(isnan(momentum));
    gradus_context_destroy(context);
}

/* -- chains: what follows counts from where the one before ends -- */

Test(schedule, chains) {
    gradus_context *context = context_of(1);
    const double pi = acos(-1.0);
    double m;
    gradus_schedule s = parsed(context, "warmup:steps=10+cosine:per=step");
    for (uint64_t t = 0; t < TOTAL; t++)
        cr_assert_float_eq(rate_at(context, &s, t, &m), t < 10 ? base * (double)t / 10 : base * (1 + cos(pi * (double)(t - 10) / (TOTAL - 10))) / 2,
                           1e-15);
    /* From inside an epoch: t counts epochs that begin after that. */
    s = parsed(context, "warmup:steps=12+step:step_size=1,gamma=0.5");
    cr_assert_eq(rate_at(context, &s, 14, &m), base);
    cr_assert_eq(rate_at(context, &s, 15, &m), base / 2);
    cr_assert_eq(rate_at(context, &s, 24, &m), base / 4);
    s = parsed(context, "warmup:epochs=2+constant:epochs=3+linear:total_iters=4,end_factor=0.5+exponential:gamma=0.5,per=step");
    cr_assert_eq(rate_at(context, &s, 9, &m), base * 0.9);
    cr_assert_eq(rate_at(context, &s, 24, &m), base);
    cr_assert_eq(rate_at(context, &s, 25, &m), base);
    cr_assert_float_eq(rate_at(context, &s, 35, &m), base * 0.75, 1e-15);
    cr_assert_float_eq(rate_at(context, &s, 44, &m), base * 0.625, 1e-15);
    cr_assert_eq(rate_at(context, &s, 45, &m), base);
    cr_assert_eq(rate_at(context, &s, 47, &m), base / 4);
    /* Past the end of the run. */
    s = parsed(context, "warmup:steps=200+cosine");
    cr_assert_eq(rate_at(context, &s, 100, &m), base / 2);
    cr_assert_eq(rate_at(context, &s, 200, &m), base);
    s = parsed(context, "cosine:variant=keras");
    cr_assert_float_eq(rate_at(context, &s, 400, &m), 0.0, 1e-17);
    gradus_context_destroy(context);
}

/* The host's rounding does not matter; a million steps do not either. */
Test(schedule, environment) {
    gradus_context *context = context_of(1);
    double m;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const gradus_schedule schedule = parsed(context, cases[c].text);
        const double wanted = rate_at(context, &schedule, 77, &m);
        fesetround(FE_UPWARD);
        const double found = rate_at(context, &schedule, 77, &m);
        fesetround(FE_TONEAREST);
        cr_assert_eq(found, wanted, "%s", cases[c].text);
        cr_assert(isfinite(rate_at(context, &schedule, UINT64_MAX / 2, &m)), "%s", cases[c].text);
    }
    gradus_context_destroy(context);
}

/* -- the grammar -- */

static const struct {
    const char *text, *says;
} wrong[] = {
    {"", "there are: constant, exponential"},
    {"cosin", "no schedule is called 'cosin'; there are: constant, exponential, linear"},
    {"cosine:T_maks=3", "has no 'T_maks'; it takes: T_max, eta_min, per, variant"},
    {"one_cycle:per=step", "has no 'per'"},
    {"cosine:T_max=0", "whole number from 1"},
    {"cosine:T_max=2.5", "whole number"},
    {"cosine:T_max", "T_max is ''"},
    {"cosine:T_max=", "T_max is ''"},
    {"cosine:T_max=ten", "'ten'"},
    {"cosine:T_max=3,T_max=3", "twice"},
    {"cosine:variant=optax", "no variant 'optax'; there are: torch, keras"},
    {"cosine:variant=keras,variant=keras", "variant is given twice"},
    {"cosine:variant=keras,T_max=3", "it takes: decay_steps, alpha"},
    {"cosine:per=batch", "expected epoch or step"},
    {"cosine:", "has no ''"},
    {"exponential", "needs gamma"},
    {"exponential:gamma=0", "from 1e-30"},
    {"exponential:variant=keras,decay_rate=0.9", "needs decay_steps"},
    {"multistep", "needs milestones"},
    {"multistep:milestones=3/2", "that rise"},
    {"multistep:milestones=3/3", "that rise"},
    {"multistep:milestones=3//4", "that rise"},
    {"multistep:milestones=3/", "that rise"},
    {"multistep:milestones=1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "1 to 16"},
    {"warmup", "needs steps or epochs"},
    {"warmup:steps=3,epochs=3", "give one"},
    {"cosine+constant", "needs T_max"},
    {"constant+cosine", "needs steps"},
    {"exponential:gamma=0.9+cosine", "put it last"},
    {"plateau+cosine", "put it last"},
    {"warmup:steps=3+", "no schedule is called ''"},
    {"warmup:steps=3+warmup:steps=3+warmup:steps=3+warmup:steps=3+cosine", "more than 4"},
    {"plateau:factor=1", "from 1e-12"},
    {"plateau:threshold_mode=1", "expected rel or abs"},
};

Test(schedule, what_is_wrong_with_a_text) {
    gradus_context *context = context_of(1);
    gradus_schedule schedule = parsed(context, "step:step_size=3"), before = schedule;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert_eq(gradus_schedule_parse(context, wrong[i].text, &schedule), GRADUS_INVALID_ARGUMENT, "%s", wrong[i].text);
        cr_assert(says(context, wrong[i].says), "%s: %s", wrong[i].text, gradus_context_message(context));
        cr_assert(memcmp(&schedule, &before, sizeof before) == 0);
    }
    char long_text[600];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    cr_assert_eq(gradus_schedule_parse(context, long_text, &schedule), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_schedule_parse(context, NULL, &schedule), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_schedule_parse(context, "cosine", NULL), GRADUS_INVALID_ARGUMENT);
    schedule.struct_size = 0;
    cr_assert_eq(gradus_schedule_parse(context, "cosine", &schedule), GRADUS_INVALID_ARGUMENT);
    gradus_context_destroy(context);
}

Test(schedule, what_no_text_gives) {
    gradus_context *context = context_of(1);
    const gradus_schedule good = parsed(context, "warmup:steps=3+cosine:T_max=9");
    gradus_schedule_place place;
    double rate, momentum;
    gradus_schedule_place_init(&place);
    cr_assert_eq(gradus_schedule_at(context, &good, &place, &rate, &momentum), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "steps_per_epoch is 0"));
    place.steps_per_epoch = place.total_steps = 1;
    cr_assert_eq(gradus_schedule_at(context, &good, &place, &rate, &momentum), GRADUS_OK);
    cr_assert_eq(gradus_schedule_at(context, &good, NULL, &rate, &momentum), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_schedule_at(context, NULL, &place, &rate, &momentum), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_schedule_at(context, &good, &place, NULL, &momentum), GRADUS_INVALID_ARGUMENT);
    for (int i = 0; i < 8; i++) {
        gradus_schedule bad = good;
        if (i == 0) bad.parts = 5;
        if (i == 1) bad.part[1].rule = 1000;
        if (i == 2) bad.part[1].rule = -1;
        if (i == 3) bad.part[1].parameters[16] = NAN; /* T_max */
        if (i == 4) bad.part[1].parameters[16] = INFINITY;
        if (i == 5) bad.part[1].milestones = 17;
        if (i == 6) bad.reserved = 1;
        if (i == 7) bad.part[0].rule = 1; /* exponential: it does not end */
        cr_assert_eq(gradus_schedule_at(context, &bad, &place, &rate, &momentum), GRADUS_INVALID_ARGUMENT, "%d", i);
    }
    gradus_context_destroy(context);
}

/* Every name, variant and key of the list can be written, and means what it says. */
Test(schedule, the_list) {
    gradus_context *context = context_of(1);
    gradus_schedule_info info = {.struct_size = sizeof info};
    size_t count = 0;
    for (; gradus_schedule_list(count, &info); count++) {
        char text[512];
        int n = snprintf(text, sizeof text, "%s:variant=%s", info.name, info.variant);
        for (size_t k = 0; info.keys[k]; k++) {
            if (strcmp(info.keys[k], "epochs") == 0) continue;
            n += snprintf(text + n, sizeof text - (size_t)n, ",%s=", info.keys[k]);
            if (info.default_text[k])
                n += snprintf(text + n, sizeof text - (size_t)n, "%s", info.default_text[k]);
            else
                n += snprintf(text + n, sizeof text - (size_t)n, "%g", isnan(info.defaults[k]) || info.defaults[k] == 0.0 ? 1.0 : info.defaults[k]);
        }
        (void)parsed(context, text);
        cr_assert(info.formula[0] && info.source[0] && (strcmp(info.unit, "steps") == 0 || strcmp(info.unit, "epochs") == 0));
    }
    cr_assert_eq(count, 19);
    info.struct_size = 0;
    cr_assert_eq(gradus_schedule_list(0, &info), 0);
    cr_assert_eq(gradus_schedule_list(0, NULL), 0);
    gradus_context_destroy(context);
}
