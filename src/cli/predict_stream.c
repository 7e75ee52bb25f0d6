/* Rows that come through a pipe: whenever it pauses, those that are complete are answered. Each portion is a small table in memory, behind the header if
 * the first one had one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/predict.h"
#include "cli/stop.h"

enum { FIRST_CAPACITY = 1 << 16, LONGEST_ROW = 1 << 26 };

typedef struct stream {
    gd_prediction *prediction;
    char *text; /* what has come and is not answered */
    size_t size, capacity;
    bool ended;
    char *header; /* the first row, if it is one; a copy */
    size_t header_size;
    uint64_t answered; /* rows */
    int table;         /* a file in memory */
    char path[40];
} stream;

/* The size of the first row with its end, 0 if it is not all there. Line ends inside quotes are part of it. */
static size_t row_size(const char *text, size_t size, bool ended) {
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"') quoted = !quoted;
        if (text[i] == '\n' && !quoted) return i + 1;
    }
    return ended ? size : 0;
}

static bool is_empty(const char *row, size_t size) {
    return size == 0 || (size == 1 && row[0] == '\n') || (size == 2 && row[0] == '\r' && row[1] == '\n');
}

/* The complete rows of the text, and the bytes that they take. */
static size_t count_rows(const stream *s, size_t *bytes) {
    size_t rows = 0, size;
    for (*bytes = 0; *bytes < s->size && (size = row_size(s->text + *bytes, s->size - *bytes, s->ended)) > 0; *bytes += size) {
        rows += !is_empty(s->text + *bytes, size);
    }
    return rows;
}

static bool put(int file, const char *text, size_t size) {
    for (ssize_t n; size > 0; text += n, size -= (size_t)n) {
        n = write(file, text, size);
        if (n < 0 && errno == EINTR) n = 0;
        if (n < 0) return false;
    }
    return true;
}

static gradus_status open_rows(const stream *s, const char *rows, size_t size, gradus_dataset **set) {
    gradus_context *context = s->prediction->means.context;
    *set = NULL;
    if (ftruncate(s->table, 0) != 0 || lseek(s->table, 0, SEEK_SET) != 0 || !put(s->table, s->header, s->header_size) || !put(s->table, rows, size))
        return gd_fail_io(context, s->path, "cannot write to memory", errno);
    return gradus_dataset_open_as(context, s->path, s->prediction->model.schema, GRADUS_OPEN_TARGETS_OPTIONAL, set);
}

static int refuse_with(const stream *s, const char *what) {
    char remedy[PATH_MAX + 80];
    snprintf(remedy, sizeof remedy, "gradus info %s shows what the model takes", s->prediction->model.path);
    return gd_complain(s->prediction->arguments->command, GD_EXIT_FAILED, what, remedy);
}

/* The library's message, in which the table in memory has a name that says nothing: people know it as standard input. Its row is `row`, unless that is
 * 0: then the message has the right one. */
static int refuse_row(const stream *s, uint64_t row) {
    char what[900], place[40] = "";
    const char *message = gradus_context_message(s->prediction->means.context), *column = strstr(message, "), ");
    if (strncmp(message, s->path, strlen(s->path)) == 0) message += strlen(s->path);
    if (row > 0) snprintf(place, sizeof place, ": row %llu", (unsigned long long)row);
    if (row > 0 && column != NULL && strncmp(message, ": row ", 6) == 0) message = column + 1;
    snprintf(what, sizeof what, "standard input%s%.700s", place, message);
    return refuse_with(s, what);
}

/* All rows, or, where they cannot be read, one by one up to the one that is wrong. A table with fewer samples than rows took its first for a header. */
static int answer(stream *s, const char *text, size_t size, size_t rows) {
    gradus_dataset *set;
    gradus_status status = open_rows(s, text, size, &set);
    bool whole = status == GRADUS_OK && gradus_dataset_samples(set) == rows;
    int code = whole ? gd_predict_write(s->prediction, set) : GD_EXIT_DONE;
    gradus_dataset_destroy(s->prediction->means.context, set);
    if (whole) s->answered += rows;
    if (whole) return code;
    if (rows == 1) return refuse_row(s, s->answered + 1);
    for (size_t at = 0, row; at < size && code == GD_EXIT_DONE; at += row) {
        row = row_size(text + at, size - at, true);
        if (!is_empty(text + at, row)) code = answer(s, text + at, row, 1);
    }
    return code;
}

