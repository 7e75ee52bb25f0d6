/* How each column is brought to one scale: means and deviations by the contract's tree (docs/numerics.md, sections 3 and 5), least and greatest. */
#include <errno.h>
#include <string.h>

#include "base/context.h"
#include "base/detmath.h"
#include "base/fp.h"
#include "data/column_sums.h"
#include "data/dataset.h"
#include "kernels/tree.h"

/* Columns at a time, so that their trees stay few. */
enum { BLOCK = 512 };

typedef struct gd_summary {
    double least, greatest, mean, squares, leaf;
    gd_tree tree;
} gd_summary;

typedef struct gd_summing {
    const gradus_dataset *dataset;
    size_t first, count; /* columns */
    gd_summary *summaries;
} gd_summing;

static double value_at(const gradus_dataset *dataset, const uint8_t *row, size_t column) {
    if (dataset->inputs.dtype == GRADUS_DTYPE_F32) return (double)((const float *)(const void *)row)[column];
    return (double)((float)row[column] * 0x1.010102p-8f);
}

static void find_extremes(const gd_summing *s) {
    for (size_t i = 0; i < s->dataset->samples; i++) {
        const uint8_t *row = gd_dataset_row(s->dataset, i);
        for (size_t j = 0; j < s->count; j++) {
            gd_summary *summary = &s->summaries[j];
            const double x = value_at(s->dataset, row, s->first + j);
            if (i == 0 || x < summary->least) summary->least = x;
            if (i == 0 || x > summary->greatest) summary->greatest = x;
        }
    }
}

/* Sums of x, or of (x - mean)^2, into each tree. */
static void sum(const gd_summing *s, bool squares) {
    const size_t samples = s->dataset->samples;
    for (size_t j = 0; j < s->count; j++) memset(&s->summaries[j].tree, 0, sizeof s->summaries[j].tree);
    for (size_t leaf = 0; leaf < samples; leaf += GD_LEAF) {
        for (size_t j = 0; j < s->count; j++) s->summaries[j].leaf = 0.0;
        for (size_t i = leaf; i < gd_least(samples, leaf + GD_LEAF); i++) {
            const uint8_t *row = gd_dataset_row(s->dataset, i);
            for (size_t j = 0; j < s->count; j++) {
                const double x = value_at(s->dataset, row, s->first + j), centred = x - s->summaries[j].mean;
                s->summaries[j].leaf += squares ? centred * centred : x;
            }
        }
        for (size_t j = 0; j < s->count; j++) gd_tree_add(&s->summaries[j].tree, s->summaries[j].leaf);
    }
}

static void find_deviations(const gd_summing *s) {
    const double n = (double)s->dataset->samples;
    sum(s, false);
    for (size_t j = 0; j < s->count; j++) s->summaries[j].mean = gd_tree_total(&s->summaries[j].tree) / n;
    sum(s, true);
    for (size_t j = 0; j < s->count; j++) s->summaries[j].squares = gd_tree_total(&s->summaries[j].tree);
}

static void conclude(const gd_summing *s, gradus_scaling kind, double *shift, double *factor) {
    for (size_t j = 0; j < s->count; j++) {
        const gd_summary *summary = &s->summaries[j];
        const size_t column = s->first + j;
        const bool constant = summary->least == summary->greatest, standard = kind == GRADUS_SCALING_STANDARD && !constant;
        shift[column] = standard ? summary->mean : summary->least;
        factor[column] = constant   ? 1.0
                         : standard ? 1.0 / gd_sqrt(summary->squares / (double)s->dataset->samples)
                                    : 1.0 / (summary->greatest - summary->least);
    }
}

static void leave_categories(const gradus_schema *schema, double *shift, double *factor) {
    for (size_t i = 0; i < schema->column_count; i++) {
        const gd_column *column = &schema->columns[i];
        if (column->role != GD_ROLE_INPUT || !column->categorical) continue;
        for (size_t j = column->first; j < column->first + column->categories; j++) {
            shift[j] = 0.0;
            factor[j] = 1.0;
        }
    }
}

static GD_NOINLINE void scale(const gradus_dataset *dataset, gradus_scaling kind, gd_summary *summaries, double *shift, double *factor) {
    const size_t features = dataset->inputs.columns;
    for (size_t first = 0; first < features; first += BLOCK) {
        const gd_summing summing = {dataset, first, gd_least(BLOCK, features - first), summaries};
        find_extremes(&summing);
        if (kind == GRADUS_SCALING_STANDARD) find_deviations(&summing);
        conclude(&summing, kind, shift, factor);
    }
    leave_categories(dataset->schema, shift, factor);
}

gradus_status gradus_dataset_scaling(gradus_context *context, const gradus_dataset *dataset, gradus_scaling kind, double *shift, double *factor) {
    void *summaries;
    if (!context || !dataset || !shift || !factor)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_scaling: context, dataset, shift and factor must not be NULL");
    if (!gradus_scaling_name(kind)) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_scaling: %d is no kind of scaling", (int)kind);
    if (kind == GRADUS_SCALING_NONE) {
        for (size_t i = 0; i < dataset->inputs.columns; i++) shift[i] = 0.0, factor[i] = 1.0;
        return GRADUS_OK;
    }
    int before = errno;
    gradus_status status = gd_context_allocate(context, BLOCK * sizeof(gd_summary), "scaling", &summaries);
    if (status) return status;
    gd_fp_environment environment = gd_fp_enter();
    scale(dataset, kind, summaries, shift, factor);
    gd_fp_leave(environment);
    gd_release(&context->allocator, summaries, BLOCK * sizeof(gd_summary));
    errno = before;
    return GRADUS_OK;
}
