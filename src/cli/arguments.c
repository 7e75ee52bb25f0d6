/* The table of options, and what is done with it. */
#include "cli/arguments.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <gradus/net.h>
#include <gradus/optimizer.h>

#include "base/number.h"
#include "cli/nearest.h"

typedef enum option_kind { TEXT, CHOICE, COUNT, COUNT_OR_FULL, NUMBER, SWITCH } option_kind;

typedef struct option {
    const char *name, *value; /* a choice's value is its list, joined by | */
    unsigned commands;
    option_kind kind;
    size_t offset; /* of the field in gd_arguments */
    uint64_t least, greatest;
    const char *standard; /* the default, NULL where there is none */
    const char *help;
} option;

enum { TRAIN = GD_COMMAND_TRAIN, COMPUTE = GD_COMMAND_TRAIN | GD_COMMAND_EVAL, ALL = COMPUTE | GD_COMMAND_INFO };

#define FIELD(name) offsetof(gd_arguments, name)
#define LOSS_CHOICE(number, NAME, name) "|" name
#define LOSSES (("" GRADUS_LOSS_MAP(LOSS_CHOICE)) + 1)

static const option options[] = {
    {"layers", "W:ACT,...", TRAIN, TEXT, FIELD(layers), 0, 0, NULL,
     "hidden and output layers (default: 128:relu and an output layer\nthat suits data and loss); ACT: see below"},
    {"loss", LOSSES, TRAIN, CHOICE, FIELD(loss), 0, 0, "cross-entropy", "what is minimised; see below"},
    {"label-smoothing", "X", TRAIN, NUMBER, FIELD(label_smoothing), 0, 1, "0", "cross-entropy: targets t become (1 - X)*t + X/CLASSES"},
    {"optimizer", "NAME[:K=V,...]", TRAIN, TEXT, FIELD(optimizer), 0, 0, "adam", "how; names and keys: see below"},
    {"batch-size", "N|full", TRAIN, COUNT_OR_FULL, FIELD(batch_size), 1, UINT32_MAX, "32", "samples a step; full: the whole set"},
    {"epochs", "N", TRAIN, COUNT, FIELD(epochs), 1, 1000000000, "10", "passes over the training set"},
    {"max-steps", "N", TRAIN, COUNT, FIELD(max_steps), 1, INT64_MAX, NULL, "end after N steps, if that comes first"},
    {"seed", "N", TRAIN, COUNT, FIELD(seed), 0, UINT64_MAX, "0", "of initial weights and shuffling"},
    {"test", "DATA", TRAIN, TEXT, FIELD(test), 0, 0, NULL, "test on DATA's test set (its only set, if it brings none)"},
    {"out", "DIR", TRAIN, TEXT, FIELD(out), 0, 0, NULL, "write model.safetensors, history.csv and config into DIR"},
    {"overwrite", NULL, TRAIN, SWITCH, FIELD(overwrite), 0, 0, NULL, "replace the run that DIR holds"},
    {"threads", "N", ALL, COUNT, FIELD(threads), 1, 256, NULL,
     "default: GRADUS_NUM_THREADS, OMP_NUM_THREADS, else what\naffinity and cgroup quota allow"},
#ifdef GRADUS_WITH_OPENMP
    {"threads-from", "openmp|pool", ALL, CHOICE, FIELD(threads_from), 0, 0, "openmp", "who lends the threads; same bits"},
#else
    {"threads-from", "pool", ALL, CHOICE, FIELD(threads_from), 0, 0, "pool", "who lends the threads (built without OpenMP)"},
#endif
    {"pin", "yes|no", COMPUTE, CHOICE, FIELD(pin), 0, 0, NULL, "bind each thread to a CPU (default: yes where there are as\nmany threads as CPUs)"},
    {"isa", "NAME", ALL, TEXT, FIELD(isa), 0, 0, NULL,
     "kernels to use (default: GRADUS_ISA, else the fastest that\nruns; see gradus info); same bits"},
    {"json", NULL, ALL, SWITCH, FIELD(json), 0, 0, NULL, "one JSON object a line on stdout; text goes to stderr"},
    {"quiet", NULL, COMPUTE, SWITCH, FIELD(quiet), 0, 0, NULL, "no progress, only the result"},
    {"help", NULL, ALL, SWITCH, FIELD(help), 0, 0, NULL, "this text"},
};

