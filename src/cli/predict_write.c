/* Predictions as CSV on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/predict.h"
#include "cli/stop.h"
#include "nn/loss.h"

enum { PIECE = 4096 }; /* samples; bounds the memory for outputs */

static const char *class_name(const gd_prediction *p, size_t class, char number[24]) {
    const char *name = p->model.schema != NULL ? gradus_schema_class_name(p->model.schema, class) : NULL;
    snprintf(number, 24, "%zu", class);
    return name != NULL ? name : number;
}

/* As RFC 4180 has it: quoted where it must be. */
static void print_field(const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text != 0; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
    putchar('"');
}

/* The fewest digits that read back as the same fp32 number. */
static void print_float(float value) {
    char text[32];
    int digits = 6;
    do snprintf(text, sizeof text, "%.*g", digits, (double)value);
    while (strtof(text, NULL) != value && ++digits <= 9);
    fputs(text, stdout);
}

/* How many classes the outputs tell of; 0: they are numbers. */
static size_t classes_of(const gd_prediction *p) {
    const gradus_net *net = p->model.net;
    size_t outputs = gradus_net_outputs(net);
    if (p->model.schema != NULL) return gradus_schema_classes(p->model.schema);
    return gd_loss_activation(gradus_net_loss(net)) != GRADUS_ACTIVATION_UNSET ? gd_loss_classes(gradus_net_loss(net), outputs) : 0;
}

static void print_header(const gd_prediction *p, size_t classes) {
    char number[24];
    size_t outputs = gradus_net_outputs(p->model.net);
    if (classes > 0) printf("label");
    for (size_t i = 0; i < classes; i++) {
        putchar(',');
        print_field(class_name(p, i, number));
    }
    for (size_t i = 0; i < outputs && classes == 0; i++) {
        const char *name = p->model.schema != NULL ? gradus_schema_target_name(p->model.schema, i) : NULL;
        snprintf(number, sizeof number, outputs > 1 ? "target%zu" : "target", i + 1);
        if (i > 0) putchar(',');
        print_field(name != NULL ? name : number);
    }
    putchar('\n');
}

/* One output says of two classes which it is. */
static void print_classes(const gd_prediction *p, const float *row, size_t classes) {
    char number[24];
    const float pair[2] = {1.0f - row[0], row[0]};
    const bool one = gradus_net_outputs(p->model.net) == 1 && classes == 2;
    const float *shares = one ? pair : row;
    size_t best = one ? row[0] > 0.5f : 0;
    for (size_t i = 1; i < classes && !one; i++) {
        if (shares[i] > shares[best]) best = i;
    }
    print_field(class_name(p, best, number));
    for (size_t i = 0; i < classes; i++) {
        putchar(',');
        print_float(shares[i]);
    }
    putchar('\n');
}

static void print_numbers(const float *row, size_t outputs) {
    for (size_t i = 0; i < outputs; i++) {
        if (i > 0) putchar(',');
        print_float(row[i]);
    }
    putchar('\n');
}

static int failed(const gd_prediction *p, gradus_status status) {
    if (status == GRADUS_INTERRUPTED && gd_stop_signal() != 0)
        return gd_complain(p->arguments->command, gd_stop_exit_code(gd_stop_signal()), "stopped by a signal", NULL);
    return gd_means_failed(&p->means, p->arguments, status);
}

static int predict_piece(gd_prediction *p, const gradus_dataset *set, size_t first, size_t count, size_t classes) {
    size_t outputs = gradus_net_outputs(p->model.net);
    gradus_tensor inputs = gradus_dataset_inputs(set), results = gradus_tensor_matrix(GRADUS_DTYPE_F32, p->values, count, outputs);
    size_t element = inputs.dtype == GRADUS_DTYPE_U8 ? 1 : sizeof(float);
    inputs.data = (char *)inputs.data + first * (size_t)inputs.row_stride * element;
    inputs.rows = count;
    inputs.batch_stride = inputs.row_stride * (ptrdiff_t)count;
    gradus_status status = gradus_net_predict(p->means.context, p->model.net, &inputs, &results);
    if (status != GRADUS_OK) return failed(p, status);
    for (size_t i = 0; i < count; i++) {
        const float *row = p->values + i * outputs;
        if (classes > 0) {
            print_classes(p, row, classes);
        } else {
            print_numbers(row, outputs);
        }
    }
    return fflush(stdout) == 0 ? GD_EXIT_DONE : gd_complain(p->arguments->command, GD_EXIT_FAILED, "cannot write to standard output", NULL);
}

int gd_predict_write(gd_prediction *p, const gradus_dataset *set) {
    size_t samples = gradus_dataset_samples(set), classes = classes_of(p), outputs = gradus_net_outputs(p->model.net);
    if (p->values == NULL) {
        p->size = PIECE * outputs * sizeof(float);
        p->values = malloc(p->size);
        if (p->values == NULL) return gd_complain(p->arguments->command, GD_EXIT_FAILED, "out of memory", NULL);
    }
    if (!p->begun) print_header(p, classes);
    p->begun = true;
    int code = GD_EXIT_DONE;
    for (size_t first = 0; first < samples && code == GD_EXIT_DONE; first += PIECE) {
        code = predict_piece(p, set, first, gd_least(samples - first, PIECE), classes);
    }
    return code;
}
