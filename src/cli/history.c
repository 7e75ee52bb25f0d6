/* Writing history.csv. */
#include "cli/history.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/json.h"

/* Where the lines of the epochs before `epochs` end. The columns' names are of none. */
static long end_of(FILE *history, uint64_t epochs) {
    char line[512];
    long end = 0;
    for (bool names = true; epochs > 0 && fgets(line, sizeof line, history) != NULL; names = false) {
        if (!names && strtoull(line, NULL, 10) >= epochs) break;
        end = ftell(history);
    }
    return end;
}

FILE *gd_history_open(const char *path, uint64_t epochs) {
    FILE *history = epochs > 0 ? fopen(path, "r+e") : NULL;
    if (history == NULL) return fopen(path, "we");
    long end = end_of(history, epochs);
    if (end >= 0 && fseek(history, end, SEEK_SET) == 0 && ftruncate(fileno(history), end) == 0) return history;
    fclose(history);
    return NULL;
}

static void write_number(FILE *history, double value) {
    char text[32];
    gd_json_print_number(text, value);
    fprintf(history, ",%s", text);
}

void gd_history_write(FILE *history, const gradus_progress *progress, double penalty) {
    const gradus_evaluation *valid = progress->valid;
    if (history == NULL) return;
    bool accuracy = isfinite(progress->epoch_accuracy), valid_accuracy = valid != NULL && isfinite(valid->accuracy);
    if (ftell(history) == 0) {
        fprintf(history, "epoch%s,learning_rate,loss%s%s\n", accuracy ? ",accuracy" : "", valid_accuracy ? ",val_accuracy" : "",
                valid != NULL ? ",val_loss" : "");
    }
    fprintf(history, "%" PRIu64, progress->epoch - 1);
    if (accuracy) write_number(history, progress->epoch_accuracy);
    write_number(history, progress->learning_rate);
    write_number(history, progress->epoch_loss + penalty);
    if (valid_accuracy) write_number(history, valid->accuracy);
    if (valid != NULL) write_number(history, valid->loss + penalty);
    fprintf(history, "\n");
    fflush(history);
}
