/* Which of a schedule's parts a step lies in, and what its formula gives there. */
#include "nn/schedule.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/fp.h"

void gradus_schedule_init_sized(gradus_schedule *schedule, size_t struct_size) {
    memset(schedule, 0, struct_size);
    schedule->struct_size = struct_size;
}

void gradus_schedule_place_init_sized(gradus_schedule_place *place, size_t struct_size) {
    memset(place, 0, struct_size);
    place->struct_size = struct_size;
}

const gd_schedule_rule *gd_schedule_rule_of(const gradus_schedule_part *part) {
    return part->rule >= 0 ? gd_schedule_rule_at((size_t)part->rule) : NULL;
}

/* Whether a text could have given this value: in the key's range or its default. */
static bool possible(const gradus_schedule_part *part, const gd_schedule_default *given) {
    const gd_schedule_key *key = &gd_schedule_keys[given->key];
    const double value = part->parameters[given->key];
    if (key->kind == GD_VALUE_WHOLE && !(value >= 0.0 && value <= 1e15 && value == (double)(uint64_t)value)) return false;
    return (value >= key->least && value <= key->greatest) || value == given->value;
}

static bool part_is_possible(const gradus_schedule_part *part, bool last) {
    const gd_schedule_rule *rule = gd_schedule_rule_of(part);
    bool fine = rule && part->milestones <= GRADUS_SCHEDULE_MILESTONES;
    for (size_t i = 0; fine && rule->keys[i].key != GD_NO_KEY; i++) fine = possible(part, &rule->keys[i]);
    for (size_t i = 0; fine && i < part->milestones; i++) fine = part->milestone[i] >= 0.0;
    return fine && (last || rule->length != GD_NO_KEY);
}

gradus_status gd_schedule_check(gradus_context *context, const gradus_schedule *given, gradus_schedule *schedule) {
    gradus_schedule_init(schedule);
    gradus_status status = gd_read_struct(context, "gradus_schedule", given, schedule, sizeof *schedule);
    if (status != GRADUS_OK) return status;
    bool fine = schedule->parts <= GRADUS_SCHEDULE_PARTS && schedule->reserved == 0;
    for (size_t i = 0; fine && i < schedule->parts; i++) fine = part_is_possible(&schedule->part[i], i + 1 == schedule->parts);
    if (fine) return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_schedule: not what gradus_schedule_parse gives: initialise and parse it");
}

/* The part's parameters, with a length in epochs turned into steps. */
static gradus_schedule_part in_steps(const gradus_schedule_part *given, const gradus_schedule_place *place) {
    gradus_schedule_part part = *given;
    if (part.parameters[GD_KEY_EPOCHS] > 0.0) part.parameters[GD_KEY_STEPS] = part.parameters[GD_KEY_EPOCHS] * (double)place->steps_per_epoch;
    return part;
}

static bool by_steps(const gradus_schedule_part *part) { return part->parameters[GD_KEY_PER] == GD_PER_STEP; }

/* What t counts, at a step of the run. */
static uint64_t unit_at(const gradus_schedule_part *part, const gradus_schedule_place *place, uint64_t step) {
    return by_steps(part) ? step : step / place->steps_per_epoch;
}

/* The step of the run at which the part that begins at `begin`, and is not the last, ends. */
static uint64_t end_of(const gradus_schedule_part *given, const gradus_schedule_place *place, uint64_t begin) {
    const gradus_schedule_part part = in_steps(given, place);
    const double end = (double)unit_at(&part, place, begin) + part.parameters[gd_schedule_rule_of(&part)->length];
    const double step = by_steps(&part) ? end : end * (double)place->steps_per_epoch;
    return step >= 0x1p63 ? UINT64_MAX : (uint64_t)step;
}

/* The part that the step lies in, *begin the step at which it begins; NULL: there are no parts. */
static const gradus_schedule_part *find_part(const gradus_schedule *schedule, const gradus_schedule_place *place, uint64_t *begin) {
    const gradus_schedule_part *part = schedule->part, *last = part + schedule->parts;
    for (*begin = 0; part + 1 < last; part++) {
        const uint64_t end = end_of(part, place, *begin);
        if (place->step < end) break;
        *begin = end;
    }
    return part < last ? part : NULL;
}

static GD_NOINLINE void find_rate(const gradus_schedule *schedule, const gradus_schedule_place *place, gd_schedule_rate *rate) {
    uint64_t begin;
    const gradus_schedule_part *given = find_part(schedule, place, &begin);
    *rate = (gd_schedule_rate){place->learning_rate, NAN};
    if (!given) return;
    const gradus_schedule_part part = in_steps(given, place);
    const uint64_t first = unit_at(&part, place, begin), total = unit_at(&part, place, place->total_steps - 1) + 1;
    gd_schedule_view view = {.part = &part,
                             .base = place->learning_rate,
                             .t = (double)(unit_at(&part, place, place->step) - first),
                             .left = total > first ? (double)(total - first) : 1.0,
                             .plateau_learning_rate = place->plateau_learning_rate,
                             .momentum = NAN};
    rate->learning_rate = gd_schedule_rule_of(&part)->rate(&view);
    rate->momentum = view.momentum;
}

gd_schedule_rate gd_schedule_find_rate(const gradus_schedule *schedule, const gradus_schedule_place *place) {
    gd_schedule_rate rate;
    const gd_fp_environment environment = gd_fp_enter();
    find_rate(schedule, place, &rate);
    gd_fp_leave(environment);
    return rate;
}

const gradus_schedule_part *gd_schedule_plateau_at(const gradus_schedule *schedule, const gradus_schedule_place *place) {
    uint64_t begin;
    const gradus_schedule_part *part = find_part(schedule, place, &begin);
    const gd_schedule_rule *rule = part ? gd_schedule_rule_of(part) : NULL;
    return rule && (rule->rate == gd_schedule_plateau || rule->rate == gd_schedule_plateau_keras) ? part : NULL;
}

gradus_status gradus_schedule_at(gradus_context *context, const gradus_schedule *schedule, const gradus_schedule_place *place, double *learning_rate,
                                 double *momentum) {
    gradus_schedule known;
    gradus_schedule_place where;
    gradus_schedule_place_init(&where);
    gradus_status status = gd_schedule_check(context, schedule, &known);
    if (status == GRADUS_OK) status = gd_read_struct(context, "gradus_schedule_place", place, &where, sizeof where);
    if (status != GRADUS_OK) return status;
    if (where.steps_per_epoch == 0 || where.total_steps == 0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_schedule_at: steps_per_epoch is %llu and total_steps %llu; both must be at least 1",
                       (unsigned long long)where.steps_per_epoch, (unsigned long long)where.total_steps);
    if (!learning_rate || !momentum) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_schedule_at: learning_rate or momentum is NULL");
    const gd_schedule_rate rate = gd_schedule_find_rate(&known, &where);
    *learning_rate = rate.learning_rate;
    *momentum = rate.momentum;
    return GRADUS_OK;
}
