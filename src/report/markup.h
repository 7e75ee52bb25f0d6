/* Text for HTML and SVG, in which nothing a caller gives can become markup. */
#ifndef GD_REPORT_MARKUP_H
#define GD_REPORT_MARKUP_H

#include "base/io.h"

/* Appends the format, which is markup, with its fields filled in:
 *   %s  const char *: text, escaped for content and quoted attributes; NULL is empty
 *   %n  double: a coordinate, to a tenth
 *   %g  double: a number for people, four digits; "not finite"
 *   %u  size_t
 *   %%  a percent sign */
void gd_write_markup(gd_writer *out, const char *format, ...);

/* Text, escaped. Bytes that are not UTF-8, control characters and marks that reorder text become U+FFFD, line breaks and tabs become blanks.
 * Shortened: at most `columns` of gd_text_columns' columns, the last one being an ellipsis where text is missing. */
void gd_write_escaped(gd_writer *out, const char *text);
void gd_write_shortened(gd_writer *out, const char *text, size_t columns);

/* About how wide the text is, in letters; characters of scripts with wide ones count twice. */
size_t gd_text_columns(const char *text);

/* A number for people, as %g above. */
void gd_print_value(char text[32], double value);

void gd_write_base64(gd_writer *out, const uint8_t *data, size_t size);

#endif