enum { OPTION_COUNT = sizeof options / sizeof options[0] };

int gd_complain(const gd_command *command, int exit_code, const char *what, const char *remedy) {
    fprintf(stderr, "gradus%s%s: %s\n", command != NULL ? " " : "", command != NULL ? command->name : "", what);
    if (remedy != NULL) fprintf(stderr, "%s\n", remedy);
    return exit_code;
}

/* The same for the table's own errors, with the command's help as remedy. */
static bool refuse(const gd_command *command, const char *what, const char *suggestion) {
    char remedy[160] = "";
    if (suggestion != NULL) snprintf(remedy, sizeof remedy, "did you mean --%s? ", suggestion);
    size_t used = strlen(remedy);
    snprintf(remedy + used, sizeof remedy - used, "gradus %s --help lists the options", command->name);
    gd_complain(command, GD_EXIT_USAGE, what, remedy);
    return false;
}

static const option *find_option(const gd_command *command, const char *name, size_t length) {
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const option *o = &options[i];
        if ((o->commands & command->bit) != 0 && strlen(o->name) == length && memcmp(o->name, name, length) == 0) return o;
    }
    return NULL;
}

static bool refuse_unknown(const gd_command *command, const char *name, size_t length) {
    char word[80], what[120];
    snprintf(word, sizeof word, "%.*s", length < sizeof word ? (int)length : (int)sizeof word - 1, name);
    snprintf(what, sizeof what, "unknown option --%s", word);
    gd_nearest nearest = gd_nearest_begin(word);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((options[i].commands & command->bit) != 0) gd_nearest_offer(&nearest, options[i].name);
    }
    return refuse(command, what, nearest.best);
}

/* What a value may be, for messages. */
static void describe_values(const option *o, char *text, size_t size) {
    if (o->kind == NUMBER) {
        snprintf(text, size, "a number from %" PRIu64 " to %" PRIu64, o->least, o->greatest);
    } else if (o->kind == COUNT || o->kind == COUNT_OR_FULL) {
        snprintf(text, size, "a whole number from %" PRIu64 " to %" PRIu64 "%s", o->least, o->greatest, o->kind == COUNT_OR_FULL ? ", or full" : "");
    } else {
        snprintf(text, size, "%s", o->value);
    }
}

static bool refuse_value(const gd_command *command, const option *o, const char *value) {
    char what[240], values[100];
    describe_values(o, values, sizeof values);
    snprintf(what, sizeof what, "--%s %.60s: expected %s", o->name, value, values);
    return refuse(command, what, NULL);
}

static bool parse_count(const char *text, uint64_t least, uint64_t greatest, uint64_t *value) {
    uint64_t number = 0;
    if (*text == 0) return false;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9') return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (number > (UINT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *value = number;
    return number >= least && number <= greatest;
}

static bool parse_number(const char *text, uint64_t least, uint64_t greatest, double *value) {
    return gd_parse_double(text, strlen(text), value) && *value >= (double)least && *value <= (double)greatest;
}

/* Whether `word` is one of the parts of `list`. */
static bool is_choice(const char *list, const char *word) {
    size_t length = strlen(word);
    for (;;) {
        size_t part = strcspn(list, "|");
        if (part == length && memcmp(list, word, length) == 0) return true;
        if (list[part] == 0) return false;
        list += part + 1;
    }
}

/* Stores a value (NULL for a switch) into its field; false: it is not an allowed one. */
static bool store(const option *o, const char *value, gd_arguments *arguments) {
    void *field = (char *)arguments + o->offset;
    switch (o->kind) {
    case SWITCH:
        *(bool *)field = true;
        return true;
    case COUNT_OR_FULL:
        if (strcmp(value, "full") == 0) {
            *(uint64_t *)field = 0;
            return true;
        }
        return parse_count(value, o->least, o->greatest, field);
    case COUNT:
        return parse_count(value, o->least, o->greatest, field);
    case NUMBER:
        return parse_number(value, o->least, o->greatest, field);
    case CHOICE:
        *(const char **)field = value;
        return is_choice(o->value, value);
    case TEXT:
        *(const char **)field = value;
        return value[0] != 0;
    }
    return false;
}

