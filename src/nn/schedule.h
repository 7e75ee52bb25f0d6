/* The list of schedules, the keys they take, and the plateau schedule's step. */
#ifndef GD_NN_SCHEDULE_H
#define GD_NN_SCHEDULE_H

#include <stdbool.h>

#include <gradus/schedule.h>
#include <gradus/train.h>

/* What a key's value may be: a number; a whole number; one of two words (0 or 1); whole numbers that rise, joined by '/'. */
enum { GD_VALUE_NUMBER, GD_VALUE_WHOLE, GD_VALUE_WORD, GD_VALUE_MILESTONES };

/* THE list of keys: number (its place among a part's parameters), NAME, spelling, kind of value, least, greatest, its two words if
 * it has words. Append-only. */
#define GD_SCHEDULE_KEY_MAP(XX) \
    XX(0, PER, "per", WORD, 0, 1, "epoch", "step") \
    XX(1, STEPS, "steps", WHOLE, 1, 1e15, NULL, NULL) \
    XX(2, EPOCHS, "epochs", WHOLE, 1, 1e15, NULL, NULL) \
    XX(3, GAMMA, "gamma", NUMBER, 1e-30, 1e6, NULL, NULL) \
    XX(4, DECAY_RATE, "decay_rate", NUMBER, 1e-30, 1e6, NULL, NULL) \
    XX(5, DECAY_STEPS, "decay_steps", WHOLE, 1, 1e15, NULL, NULL) \
    XX(6, STAIRCASE, "staircase", WORD, 0, 1, "0", "1") \
    XX(7, START_FACTOR, "start_factor", NUMBER, 0, 1e6, NULL, NULL) \
    XX(8, END_FACTOR, "end_factor", NUMBER, 0, 1e6, NULL, NULL) \
    XX(9, TOTAL_ITERS, "total_iters", WHOLE, 1, 1e15, NULL, NULL) \
    XX(10, POWER, "power", NUMBER, 1e-6, 1e6, NULL, NULL) \
    XX(11, END_LEARNING_RATE, "end_learning_rate", NUMBER, 0, 1e6, NULL, NULL) \
    XX(12, CYCLE, "cycle", WORD, 0, 1, "0", "1") \
    XX(13, STEP_SIZE, "step_size", WHOLE, 1, 1e15, NULL, NULL) \
    XX(14, MILESTONES, "milestones", MILESTONES, 0, 1e15, NULL, NULL) \
    XX(15, DECAY, "decay", NUMBER, 0, 1e6, NULL, NULL) \
    XX(16, T_MAX, "T_max", WHOLE, 1, 1e15, NULL, NULL) \
    XX(17, ETA_MIN, "eta_min", NUMBER, 0, 1e6, NULL, NULL) \
    XX(18, ALPHA, "alpha", NUMBER, 0, 1e6, NULL, NULL) \
    XX(19, T_0, "T_0", WHOLE, 1, 1e15, NULL, NULL) \
    XX(20, T_MULT, "T_mult", WHOLE, 1, 1e6, NULL, NULL) \
    XX(21, FIRST_DECAY_STEPS, "first_decay_steps", WHOLE, 1, 1e15, NULL, NULL) \
    XX(22, T_MUL, "t_mul", NUMBER, 1, 1e6, NULL, NULL) \
    XX(23, M_MUL, "m_mul", NUMBER, 0, 1e6, NULL, NULL) \
    XX(24, MAX_LR, "max_lr", NUMBER, 0, 1e6, NULL, NULL) \
    XX(25, TOTAL_STEPS, "total_steps", WHOLE, 1, 1e15, NULL, NULL) \
    XX(26, PCT_START, "pct_start", NUMBER, 0, 1, NULL, NULL) \
    XX(27, ANNEAL, "anneal", WORD, 0, 1, "cos", "linear") \
    XX(28, CYCLE_MOMENTUM, "cycle_momentum", WORD, 0, 1, "0", "1") \
    XX(29, BASE_MOMENTUM, "base_momentum", NUMBER, 0, 0.9999999, NULL, NULL) \
    XX(30, MAX_MOMENTUM, "max_momentum", NUMBER, 0, 0.9999999, NULL, NULL) \
    XX(31, DIV_FACTOR, "div_factor", NUMBER, 1e-6, 1e30, NULL, NULL) \
    XX(32, FINAL_DIV_FACTOR, "final_div_factor", NUMBER, 1e-6, 1e30, NULL, NULL) \
    XX(33, THREE_PHASE, "three_phase", WORD, 0, 1, "0", "1") \
    XX(34, FACTOR, "factor", NUMBER, 1e-12, 0.9999999, NULL, NULL) \
    XX(35, PATIENCE, "patience", WHOLE, 0, 1e15, NULL, NULL) \
    XX(36, THRESHOLD, "threshold", NUMBER, 0, 1e6, NULL, NULL) \
    XX(37, THRESHOLD_MODE, "threshold_mode", WORD, 0, 1, "rel", "abs") \
    XX(38, MIN_DELTA, "min_delta", NUMBER, 0, 1e6, NULL, NULL) \
    XX(39, COOLDOWN, "cooldown", WHOLE, 0, 1e15, NULL, NULL) \
    XX(40, MIN_LR, "min_lr", NUMBER, 0, 1e6, NULL, NULL) \
    XX(41, EPS, "eps", NUMBER, 0, 1e6, NULL, NULL)

