/* The table itself, and finding rows in it. */
#include "cli/options.h"

#include <string.h>

#include <gradus/dataset.h>
#include <gradus/net.h>

#include "cli/checkpoint_policy.h"
#include "cli/nearest.h"

enum {
    TRAIN = GD_COMMAND_TRAIN,
    SCORES = GD_COMMAND_TRAIN | GD_COMMAND_EVAL,
    COMPUTE = SCORES | GD_COMMAND_PREDICT,
    ALL = COMPUTE | GD_COMMAND_INFO,
};

#define FIELD(name) offsetof(gd_arguments, name)
#define CHOICE(number, NAME, name) "|" name
#define CHOICES(MAP) (("" MAP(CHOICE)) + 1)

static const gd_option options[] = {
    {"data", "DATA", GD_GROUP_DATA, TRAIN, GD_FILE_ONLY, GD_PATH, FIELD(operands), 0, 0, NULL, "the data to train on"},
    {"target", "COLUMN,...", GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_TEXT, FIELD(target), 0, 0, NULL,
     "what to learn: a column's name or number from 1, several\nfor several numbers (default: the last column)"},
    {"classify", NULL, GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_SWITCH, FIELD(classify), 0, 0, NULL,
     "a numeric target's values are classes (text ones are anyway)"},
    {"ignore", "COLUMN,...", GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_TEXT, FIELD(ignore), 0, 0, NULL, "columns to leave out, such as an id"},
    {"categorical", "COLUMN,...", GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_TEXT, FIELD(categorical), 0, 0, NULL,
     "columns whose numbers are mere names (text ones are anyway);\neach category becomes an input of 0 or 1"},
    {"missing", CHOICES(GRADUS_MISSING_MAP), GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_CHOICE, FIELD(missing), 0, 0, "error",
     "what to do about missing values: drop the row, or fill in"},
    {"header", CHOICES(GRADUS_HEADER_MAP), GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_CHOICE, FIELD(header), 0, 0, "auto",
     "whether a table's first row names its columns"},
    {"normalize", CHOICES(GRADUS_SCALING_MAP), GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_CHOICE, FIELD(normalize), 0, 0, NULL,
     "bring inputs to one scale, learnt from the training set and\nkept in the model; standard: mean 0, deviation 1; minmax: 0 to\n1 (default: "
     "standard; "
     "none for pictures)"},
    {"valid", "DATA|FRACTION", GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_PATH, FIELD(valid), 0, 0, NULL,
     "evaluate after each epoch on other data, or on a share of\nDATA set apart, for example 0.2"},
    {"test", "DATA|FRACTION", GD_GROUP_DATA, TRAIN, GD_RECORDED, GD_PATH, FIELD(test), 0, 0, NULL,
     "the same once, at the end (default: DATA's own test set, if\nit brings one); of classes a share has equal parts"},

    {"layers", "W:ACT,...", GD_GROUP_NET, TRAIN, GD_RECORDED, GD_TEXT, FIELD(layers), 0, 0, NULL,
     "hidden and output layers (default: 128:relu and an output layer\nthat suits data and loss); ACT: see below"},
    {"loss", CHOICES(GRADUS_LOSS_MAP), GD_GROUP_NET, TRAIN, GD_RECORDED, GD_CHOICE, FIELD(loss), 0, 0, NULL,
     "what is minimised (default: cross-entropy for classes, mse for\nnumbers); see below"},
    {"class-weights", "balanced", GD_GROUP_NET, TRAIN, GD_RECORDED, GD_CHOICE, FIELD(class_weights), 0, 0, NULL,
     "rare classes count as much as frequent ones (default: each\nsample counts the same)"},
    {"init", "NAME[:K=V,...]", GD_GROUP_NET, TRAIN, GD_RECORDED, GD_TEXT, FIELD(init), 0, 0, "glorot-uniform", "initial weights; names: see below"},

    {"optimizer", "NAME[:K=V,...]", GD_GROUP_TRAINING, TRAIN, GD_RECORDED, GD_TEXT, FIELD(optimizer), 0, 0, "adam", "how; names and keys: see below"},
    {"schedule", "NAME[:K=V,...]+...", GD_GROUP_TRAINING, TRAIN, GD_RECORDED, GD_TEXT, FIELD(schedule), 0, 0, NULL,
     "how the learning rate changes (default: not at all): see below"},
    {"batch-size", "N|full", GD_GROUP_TRAINING, TRAIN, GD_RECORDED, GD_COUNT_OR_FULL, FIELD(batch_size), 1, UINT32_MAX, "32",
     "samples a step; full: the whole set"},
    {"accumulate", "N", GD_GROUP_TRAINING, TRAIN, GD_RECORDED, GD_COUNT, FIELD(accumulate), 1, UINT32_MAX, "1",
     "batches that make one step, as one of N times the samples"},
    {"epochs", "N", GD_GROUP_TRAINING, TRAIN, GD_RECORDED, GD_COUNT, FIELD(epochs), 1, 1000000000, "10", "passes over the training set"},
    {"max-steps", "N", GD_GROUP_TRAINING, TRAIN, GD_RECORDED, GD_COUNT, FIELD(max_steps), 1, INT64_MAX, NULL,
     "end after N steps, if that comes first"},
    {"stop-loss", "X", GD_GROUP_TRAINING, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(stop_loss), 0, UINT64_MAX, "0",
     "end after an epoch whose training loss is at most X"},
    {"early-stop", "patience=N[,K=V,...]", GD_GROUP_TRAINING, TRAIN, GD_RECORDED, GD_TEXT, FIELD(early_stop), 0, 0, NULL,
     "end after N epochs without a better --valid loss, with the best\nepoch's weights; keys: min_delta=0, start_epoch=0,\n"
     "monitor=loss|accuracy, restore_best=yes|no"},

    {"l1", "X", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(l1), 0, 1000000, "0",
     "adds X*|W|_1 to the objective, over all weights"},
    {"l2", "X", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(l2), 0, 1000000, "0", "adds X/2*|W|^2"},
    {"dropout", "P", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(dropout), 0, 1, "0",
     "training drops each hidden unit with this probability"},
    {"input-dropout", "P", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(input_dropout), 0, 1, "0", "and each input with this one"},
    {"bias-decay", "yes|no", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_CHOICE, FIELD(bias_decay), 0, 0, "yes",
     "whether the optimizer's weight_decay is for biases, too"},
    {"clip-norm", "X", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(clip_norm), 0, UINT64_MAX, "0",
     "shortens a step's whole gradient to norm X; 0: no"},
    {"clip-tensor-norm", "X", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(clip_tensor_norm), 0, UINT64_MAX, "0",
     "that of each tensor, by itself"},
    {"clip-value", "X", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(clip_value), 0, UINT64_MAX, "0",
     "cuts each of its elements to -X .. X"},
    {"label-smoothing", "X", GD_GROUP_REGULARISATION, TRAIN, GD_RECORDED, GD_NUMBER, FIELD(label_smoothing), 0, 1, "0",
     "cross-entropy: targets t become (1 - X)*t + X/CLASSES"},

    {"seed", "N", GD_GROUP_RUN, TRAIN, GD_RECORDED, GD_COUNT, FIELD(seed), 0, UINT64_MAX, "0", "of initial weights and shuffling"},
    {"resume", "DIR", GD_GROUP_RUN, TRAIN, GD_IN_FILE, GD_PATH, FIELD(resume), 0, 0, NULL,
     "go on with the run that DIR holds, with the same options (only\n--epochs may grow) or none: then DIR/config has them"},
    {"checkpoint-every", "N{s,steps,epochs}", GD_GROUP_RUN, TRAIN, GD_IN_FILE, GD_TEXT, FIELD(checkpoint_every), 0, 0, GD_CHECKPOINT_POLICY_DEFAULT,
     "with --out: how often to save what --resume goes on from"},
    {"config", "FILE", GD_GROUP_RUN, TRAIN, 0, GD_PATH, FIELD(config), 0, 0, NULL,
     "read options from FILE first: lines of key = value, keys as\nhere without --, # comments; DIR/config is such a file"},

    {"out", "DIR", GD_GROUP_OUTPUT, TRAIN, GD_IN_FILE, GD_PATH, FIELD(out), 0, 0, NULL,
     "write the model, its history, configuration and checkpoints into\nDIR"},
    {"overwrite", NULL, GD_GROUP_OUTPUT, TRAIN, GD_IN_FILE, GD_SWITCH, FIELD(overwrite), 0, 0, NULL, "replace the run that DIR holds"},
    {"json", NULL, GD_GROUP_OUTPUT, SCORES | GD_COMMAND_INFO, GD_IN_FILE, GD_SWITCH, FIELD(json), 0, 0, NULL,
     "one JSON object a line on stdout; text goes to stderr"},
    {"quiet", NULL, GD_GROUP_OUTPUT, SCORES, GD_IN_FILE, GD_SWITCH, FIELD(quiet), 0, 0, NULL, "no progress, only the result"},
    {"help", NULL, GD_GROUP_OUTPUT, ALL | GD_COMMAND_COMPLETION, 0, GD_SWITCH, FIELD(help), 0, 0, NULL, "this text"},

    {"threads", "N", GD_GROUP_MACHINE, ALL, GD_IN_FILE, GD_COUNT, FIELD(threads), 1, 256, NULL,
     "default: GRADUS_NUM_THREADS, OMP_NUM_THREADS, else what\naffinity and cgroup quota allow; any number, same bits"},
#ifdef GRADUS_WITH_OPENMP
    {"threads-from", "openmp|pool", GD_GROUP_MACHINE, ALL, GD_IN_FILE, GD_CHOICE, FIELD(threads_from), 0, 0, "openmp",
     "who lends the threads; same bits"},
#else
    {"threads-from", "pool", GD_GROUP_MACHINE, ALL, GD_IN_FILE, GD_CHOICE, FIELD(threads_from), 0, 0, "pool",
     "who lends the threads (built without OpenMP)"},
#endif
    {"pin", "yes|no", GD_GROUP_MACHINE, COMPUTE, GD_IN_FILE, GD_CHOICE, FIELD(pin), 0, 0, NULL,
     "bind each thread to a CPU (default: yes where there are as\nmany threads as CPUs)"},
    {"isa", "NAME", GD_GROUP_MACHINE, ALL, GD_IN_FILE, GD_TEXT, FIELD(isa), 0, 0, NULL,
     "kernels to use (default: GRADUS_ISA, else the fastest that\nruns; see gradus info); same bits"},
};