static void store_defaults(gd_arguments *arguments) {
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (options[i].standard != NULL) (void)store(&options[i], options[i].standard, arguments);
    }
}

/* One option with its value, "--name=value" or "--name value"; *index is left on the last word used. */
static bool parse_option(const gd_command *command, int count, char *const *words, int *index, gd_arguments *arguments) {
    const char *name = words[*index] + 2;
    size_t length = strcspn(name, "=");
    const option *o = find_option(command, name, length);
    if (o == NULL) return refuse_unknown(command, name, length);
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    char what[120];
    if (o->kind == SWITCH && value != NULL) {
        snprintf(what, sizeof what, "--%s takes no value", o->name);
        return refuse(command, what, NULL);
    }
    if (o->kind != SWITCH && value == NULL) {
        if (*index + 1 >= count || strncmp(words[*index + 1], "--", 2) == 0) {
            snprintf(what, sizeof what, "--%s needs a value: %s", o->name, o->value);
            return refuse(command, what, NULL);
        }
        value = words[++*index];
    }
    return store(o, value, arguments) || refuse_value(command, o, value);
}

bool gd_arguments_parse(const gd_command *command, int count, char *const *words, gd_arguments *arguments) {
    int operands = 0;
    bool only_operands = false;
    memset(arguments, 0, sizeof *arguments);
    arguments->command = command;
    store_defaults(arguments);
    for (int i = 0; i < count && !arguments->help; i++) {
        const char *word = words[i];
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && strcmp(word, "-h") == 0) {
            arguments->help = true;
        } else if (!only_operands && strncmp(word, "--", 2) == 0) {
            if (!parse_option(command, count, words, &i, arguments)) return false;
        } else if (operands < command->operand_count && (only_operands || word[0] != '-')) {
            arguments->operands[operands++] = word;
        } else {
            char what[160];
            snprintf(what, sizeof what, "%.80s is one argument too many: expected%s%s and options", word,
                     command->operand_count > 0 ? " " : " nothing", command->operands);
            return refuse(command, what, NULL);
        }
    }
    if (arguments->help || operands == command->operand_count) return true;
    char what[120];
    snprintf(what, sizeof what, "expected %s", command->operands);
    return refuse(command, what, NULL);
}

/* Help. */

static void print_option(const option *o, FILE *out) {
    char head[100];
    snprintf(head, sizeof head, "--%s%s%s", o->name, o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
    fprintf(out, strlen(head) > 30 ? "  %s\n%33s" : "  %-30s%s", head, strlen(head) > 30 ? "" : " ");
    for (const char *c = o->help; *c != 0; c++) {
        if (*c == '\n') {
            fprintf(out, "\n%33s", "");
        } else {
            fputc(*c, out);
        }
    }
    if (o->standard != NULL) fprintf(out, " (default: %s)", o->standard);
    fputc('\n', out);
}

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

static void print_train_notes(FILE *out) {
    fprintf(out, "\nDATA: digits (built in), or a folder of IDX files (MNIST's names, .gz or not).\nACT:");
    for (gradus_activation a = 1; gradus_activation_name(a) != NULL; a++) fprintf(out, "%s %s", a > 1 ? "," : "", gradus_activation_name(a));
    fprintf(out, " (softmax: last layer only)\n"
                 "Losses: cross-entropy needs softmax as the last layer's activation, binary-cross-entropy sigmoid; the others take\nany. "
                 "DATA's classes become targets of 1 at the class's output and 0 elsewhere; with one output, two classes are 0 and 1.\n");
    print_optimizers(out);
    fprintf(out, "\nExample:\n  gradus train digits --layers 128:relu,10:softmax --optimizer adam:lr=0.001 --out run\n");
}

void gd_arguments_help(const gd_command *command, FILE *out) {
    fprintf(out, "usage: gradus %s%s%s [options]\n%s\n\nOptions:\n", command->name, command->operand_count > 0 ? " " : "", command->operands,
            command->summary);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((options[i].commands & command->bit) != 0) print_option(&options[i], out);
    }
    if (command->bit == GD_COMMAND_TRAIN) print_train_notes(out);
}
