/* The built-in sets of points: a line with noise, two moons. The same on every machine (docs/numerics.md, section 9). */
#include <string.h>

#include "base/context.h"
#include "base/detmath.h"
#include "base/number.h"
#include "base/philox.h"
#include "data/dataset.h"

enum { LINE_SAMPLES = 100, LINE_MOST = 1 << 24, MOONS_TRAIN = 1000, MOONS_TEST = 500 };

#define LINE_SEED 0x6772616475730002u
#define MOONS_SEED 0x6772616475730003u

static const double MOONS_NOISE = 0.1; /* its standard deviation */

/* Streams of a seed by index: places along the curve, noise. */
enum { PLACES, NOISE };

static gd_stream stream_of(uint64_t seed, uint64_t step, uint32_t index) { return gd_stream_make(seed, step, index, GD_PURPOSE_NOISE); }

/* A table of inputs with these names and a target. */
static gradus_status make(gradus_context *context, const char *source, const char *const *names, size_t inputs, gradus_task task, size_t samples,
                          gradus_dataset **set) {
    gradus_schema *schema;
    gradus_status status = gd_schema_create(context, inputs + 1, &schema);
    if (status) return status;
    schema->task = task;
    schema->named = true;
    schema->columns[inputs].role = GD_ROLE_TARGET;
    for (size_t i = 0; i <= inputs; i++) gd_names_add(&schema->names, names[i]);
    if (task == GRADUS_TASK_CLASSIFICATION) status = gd_schema_count_classes(context, schema, 2);
    if (!status) status = gd_schema_finish(context, source, schema);
    if (!status) return gd_dataset_create(context, source, schema, samples, set);
    gradus_schema_destroy(context, schema);
    return status;
}

gradus_status gd_line_open(gradus_context *context, const char *source, gradus_dataset **train) {
    static const char *const names[] = {"x", "y"};
    double samples = LINE_SAMPLES;
    const char *count = source[4] == ':' ? source + 5 : NULL;
    if (count && (!gd_parse_double(count, strlen(count), &samples) || !(samples >= 1 && samples <= LINE_MOST) || samples != (double)(size_t)samples))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: expected line:N, N points, 1 to %d", source, LINE_MOST);
    gradus_status status = make(context, source, names, 1, GRADUS_TASK_REGRESSION, (size_t)samples, train);
    if (status) return status;
    float *x = (*train)->inputs.data, *y = (*train)->targets.data;
    const gd_stream places = stream_of(LINE_SEED, 0, PLACES), noise = stream_of(LINE_SEED, 0, NOISE);
    for (size_t i = 0; i < (*train)->samples; i++) {
        x[i] = 2.0f * gd_uniform(gd_random_word(places, i));
        y[i] = (float)(4.0 + 3.0 * (double)x[i] + gd_normal(noise, i));
    }
    return GRADUS_OK;
}

/* Even samples are on the upper half circle about (0, 0), class 0, odd ones on the lower one about (1, 1/2), class 1. */
static gradus_status make_moons(gradus_context *context, uint64_t step, size_t samples, gradus_dataset **set) {
    static const char *const names[] = {"x1", "x2", "moon"};
    gradus_status status = make(context, "moons", names, 2, GRADUS_TASK_CLASSIFICATION, samples, set);
    if (status) return status;
    float *x = (*set)->inputs.data;
    const gd_stream places = stream_of(MOONS_SEED, step, PLACES), noise = stream_of(MOONS_SEED, step, NOISE);
    for (size_t i = 0; i < samples; i++) {
        const double angle = 0x1.921fb54442d18p+2 * 0.5 * (double)gd_uniform(gd_random_word(places, i)); /* pi u */
        const double along = gd_cos(angle), up = gd_sin(angle);
        x[2 * i] = (float)((i % 2 == 0 ? along : 1.0 - along) + MOONS_NOISE * gd_normal(noise, 2 * i));
        x[2 * i + 1] = (float)((i % 2 == 0 ? up : 0.5 - up) + MOONS_NOISE * gd_normal(noise, 2 * i + 1));
        gd_dataset_set_class(*set, i, i % 2);
    }
    return GRADUS_OK;
}

gradus_status gd_moons_open(gradus_context *context, gradus_dataset **train, gradus_dataset **test) {
    gradus_dataset *made = NULL;
    gradus_status status = make_moons(context, 0, MOONS_TRAIN, &made);
    if (!status) status = make_moons(context, 1, MOONS_TEST, test);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *train = made;
    return status;
}
