/* Delimited text in memory, as rows of fields: CSV and its kin (RFC 4180, and what people make of it). */
#ifndef GD_DATA_CSV_H
#define GD_DATA_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/io.h"

/* All fields, row after row, each with a 0 behind it: quotes and blanks around them are gone, and no field holds a 0. */
typedef struct gd_csv {
    gradus_allocator allocator;
    const char *path;
    char *text;
    size_t capacity, rows, columns;
    char delimiter;
    gd_writer jumps; /* where a row's line in the file is not the one after the row's before: gd_csv_jump */
} gd_csv;

/* Reads a whole file, plain or gzip, or a pipe ("-": standard input), in about its size of memory. Lines end with LF, CRLF or CR; empty ones are
 * skipped; a byte order mark and Excel's "sep=;" line are understood. Text that is not UTF-8 is taken for Latin-1. delimiter 0: found.
 * Errors: IO, OUT_OF_MEMORY, BAD_DATA (no text, an open quote, rows of unequal lengths, too many columns; with path and line). */
gradus_status gd_csv_read(gradus_context *context, const char *path, char delimiter, gd_csv *csv);
void gd_csv_free(gd_csv *csv);

/* The line of the file, from 1, on which row `row` (from 0) begins. */
size_t gd_csv_line(const gd_csv *csv, size_t row);

/* The field after this one; the one after a row's last is the next row's first. */
const char *gd_csv_next(const char *field);

/* csv_load.c: the file as UTF-8 text, text[0 .. *size), capacity > *size, no 0 in it. */
gradus_status gd_csv_load(gradus_context *context, const char *path, char **text, size_t *size, size_t *capacity);

#endif
