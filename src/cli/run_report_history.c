/* Reading history.csv back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "cli/run_report.h"

enum { LINE = 512, COLUMNS = 5, NAMES = 8 };

static size_t count_lines(FILE *file) {
    char line[LINE];
    size_t lines = 0;
    while (fgets(line, sizeof line, file) != NULL) lines++;
    rewind(file);
    return lines;
}

/* Where a column of that name goes; NULL: nowhere. */
static double **place_of(gd_history_columns *columns, const char *name) {
    const struct {
        const char *name;
        double **place;
    } known[COLUMNS] = {{"loss", &columns->loss},
                        {"accuracy", &columns->accuracy},
                        {"learning_rate", &columns->learning_rate},
                        {"val_loss", &columns->valid_loss},
                        {"val_accuracy", &columns->valid_accuracy}};
    for (size_t i = 0; i < COLUMNS; i++) {
        if (strcmp(known[i].name, name) == 0) return known[i].place;
    }
    return NULL;
}

static void read_lines(FILE *file, gd_history_columns *columns) {
    char line[LINE], *rest;
    double **places[NAMES] = {NULL};
    size_t count = 0, used = 0;
    if (fgets(line, sizeof line, file) == NULL) return;
    for (char *name = strtok_r(line, ",\n", &rest); name != NULL && count < NAMES; name = strtok_r(NULL, ",\n", &rest)) {
        double **place = place_of(columns, name);
        if (place != NULL) *place = columns->values + used++ * columns->epochs;
        places[count++] = place;
    }
    for (size_t epoch = 0; epoch < columns->epochs && fgets(line, sizeof line, file) != NULL; epoch++) {
        char *field = strtok_r(line, ",\n", &rest);
        for (size_t i = 0; i < count && field != NULL; i++, field = strtok_r(NULL, ",\n", &rest)) {
            if (places[i] != NULL && !gd_parse_double(field, strlen(field), &(*places[i])[epoch])) (*places[i])[epoch] = NAN;
        }
    }
}

bool gd_history_read(const char *path, gd_history_columns *columns) {
    memset(columns, 0, sizeof *columns);
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    const size_t lines = count_lines(file);
    columns->epochs = lines > 0 ? lines - 1 : 0;
    columns->values = calloc(columns->epochs + 1, COLUMNS * sizeof *columns->values);
    if (columns->values != NULL) read_lines(file, columns);
    fclose(file);
    return columns->values != NULL;
}

void gd_history_free(gd_history_columns *columns) { free(columns->values); }
