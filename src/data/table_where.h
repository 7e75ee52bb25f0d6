/* Where in a table something is, for messages. */
#ifndef GD_DATA_TABLE_WHERE_H
#define GD_DATA_TABLE_WHERE_H

#include <stdio.h>
#include <string.h>

#include "data/table.h"
#include "format/utf8.h"

typedef struct gd_where {
    char text[400];
} gd_where;

/* "FILE: column 2 (width)". */
static inline gd_where gd_where_column(const gd_table *table, const gradus_schema *schema, size_t column, size_t known) {
    gd_where where;
    char name[64] = "";
    if (schema->named && known < schema->column_count) gd_copy_printable(name, sizeof name, gd_schema_column_name(schema, known));
    snprintf(where.text, sizeof where.text, "%.240s: column %zu%s%s%s", table->csv.path, column + 1, name[0] ? " (" : "", name, name[0] ? ")" : "");
    return where;
}

/* "FILE: row 3 (line 4), column 2 (width)": `row` counts the file's, from 0; the message the samples, from 1. */
static inline gd_where gd_where_field(const gd_table *table, const gradus_schema *schema, size_t row, size_t column, size_t known) {
    gd_where where, in_column = gd_where_column(table, schema, column, known);
    const char *rest = in_column.text + strnlen(table->csv.path, 240);
    snprintf(where.text, sizeof where.text, "%.240s: row %zu (line %zu), %.140s", table->csv.path, row + 1 - table->header,
             gd_csv_line(&table->csv, row), rest + 2);
    return where;
}

/* The field at a row (from 0) and column. */
static inline const char *gd_table_field(const gd_table *table, size_t row, size_t column) {
    const char *field = table->csv.text;
    for (size_t i = row * table->csv.columns + column; i > 0; i--) field = gd_csv_next(field);
    return field;
}

typedef struct gd_shown {
    char text[48];
} gd_shown;

/* A value from a file, cut and without control characters. */
static inline gd_shown gd_show(const char *value) {
    gd_shown shown;
    gd_copy_printable(shown.text, sizeof shown.text, value);
    return shown;
}

#endif