/* Names that people know from elsewhere: what stands for them here. */
static const struct {
    const char *name, *remedy;
} elsewhere[] = {
    {"lr", "the optimizer has it: optimizer adam:lr=0.001"},
    {"learning-rate", "the optimizer has it: optimizer adam:lr=0.001"},
    {"learning-rate-init", "the optimizer has it: optimizer adam:lr=0.001"},
    {"momentum", "it is an optimizer: optimizer momentum:lr=0.01,momentum=0.9"},
    {"weight-decay", "the optimizer has it: optimizer adam:weight_decay=0.01"},
    {"solver", "write optimizer"},
    {"hidden-layer-sizes", "with their activations: layers 100:relu"},
    {"activation", "each layer has its own: layers 100:relu,50:tanh"},
    {"random-state", "write seed"},
    {"max-iter", "write epochs"},
    {"label-column", "write target"},
};

enum { OPTION_COUNT = sizeof options / sizeof options[0], ELSEWHERE_COUNT = sizeof elsewhere / sizeof elsewhere[0] };

const gd_option *gd_option_at(size_t index) { return index < OPTION_COUNT ? &options[index] : NULL; }

const char *gd_option_heading(gd_option_group group) {
    static const char *const headings[GD_GROUP_COUNT] = {"Data", "Net", "Training", "Regularisation", "Run", "Output", "Machine"};
    return headings[group];
}

