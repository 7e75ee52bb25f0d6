/* Delimited text into rows of fields, in place. */
#include "data/csv.h"

#include <string.h>

#include "base/context.h"
#include "data/schema.h"

typedef enum gd_stop { GD_STOP_DELIMITER, GD_STOP_LINE, GD_STOP_END, GD_STOP_OPEN_QUOTE, GD_STOP_AFTER_QUOTE } gd_stop;

/* A field as it stands in the text: begin and end without blanks and outer quotes; where the next one begins, and what stands between. */
typedef struct gd_field {
    const char *begin, *end, *next;
    bool quoted;
    gd_stop stop;
} gd_field;

typedef struct gd_jump {
    size_t row, line;
} gd_jump;

static bool is_blank(char c, char delimiter) { return c == ' ' || (c == '\t' && delimiter != '\t'); }

/* What stands at `at`, behind a field. */
static gd_stop stop_at(const char *at, const char *end, char delimiter, const char **next) {
    *next = at;
    if (at == end) return GD_STOP_END;
    *next = at + 1;
    if (*at == delimiter) return GD_STOP_DELIMITER;
    if (*at == '\r' && at + 1 < end && at[1] == '\n') *next = at + 2;
    return *at == '\n' || *at == '\r' ? GD_STOP_LINE : GD_STOP_AFTER_QUOTE;
}

static void read_quoted(gd_field *field, const char *at, const char *end, char delimiter) {
    field->quoted = true;
    field->begin = ++at;
    for (; at < end; at++) {
        if (*at != '"') continue;
        if (at + 1 == end || at[1] != '"') break;
        at++;
    }
    field->end = at;
    field->stop = GD_STOP_OPEN_QUOTE;
    if (at == end) return;
    for (at++; at < end && is_blank(*at, delimiter);) at++;
    field->stop = stop_at(at, end, delimiter, &field->next);
}

static gd_field read_field(const char *at, const char *end, char delimiter) {
    gd_field field = {at, at, end, false, GD_STOP_END};
    while (at < end && is_blank(*at, delimiter)) at++;
    if (at < end && *at == '"') {
        read_quoted(&field, at, end, delimiter);
        return field;
    }
    field.begin = at;
    while (at < end && *at != delimiter && *at != '\n' && *at != '\r') at++;
    field.stop = stop_at(at, end, delimiter, &field.next);
    while (at > field.begin && is_blank(at[-1], delimiter)) at--;
    field.end = at;
    return field;
}

/* How many fields the row at *at has; *at moves behind it. A line without anything is 0. */
static size_t count_fields(const char **at, const char *end, char delimiter) {
    size_t count = 0;
    gd_field field;
    do {
        field = read_field(*at, end, delimiter);
        if (count == 0 && field.stop != GD_STOP_DELIMITER && field.begin == field.end && !field.quoted) {
            *at = field.next;
            return 0;
        }
        count++;
        *at = field.next;
    } while (field.stop == GD_STOP_DELIMITER);
    return count;
}

/* A delimiter that splits the first rows into as many fields each, more than one; else the one that splits the first row most. */
static char find_delimiter(const char *begin, const char *end) {
    enum { ROWS = 50, BYTES = 1 << 20 };
    static const char candidates[] = {'\t', ';', ','};
    size_t most = 1;
    char best = ',';
    if (end - begin > BYTES) end = begin + BYTES;
    for (int i = 0; i < 3; i++) {
        const char *at = begin;
        size_t first = 0, rows = 0;
        bool even = true;
        while (at < end && rows < ROWS) {
            const size_t count = count_fields(&at, end, candidates[i]);
            if (count == 0 || (at == end && rows > 0 && end - begin == BYTES)) continue; /* the last one may have been cut */
            if (first == 0) first = count;
            even = even && count == first;
            rows++;
        }
        if (even && first > 1) return candidates[i];
        if (first <= most) continue;
        most = first;
        best = candidates[i];
    }
    return best;
}

/* Excel's first line "sep=;" names the delimiter and is no row. */
static const char *skip_separator_line(const char *at, const char *end, char *delimiter) {
    if (end - at < 5 || strncmp(at, "sep=", 4) != 0 || !strchr(",;\t", at[4])) return at;
    const char *next, *behind = at + 5;
    if (behind < end && *behind != '\n' && *behind != '\r') return at;
    if (*delimiter == 0) *delimiter = at[4];
    (void)stop_at(behind, end, 0, &next);
    return next;
}

typedef struct gd_splitter {
    gradus_context *context;
    gd_csv *csv;
    const char *at, *end;
    char *to;
    size_t line, expected_line; /* of what is at `at`; of the next row, if no line jumped */
} gd_splitter;

static size_t count_lines(const char *at, const char *end) {
    size_t lines = 0;
    for (; at < end; at++) lines += *at == '\n' || (*at == '\r' && (at + 1 == end || at[1] != '\n'));
    return lines;
}

