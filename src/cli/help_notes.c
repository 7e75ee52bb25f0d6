/* What stands behind the options of train: the lists that the library has. */
#include <math.h>
#include <string.h>

#include <gradus/initializer.h>
#include <gradus/net.h>
#include <gradus/optimizer.h>
#include <gradus/schedule.h>

#include "cli/help.h"

static void print_keys(const gradus_optimizer_info *info, FILE *out) {
    for (uint32_t k = 0; k < info->hyper_parameters; k++)
        fprintf(out, "%s%s=%g", k > 0 ? "," : "", gradus_hyper_parameter_key(info->keys[k]), info->defaults[k]);
    fputc('\n', out);
}

/* Algorithms of one name follow each other in the list; the first is what the name alone means. */
static void print_optimizers(FILE *out) {
    gradus_optimizer_info info = {.struct_size = sizeof info};
    const char *name = "";
    fprintf(out, "\nOptimizers, their keys and defaults; NAME:variant=V,... is V's formula with V's defaults:\n");
    for (size_t i = 0; gradus_optimizer_list(i, &info); i++) {
        if (strcmp(name, info.name) == 0) {
            fprintf(out, "    variant=%-8s ", info.variant);
            print_keys(&info, out);
            continue;
        }
        name = info.name;
        fprintf(out, "  %s  ", info.name);
        print_keys(&info, out);
        fprintf(out, "    variant=%-8s %s\n", info.variant, info.formula);
    }
}

static void print_schedule_keys(const gradus_schedule_info *info, FILE *out) {
    const char *before = "  ";
    for (size_t k = 0; k < GRADUS_SCHEDULE_KEYS && info->keys[k] != NULL; k++) {
        fprintf(out, "%s%s=", before, info->keys[k]);
        if (info->default_text[k] != NULL) {
            fprintf(out, "%s", info->default_text[k]);
        } else if (isnan(info->defaults[k])) {
            fprintf(out, "?");
        } else {
            fprintf(out, "%g", info->defaults[k]);
        }
        before = ",";
    }
    fputc('\n', out);
}

static void print_schedules(FILE *out) {
    gradus_schedule_info info = {.struct_size = sizeof info};
    const char *name = "";
    fprintf(out, "\nSchedules, their keys and defaults (?: must be given), several joined by + one after the other; t counts epochs or steps:\n");
    for (size_t i = 0; gradus_schedule_list(i, &info); i++) {
        bool variant = strcmp(name, info.name) == 0;
        name = info.name;
        if (variant) {
            fprintf(out, "    variant=%-8s", info.variant);
        } else {
            fprintf(out, "  %s", info.name);
        }
        print_schedule_keys(&info, out);
        fprintf(out, "      %s (%s)\n", info.formula, info.unit);
    }
}

static void print_initializers(FILE *out) {
    fprintf(out, "Initial weights:");
    for (gradus_initializer_kind kind = 1; gradus_initializer_name(kind) != NULL; kind++) {
        fprintf(out, "%s %s", kind > 1 ? "," : "", gradus_initializer_name(kind));
    }
    fprintf(out, "; uniform:low=-0.05,high=0.05; normal:mean=0,stddev=0.05\n");
}

void gd_help_train_notes(FILE *out) {
    fprintf(out,
            "\nDATA: FILE.csv (fields between , ; or tabs; header, quotes and types are found; text columns become categories), FILE.npy, FILE.npz,\n"
            "a folder of IDX files (MNIST's names, .gz or not), digits (pictures), line (y = 4 + 3x + noise), moons (built in).\n"
            "ACT:");
    for (gradus_activation a = 1; gradus_activation_name(a) != NULL; a++) fprintf(out, "%s %s", a > 1 ? "," : "", gradus_activation_name(a));
    fprintf(out, " (softmax: last layer only)\n"
                 "Losses: cross-entropy needs softmax as the last layer's activation, binary-cross-entropy sigmoid; the others take\nany. "
                 "DATA's classes become targets of 1 at the class's output and 0 elsewhere; with one output, two classes are 0 and 1.\n");
    print_initializers(out);
    print_optimizers(out);
    print_schedules(out);
    fprintf(out,
            "\nExamples:\n  gradus train flowers.csv --test 0.25 --epochs 100 --out run\n"
            "  gradus train houses.csv --target price --ignore id --missing median --valid 0.2 --early-stop patience=20 --epochs 1000 --out run\n"
            "  gradus train digits --layers 128:relu,10:softmax --optimizer adam:lr=0.001 --dropout 0.2 --schedule cosine\n");
}