bool gd_option_applies(const gd_option *option, const gd_command *command) {
    return (option->commands & command->bit) != 0 && option->file != GD_FILE_ONLY;
}

static bool is_candidate(const gd_option *option, const gd_command *command, bool in_file) {
    return in_file ? (option->commands & command->bit) != 0 && option->file != 0 : gd_option_applies(option, command);
}

static bool is_name(const char *option, const char *name, size_t length) {
    if (strlen(option) != length) return false;
    for (size_t i = 0; i < length; i++) {
        if (option[i] != (name[i] == '_' ? '-' : name[i])) return false;
    }
    return true;
}

const gd_option *gd_option_find(const gd_command *command, bool in_file, const char *name, size_t length) {
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (is_candidate(&options[i], command, in_file) && is_name(options[i].name, name, length)) return &options[i];
    }
    return NULL;
}

void gd_option_suggest(const gd_command *command, bool in_file, const char *name, char *text, size_t size) {
    text[0] = 0;
    for (size_t i = 0; i < ELSEWHERE_COUNT && command->bit == GD_COMMAND_TRAIN; i++) {
        if (!is_name(elsewhere[i].name, name, strlen(name))) continue;
        snprintf(text, size, "%s; ", elsewhere[i].remedy);
        return;
    }
    gd_nearest nearest = gd_nearest_begin(name);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (is_candidate(&options[i], command, in_file)) gd_nearest_offer(&nearest, options[i].name);
    }
    if (nearest.best != NULL) snprintf(text, size, "did you mean %s%s? ", in_file ? "" : "--", nearest.best);
}
