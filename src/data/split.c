/* Splitting data sets at random, classes in proportion; weights that make classes count alike. */
#include <errno.h>
#include <string.h>

#include "base/context.h"
#include "base/fp.h"
#include "base/philox.h"
#include "data/dataset.h"

enum { MOST_SAMPLES = 1 << 22 }; /* of one permutation */

/* How many of a class's samples there are, and how many are held out. */
typedef struct gd_quota {
    uint64_t samples, held, remainder;
    bool rounded_up;
} gd_quota;

typedef struct gd_splitting {
    const gradus_dataset *dataset;
    size_t samples, classes, held; /* classes: 1 where there are none */
    gd_quota *quotas;
    uint32_t *order, *rows; /* [samples]: the permutation; rows of the train part, then of the other */
    uint8_t *is_held;       /* [samples] */
} gd_splitting;

static size_t class_of(const gd_splitting *s, size_t sample) { return s->classes > 1 ? gd_dataset_class(s->dataset, sample) : 0; }

/* Largest remainders: the samples that whole shares leave go to the classes that lose most by rounding down. */
static void share_out(const gd_splitting *s) {
    uint64_t left = s->held;
    memset(s->quotas, 0, s->classes * sizeof *s->quotas);
    for (size_t i = 0; i < s->samples; i++) s->quotas[class_of(s, i)].samples++;
    for (size_t k = 0; k < s->classes; k++) {
        gd_quota *quota = &s->quotas[k];
        quota->held = s->held * quota->samples / s->samples;
        quota->remainder = s->held * quota->samples % s->samples;
        left -= quota->held;
    }
    for (; left > 0; left--) {
        gd_quota *most = NULL;
        for (size_t k = 0; k < s->classes; k++)
            if (!s->quotas[k].rounded_up && (!most || s->quotas[k].remainder > most->remainder)) most = &s->quotas[k];
        most->held++;
        most->rounded_up = true;
    }
}

/* Of each class the first ones of one shuffled order are held out. */
static void choose(const gd_splitting *s, uint64_t seed) {
    size_t train = 0, held = s->samples - s->held;
    gd_shuffle(gd_stream_make(seed, 0, 0, GD_PURPOSE_SPLIT), s->order, s->samples);
    for (size_t i = 0; i < s->samples; i++) {
        gd_quota *quota = &s->quotas[class_of(s, s->order[i])];
        s->is_held[s->order[i]] = quota->held > 0;
        quota->held -= quota->held > 0;
    }
    for (size_t i = 0; i < s->samples; i++) s->rows[s->is_held[i] ? held++ : train++] = (uint32_t)i;
}

static size_t size_of(const gd_splitting *s) { return s->classes * sizeof *s->quotas + s->samples * (2 * sizeof *s->order + 1); }

static gradus_status split(gradus_context *context, gd_splitting *s, uint64_t seed, gradus_dataset **train, gradus_dataset **held_out) {
    void *memory;
    gradus_dataset *made = NULL;
    gradus_status status = gd_context_allocate(context, size_of(s), "split", &memory);
    if (status) return status;
    s->quotas = memory;
    s->order = (uint32_t *)(s->quotas + s->classes);
    s->rows = s->order + s->samples;
    s->is_held = (uint8_t *)(s->rows + s->samples);
    share_out(s);
    choose(s, seed);
    const size_t kept = s->samples - s->held;
    status = gd_dataset_select(context, s->dataset, s->rows, kept, &made);
    if (!status) status = gd_dataset_select(context, s->dataset, s->rows + kept, s->held, held_out);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *train = made;
    gd_release(&context->allocator, memory, size_of(s));
    return status;
}

static GD_NOINLINE size_t held_of(double fraction, size_t samples) {
    const size_t held = (size_t)(fraction * (double)samples + 0.5);
    return held < 1 ? 1 : gd_least(held, samples - 1);
}

gradus_status gradus_dataset_split(gradus_context *context, const gradus_dataset *dataset, double fraction, uint64_t seed, gradus_dataset **train,
                                   gradus_dataset **held_out) {
    if (train) *train = NULL;
    if (held_out) *held_out = NULL;
    if (!context || !dataset || !train || !held_out)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_split: context, dataset, train and held_out must not be NULL");
    if (!(fraction > 0.0 && fraction < 1.0))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_split: the fraction is %g, expected one between 0 and 1", fraction);
    if (dataset->samples < 2)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %zu sample, too few to hold some out", dataset->source, dataset->samples);
    if (dataset->samples > MOST_SAMPLES)
        return gd_fail(context, GRADUS_UNSUPPORTED, "%s: %zu samples; up to %d can be split", dataset->source, dataset->samples, MOST_SAMPLES);
    int before = errno;
    gd_fp_environment environment = gd_fp_enter();
    gd_splitting splitting = {.dataset = dataset, .samples = dataset->samples, .held = held_of(fraction, dataset->samples)};
    gd_fp_leave(environment);
    const size_t classes = gradus_dataset_classes(dataset);
    splitting.classes = gd_dataset_has_classes(dataset) && classes > 0 ? classes : 1;
    gradus_status status = split(context, &splitting, seed, train, held_out);
    if (!status) errno = before;
    return status;
}

static GD_NOINLINE void weigh(const gradus_dataset *dataset, double *weights) {
    const size_t classes = gradus_dataset_classes(dataset);
    for (size_t k = 0; k < classes; k++) weights[k] = 0.0;
    for (size_t i = 0; i < dataset->samples; i++) weights[gd_dataset_class(dataset, i)] += 1.0;
    for (size_t k = 0; k < classes; k++)
        if (weights[k] > 0.0) weights[k] = (double)dataset->samples / ((double)classes * weights[k]);
}

gradus_status gradus_dataset_class_weights(gradus_context *context, const gradus_dataset *dataset, double *weights) {
    if (!context || !dataset || !weights)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_class_weights: context, dataset and weights must not be NULL");
    if (!gd_dataset_has_classes(dataset) || gradus_dataset_classes(dataset) == 0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: its samples have no classes to weigh", dataset->source);
    gd_fp_environment environment = gd_fp_enter();
    weigh(dataset, weights);
    gd_fp_leave(environment);
    return GRADUS_OK;
}