/* Moves the field's text to its place, which is never behind where it stands, and takes the doubling from its quotes. */
static void store_field(gd_splitter *s, const gd_field *field) {
    const size_t size = (size_t)(field->end - field->begin);
    if (!field->quoted || !memchr(field->begin, '"', size)) {
        memmove(s->to, field->begin, size);
        s->to += size;
    } else {
        for (const char *at = field->begin; at < field->end; at++) {
            *s->to++ = *at;
            if (*at == '"') at++;
        }
    }
}

static gradus_status bad_quote(const gd_splitter *s, const gd_field *field) {
    const char *path = s->csv->path;
    if (field->stop == GD_STOP_OPEN_QUOTE)
        return gd_fail(s->context, GRADUS_BAD_DATA, "%s: line %zu opens a quote (\") that nothing closes", path, s->line);
    return gd_fail(s->context, GRADUS_BAD_DATA, "%s: line %zu has text behind a closing quote (\"): a quote inside a quoted field is written twice",
                   path, s->line);
}

/* One row; its number of fields, or 0 for an empty line. */
static gradus_status split_row(gd_splitter *s, size_t *count) {
    gd_field field;
    const size_t first_line = s->line;
    *count = 0;
    do {
        field = read_field(s->at, s->end, s->csv->delimiter);
        if (field.stop >= GD_STOP_OPEN_QUOTE) return bad_quote(s, &field);
        const bool nothing = *count == 0 && field.stop != GD_STOP_DELIMITER && field.begin == field.end && !field.quoted;
        if (field.quoted) s->line += count_lines(field.begin, field.end);
        if (!nothing) {
            store_field(s, &field);
            ++*count;
        }
        s->at = field.next; /* before the 0, which may come to stand on the delimiter */
        if (!nothing) *s->to++ = 0;
        s->line += field.stop == GD_STOP_LINE;
    } while (field.stop == GD_STOP_DELIMITER && *count <= GD_MOST_COLUMNS);
    if (*count == 0) return GRADUS_OK;
    if (first_line != s->expected_line) {
        const gd_jump jump = {s->csv->rows, first_line};
        gd_write_bytes(&s->csv->jumps, &jump, sizeof jump);
    }
    s->expected_line = first_line + 1;
    return GRADUS_OK;
}

static gradus_status split(gd_splitter *s) {
    gd_csv *csv = s->csv;
    while (s->at < s->end) {
        size_t count, line = s->line;
        gradus_status status = split_row(s, &count);
        if (status) return status;
        if (count == 0) continue;
        if (count > GD_MOST_COLUMNS)
            return gd_fail(s->context, GRADUS_BAD_DATA, "%s: line %zu has more than %d fields, the most that a table may have", csv->path, line,
                           GD_MOST_COLUMNS);
        if (csv->rows == 0) csv->columns = count;
        if (count != csv->columns)
            return gd_fail(s->context, GRADUS_BAD_DATA, "%s: line %zu has %zu field%s, expected %zu, as line %zu has: add or remove fields there",
                           csv->path, line, count, count == 1 ? "" : "s", csv->columns, gd_csv_line(csv, 0));
        csv->rows++;
    }
    if (csv->jumps.failed) return gd_fail(s->context, GRADUS_OUT_OF_MEMORY, "%s: no memory for its lines", csv->path);
    return csv->rows > 0 ? GRADUS_OK : gd_fail(s->context, GRADUS_BAD_DATA, "%s: the file is empty: expected a table", csv->path);
}

gradus_status gd_csv_read(gradus_context *context, const char *path, char delimiter, gd_csv *csv) {
    size_t size;
    *csv = (gd_csv){.allocator = context->allocator, .path = strcmp(path, "-") == 0 ? "standard input" : path, .delimiter = delimiter};
    csv->jumps = gd_writer_make(&csv->allocator);
    gradus_status status = gd_csv_load(context, path, &csv->text, &size, &csv->capacity);
    if (status) return status;
    const char *begin = csv->text, *end = begin + size;
    if (size >= 3 && memcmp(begin, "\xEF\xBB\xBF", 3) == 0) begin += 3;
    const char *first = skip_separator_line(begin, end, &csv->delimiter);
    if (csv->delimiter == 0) csv->delimiter = find_delimiter(first, end);
    gd_splitter splitter = {context, csv, first, end, csv->text, first > begin ? 2 : 1, 1};
    status = split(&splitter);
    if (status) gd_csv_free(csv);
    return status;
}

void gd_csv_free(gd_csv *csv) {
    gd_release(&csv->allocator, csv->text, csv->capacity);
    gd_writer_free(&csv->jumps);
    csv->text = NULL;
}

size_t gd_csv_line(const gd_csv *csv, size_t row) {
    const size_t count = csv->jumps.size / sizeof(gd_jump);
    size_t line = row + 1;
    for (size_t i = 0; i < count; i++) {
        gd_jump jump;
        memcpy(&jump, csv->jumps.data + i * sizeof jump, sizeof jump);
        if (jump.row <= row) line = jump.line + (row - jump.row);
    }
    return line;
}

const char *gd_csv_next(const char *field) { return field + strlen(field) + 1; }