#define GD_SCHEDULE_KEY_ENUM(number, NAME, ...) GD_KEY_##NAME = (number),
enum { GD_SCHEDULE_KEY_MAP(GD_SCHEDULE_KEY_ENUM) GD_SCHEDULE_KEYS };
#undef GD_SCHEDULE_KEY_ENUM

typedef struct gd_schedule_key {
    const char *name;
    int kind;
    double least, greatest;
    const char *words[2];
} gd_schedule_key;

extern const gd_schedule_key gd_schedule_keys[GD_SCHEDULE_KEYS];

/* What a formula sees: its parameters, the base, t since its part began, and how many t there are from there to the run's end. */
typedef struct gd_schedule_view {
    const gradus_schedule_part *part;
    double base, t, left;
    double plateau_learning_rate;
    double momentum; /* out, NaN: stays */
} gd_schedule_view;

typedef double gd_schedule_formula(gd_schedule_view *view);

/* A key that a schedule takes; NaN: it must be given. The default of a length is 0: what is left of the run. */
typedef struct gd_schedule_default {
    int32_t key;
    double value;
} gd_schedule_default;

/* One schedule. Its number is its place in the list; a text's name is `name` or `alias`. */
typedef struct gd_schedule_rule {
    const char *name, *alias, *variant, *formula, *source;
    gd_schedule_formula *rate;
    int32_t unit;    /* what t counts */
    bool fixed_unit; /* and `per` cannot change it */
    int32_t length;  /* the key that says where it ends, so that another may follow; GD_NO_KEY: it does not end */
    gd_schedule_default keys[GRADUS_SCHEDULE_KEYS];
} gd_schedule_rule;

enum { GD_PER_EPOCH, GD_PER_STEP, GD_NO_KEY = -1 };

/* NULL past the last one. A rule's keys end at GD_NO_KEY. */
const gd_schedule_rule *gd_schedule_rule_at(size_t index);

const gd_schedule_rule *gd_schedule_rule_of(const gradus_schedule_part *part);

/* Reads the caller's schedule and sees that it is one that a text gives. */
gradus_status gd_schedule_check(gradus_context *context, const gradus_schedule *given, gradus_schedule *schedule);

/* gradus_schedule_at on a schedule that has been checked. */
typedef struct gd_schedule_rate {
    double learning_rate, momentum; /* momentum NaN: stays */
} gd_schedule_rate;

gd_schedule_rate gd_schedule_find_rate(const gradus_schedule *schedule, const gradus_schedule_place *place);

/* The plateau schedule, if the step lies in one; else NULL. */
const gradus_schedule_part *gd_schedule_plateau_at(const gradus_schedule *schedule, const gradus_schedule_place *place);

gd_schedule_formula gd_schedule_constant, gd_schedule_exponential, gd_schedule_exponential_keras, gd_schedule_linear, gd_schedule_linear_keras,
    gd_schedule_polynomial, gd_schedule_polynomial_keras, gd_schedule_step, gd_schedule_multistep, gd_schedule_inverse_time,
    gd_schedule_inverse_time_keras, gd_schedule_cosine, gd_schedule_cosine_keras, gd_schedule_restarts, gd_schedule_restarts_keras,
    gd_schedule_one_cycle, gd_schedule_warmup, gd_schedule_plateau, gd_schedule_plateau_keras;

#endif