static void drop(stream *s, size_t bytes) {
    memmove(s->text, s->text + bytes, s->size - bytes);
    s->size -= bytes;
}

/* How many samples the rows of text[0 .. size) are; SIZE_MAX: they cannot be read. */
static size_t try_rows(const stream *s, size_t size) {
    gradus_dataset *set;
    gradus_status status = open_rows(s, s->text, size, &set);
    size_t samples = status == GRADUS_OK ? gradus_dataset_samples(set) : SIZE_MAX;
    gradus_dataset_destroy(s->prediction->means.context, set);
    return samples;
}

/* The first row is a header if it is no sample and the second one below it is. Until that has come nothing is known: *known is false. */
static int settle_header(stream *s, size_t rows, bool *known) {
    size_t first = 0, second;
    *known = false;
    if (rows == 0) return s->ended ? refuse_with(s, "standard input: there are no rows") : GD_EXIT_DONE;
    while (is_empty(s->text + first, second = row_size(s->text + first, s->size - first, s->ended))) first += second;
    first += second;
    if (try_rows(s, first) == 1) {
        *known = true;
        return GD_EXIT_DONE;
    }
    if (rows == 1) return s->ended ? refuse_row(s, 0) : GD_EXIT_DONE;
    for (second = first; is_empty(s->text + second, row_size(s->text + second, s->size - second, s->ended));) second++;
    second += row_size(s->text + second, s->size - second, s->ended);
    if (try_rows(s, second) != 1) return refuse_row(s, 0);
    s->header = malloc(first);
    if (s->header == NULL) return gd_complain(s->prediction->arguments->command, GD_EXIT_FAILED, "out of memory", NULL);
    memcpy(s->header, s->text, first);
    s->header_size = first;
    drop(s, first);
    *known = true;
    return GD_EXIT_DONE;
}

/* What has come since, at least a byte if the input has not ended. */
static int fill(stream *s) {
    const gd_command *command = s->prediction->arguments->command;
    if (s->size == s->capacity) {
        size_t capacity = s->capacity == 0 ? FIRST_CAPACITY : 2 * s->capacity;
        char *text = capacity <= LONGEST_ROW ? realloc(s->text, capacity) : NULL;
        if (text == NULL) return gd_complain(command, GD_EXIT_FAILED, "standard input: a row without an end", "is a quotation mark not closed?");
        s->text = text;
        s->capacity = capacity;
    }
    ssize_t n = read(STDIN_FILENO, s->text + s->size, s->capacity - s->size);
    if (gd_stop_signal() != 0) return gd_complain(command, gd_stop_exit_code(gd_stop_signal()), "stopped by a signal", NULL);
    if (n < 0) return gd_complain(command, GD_EXIT_FAILED, "standard input: cannot be read", strerror(errno));
    s->ended = n == 0;
    s->size += (size_t)n;
    return GD_EXIT_DONE;
}

static int run(stream *s) {
    bool known = false;
    int code = GD_EXIT_DONE;
    while (code == GD_EXIT_DONE && !s->ended) {
        size_t bytes, rows;
        code = fill(s);
        rows = count_rows(s, &bytes);
        if (code == GD_EXIT_DONE && !known) code = settle_header(s, rows, &known);
        if (code != GD_EXIT_DONE || !known) continue;
        rows = count_rows(s, &bytes);
        if (rows > 0) code = answer(s, s->text, bytes, rows);
        drop(s, bytes);
    }
    return code;
}

int gd_predict_stream(gd_prediction *prediction) {
    const gd_command *command = prediction->arguments->command;
    stream s = {.prediction = prediction};
    if (prediction->model.schema == NULL)
        return gd_complain(command, GD_EXIT_FAILED, "the model does not say what a table's columns are", "give a file instead of -");
    s.table = memfd_create("rows", MFD_CLOEXEC);
    if (s.table < 0) return gd_complain(command, GD_EXIT_FAILED, "cannot make a file in memory", strerror(errno));
    snprintf(s.path, sizeof s.path, "/proc/self/fd/%d", s.table);
    int code = run(&s);
    close(s.table);
    free(s.text);
    free(s.header);
    return code;
}
