/* Metrics of a net over samples, beyond gradus_net_evaluate's. Definitions are scikit-learn's, which this header names, with all of the net's classes as
 * its `labels`; docs/numerics.md, section 5. */
#ifndef GRADUS_METRICS_H
#define GRADUS_METRICS_H

#include <gradus/net.h>

GRADUS_BEGIN_DECLS

/* How many classes integer targets of this net may name: its outputs, but two where one output says which of them. Thread-safe. */
GRADUS_API size_t gradus_net_classes(const gradus_net *net);

/* One class against the rest. A quotient whose divisor is 0 is 0 (zero_division=0); auc is NaN where no or every sample is of the class. */
typedef struct gradus_class_metrics {
    uint64_t samples;   /* whose class it is: the support */
    uint64_t predicted; /* that were taken for it */
    uint64_t right;     /* both */
    double precision;   /* right/predicted */
    double recall;      /* right/samples */
    double f1;          /* 2*right/(samples + predicted) */
    double auc;         /* as gradus_metrics' auc; NaN unless asked for */
} gradus_class_metrics;

/* One output against its target numbers. */
typedef struct gradus_output_metrics {
    double rmse; /* the root of the mean squared error */
    double mae;  /* the mean absolute error */
    double r2;   /* 1 - (sum of squared errors)/(sum of squares about the targets' mean); where the latter is 0: 1 if the former is, else 0
                  * (force_finite); NaN for fewer than two samples */
} gradus_output_metrics;

/* What to measure. gradus_metrics_config_init: nothing that is optional. */
typedef struct gradus_metrics_config {
    size_t struct_size;
    size_t top_k; /* k of top_k_accuracy; 0: not wanted */
    /* Not 0: areas under the ROC curves are wanted. They take memory: 4 bytes a sample for each class (two classes: for one) and 20 more a sample. */
    int32_t auc;
    int32_t reserved;               /* 0 */
    uint64_t *confusion;            /* [classes][classes], written if there are: row the true one, column the predicted one; NULL: not wanted */
    gradus_class_metrics *classes;  /* [classes], written if there are classes; NULL: not wanted */
    gradus_output_metrics *outputs; /* [outputs], written if the targets are numbers; NULL: not wanted */
    /* F32 [samples, outputs], written: what gradus_net_predict gives, of some samples even if the call fails; data NULL: not wanted. */
    gradus_tensor predictions;
} gradus_metrics_config;

GRADUS_API void gradus_metrics_config_init_sized(gradus_metrics_config *config, size_t struct_size);
static inline void gradus_metrics_config_init(gradus_metrics_config *config) { gradus_metrics_config_init_sized(config, sizeof *config); }

/* Means over the classes: macro, plain; weighted, by their samples. (micro, over the samples: all three are the accuracy.) */
typedef struct gradus_class_means {
    double precision, recall, f1;
} gradus_class_means;

/* What was measured; NaN (0 classes) where it does not apply. */
typedef struct gradus_metrics {
    size_t struct_size;
    uint64_t samples;
    size_t classes;  /* 0: the targets are not classes; gradus/net.h says when they are */
    double loss;     /* as gradus_net_evaluate's */
    double accuracy; /* share of samples whose predicted class is their class */
    /* Share of samples whose class is among the k highest outputs; of equal ones the lower index is higher, and a NaN never is among them. Two
     * classes of one output: the accuracy for k = 1, else 1. */
    double top_k_accuracy;
    gradus_class_means macro, weighted;
    double precision, recall, f1; /* of the second class for two classes, else macro */
    /* Area under the ROC curve: the share of pairs (a sample of the class, another) whose outputs are ordered right, equal ones counting half. Two
     * classes: the second one's; else the mean over the classes that have one, each against the rest (multi_class="ovr"). NaN if an output is. */
    double auc;
    double rmse, mae, r2; /* plain means over the outputs (multioutput="uniform_average"), if the targets are numbers */
} gradus_metrics;

GRADUS_API void gradus_metrics_init_sized(gradus_metrics *metrics, size_t struct_size);
static inline void gradus_metrics_init(gradus_metrics *metrics) { gradus_metrics_init_sized(metrics, sizeof *metrics); }

/* Measures over a batch of any size in one pass, in memory that, but for auc, does not grow with it. config may be NULL: nothing optional. The same
 * bits on every machine. Thread-safe on a shared net. Errors: as gradus_net_evaluate; OUT_OF_MEMORY; INVALID_ARGUMENT (config). Nothing is written to
 * the caller's memory unless it succeeds. */
GRADUS_API gradus_status gradus_net_metrics(gradus_context *context, const gradus_net *net, const gradus_batch *batch,
                                            const gradus_metrics_config *config, gradus_metrics *metrics);

GRADUS_END_DECLS

#endif
