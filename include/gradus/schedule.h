/* Learning rate schedules: what the learning rate of a step is. Formulas: docs/numerics.md, section 11. */
#ifndef GRADUS_SCHEDULE_H
#define GRADUS_SCHEDULE_H

#include <gradus/context.h>

GRADUS_BEGIN_DECLS

enum { GRADUS_SCHEDULE_PARTS = 4, GRADUS_SCHEDULE_PARAMETERS = 64, GRADUS_SCHEDULE_MILESTONES = 16, GRADUS_SCHEDULE_KEYS = 16 };

/* One of the schedules that make up a whole. Filled by gradus_schedule_parse; what the numbers mean is the library's. */
typedef struct gradus_schedule_part {
    int32_t rule;
    uint32_t milestones;
    double parameters[GRADUS_SCHEDULE_PARAMETERS];
    double milestone[GRADUS_SCHEDULE_MILESTONES];
} gradus_schedule_part;

/* A schedule: plain memory, to be copied at will. */
typedef struct gradus_schedule {
    size_t struct_size;
    uint32_t parts;
    uint32_t reserved; /* 0 */
    gradus_schedule_part part[GRADUS_SCHEDULE_PARTS];
} gradus_schedule;

/* A constant learning rate. */
GRADUS_API void gradus_schedule_init_sized(gradus_schedule *schedule, size_t struct_size);
static inline void gradus_schedule_init(gradus_schedule *schedule) { gradus_schedule_init_sized(schedule, sizeof *schedule); }

/* Reads NAME[:key=value,...], or several of them joined by '+', each of which begins where the one before ends:
 *   "cosine"  "step:step_size=30,gamma=0.1"  "exponential:variant=keras,decay_rate=0.96,decay_steps=1000"  "warmup:steps=100+cosine:per=step"
 * The names, their variants, keys and defaults are gradus_schedule_list's. Numbers are decimal, whatever the locale; several numbers of one key are
 * joined by '/' (milestones=30/60/90). *schedule must have been initialised.
 * Errors: INVALID_ARGUMENT; the message says what is allowed. *schedule is unchanged then. */
GRADUS_API gradus_status gradus_schedule_parse(gradus_context *context, const char *text, gradus_schedule *schedule);

/* Where in a run the learning rate is asked for. */
typedef struct gradus_schedule_place {
    size_t struct_size;
    uint64_t step;                /* steps of the run before this one */
    uint64_t steps_per_epoch;     /* at least 1 */
    uint64_t total_steps;         /* of the whole run; at least 1 */
    double learning_rate;         /* the base: what the optimizer was made with */
    double plateau_learning_rate; /* what a plateau schedule has come down to (gradus_train_state); 0: the base */
} gradus_schedule_place;

GRADUS_API void gradus_schedule_place_init_sized(gradus_schedule_place *place, size_t struct_size);
static inline void gradus_schedule_place_init(gradus_schedule_place *place) { gradus_schedule_place_init_sized(place, sizeof *place); }

/* The learning rate of that step, and the momentum (Adam's beta1), NaN where the schedule leaves it as it is. A pure function, in fp64 without libm:
 * the same bits on every machine. Errors: INVALID_ARGUMENT (a schedule that no text gives, steps_per_epoch or total_steps 0). */
GRADUS_API gradus_status gradus_schedule_at(gradus_context *context, const gradus_schedule *schedule, const gradus_schedule_place *place,
                                            double *learning_rate, double *momentum);

/* What there is to know about a schedule. Static strings. */
typedef struct gradus_schedule_info {
    size_t struct_size;
    const char *name, *variant; /* the first schedule of a name is what the name alone means */
    const char *unit;           /* what t counts: "epochs" or "steps", unless per=step or per=epoch says otherwise */
    const char *formula, *source;
    const char *keys[GRADUS_SCHEDULE_KEYS];         /* NULL past the last */
    double defaults[GRADUS_SCHEDULE_KEYS];          /* NaN: the key must be given; 0 for a length: what is left of the run */
    const char *default_text[GRADUS_SCHEDULE_KEYS]; /* the default of a key whose values are words ("cos"), else NULL */
} gradus_schedule_info;

/* The index-th schedule. Set info->struct_size first. 0: there is none (or struct_size is wrong), else 1. Thread-safe. */
GRADUS_API int gradus_schedule_list(size_t index, gradus_schedule_info *info);

GRADUS_END_DECLS

#endif
