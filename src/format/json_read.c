/* The JSON reader. jsmn finds the tokens; it forgives wrong punctuation, so that, primitives, strings, depth and keys are checked here. */
#include "format/json.h"

#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "base/context.h"
#include "base/memory.h"
#include "base/number.h"
#include "format/utf8.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* jsmn takes quadratic time on deep texts and stops silently at a 0, so both are looked for first. */
static const char *check_depth(const char *text, size_t size) {
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == 0) return "it holds a 0 byte";
        if (in_string) {
            if (c == '\\') i++;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > GD_JSON_MAX_DEPTH) return "it is nested too deeply";
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return NULL;
}

static jsmntok_t *token_at(const gd_json *json, size_t index) { return (jsmntok_t *)json->tokens + index; }

/* Where a token's text begins and ends, quotes included. */
static size_t outer_start(const jsmntok_t *token) { return (size_t)token->start - (token->type == JSMN_STRING); }
static size_t outer_end(const jsmntok_t *token) { return (size_t)token->end + (token->type == JSMN_STRING); }

/* Whether text[from, to) is the separator (0: nothing) amid white space. */
static bool is_gap(const gd_json *json, size_t from, size_t to, char separator) {
    bool wanted = separator != 0;
    for (size_t i = from; i < to; i++) {
        if (is_space(json->text[i])) continue;
        if (!wanted || json->text[i] != separator) return false;
        wanted = false;
    }
    return !wanted;
}

static size_t skip_digits(const char *text, size_t at, size_t size) {
    while (at < size && is_digit(text[at])) at++;
    return at;
}

static bool is_number(const char *text, size_t size) {
    size_t at = size > 0 && text[0] == '-';
    size_t end = skip_digits(text, at, size);
    if (end == at || (text[at] == '0' && end > at + 1)) return false;
    at = end;
    if (at < size && text[at] == '.') {
        end = skip_digits(text, at + 1, size);
        if (end == at + 1) return false;
        at = end;
    }
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < size && (text[at] == '+' || text[at] == '-')) at++;
        end = skip_digits(text, at, size);
        if (end == at) return false;
        at = end;
    }
    return at == size;
}

static bool is_primitive(const char *text, size_t size) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (size == strlen(words[i]) && memcmp(text, words[i], size) == 0) return true;
    }
    return is_number(text, size);
}

static size_t check_value(const gd_json *json, size_t index);

/* The same for a container: gaps, keys, children. */
static size_t check_container(const gd_json *json, size_t index) {
    const jsmntok_t *token = token_at(json, index);
    size_t at = (size_t)token->start + 1;
    size_t child = index + 1;
    for (int i = 0; i < token->size; i++) {
        if (child >= json->count || !is_gap(json, at, outer_start(token_at(json, child)), i > 0 ? ',' : 0)) return 0;
        if (token->type == JSMN_OBJECT) {
            const jsmntok_t *key = token_at(json, child++);
            if (key->type != JSMN_STRING || key->size != 1 || child >= json->count) return 0;
            if (!is_gap(json, outer_end(key), outer_start(token_at(json, child)), ':')) return 0;
        }
        at = outer_end(token_at(json, child));
        child = check_value(json, child);
        if (child == 0) return 0;
    }
    return is_gap(json, at, (size_t)token->end - 1, 0) ? child : 0;
}

/* Checks the punctuation and primitives of the value at `index`; returns the index after its subtree, or 0, and notes it as the token's
 * `parent`, which
 * is of no more use. Recursion is bounded by check_depth. */
static size_t check_value(const gd_json *json, size_t index) {
    if (index >= json->count) return 0;
    jsmntok_t *token = token_at(json, index);
    size_t next = 0;
    switch (token->type) {
    case JSMN_STRING:
        next = token->size == 0 ? index + 1 : 0;
        break;
    case JSMN_PRIMITIVE:
        if (token->size == 0 && is_primitive(json->text + token->start, (size_t)(token->end - token->start))) next = index + 1;
        break;
    default:
        next = check_container(json, index);
        break;
    }
    token->parent = (int)next;
    return next;
}

static bool check_structure(const gd_json *json, size_t size) {
    return json->count > 0 && check_value(json, 0) == json->count && is_gap(json, 0, outer_start(token_at(json, 0)), 0) &&
           is_gap(json, outer_end(token_at(json, 0)), size, 0);
}

/* Four hexadecimal digits at text[at], or UINT32_MAX. */
static uint32_t read_hex(const char *text, size_t at, size_t size) {
    uint32_t code = 0;
    if (size - at < 4) return UINT32_MAX;
    for (size_t i = at; i < at + 4; i++) {
        char c = text[i];
        if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) return UINT32_MAX;
        code = code << 4 | (uint32_t)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return code;
}

/* The character of the \uXXXX (or pair of them) whose digits begin at *at, which moves behind it; 0 where it is none or U+0000. */
static uint32_t read_unicode_escape(const char *text, size_t *at, size_t size) {
    uint32_t code = read_hex(text, *at, size);
    if (code == UINT32_MAX || (code >= 0xDC00 && code < 0xE000)) return 0;
    *at += 4;
    if (code < 0xD800 || code >= 0xE000) return code;
    if (size - *at < 6 || text[*at] != '\\' || text[*at + 1] != 'u') return 0;
    uint32_t low = read_hex(text, *at + 2, size);
    if (low < 0xDC00 || low >= 0xE000) return 0;
    *at += 6;
    return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
}

static char plain_escape(char c) {
    static const char letters[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    const char *found = strchr(letters, c);
    return found != NULL ? characters[found - letters] : 0;
}

/* Takes the escapes out of text[0, size) in place (which never lengthens it) and puts a 0 behind it, at the latest over the closing quote. */
static bool unescape(char *text, size_t size, int *new_size) {
    size_t at = 0, to = 0;
    while (at < size) {
        if (text[at] == '\\') {
            if (size - at < 2) return false;
            char escape = text[at + 1];
            at += 2;
            uint32_t code = escape == 'u' ? read_unicode_escape(text, &at, size) : (uint8_t)plain_escape(escape);
            if (code == 0) return false;
            to += gd_utf8_encode(code, text + to);
        } else {
            size_t n = gd_utf8_length((const uint8_t *)text + at, size - at);
            if (n == 0 || (uint8_t)text[at] < 0x20) return false;
            memmove(text + to, text + at, n);
            at += n;
            to += n;
        }
    }
    text[to] = 0;
    *new_size = (int)to;
    return true;
}

static bool unescape_strings(gd_json *json) {
    for (size_t i = 0; i < json->count; i++) {
        jsmntok_t *token = token_at(json, i);
        int size = token->end - token->start;
        if (token->type != JSMN_STRING) continue;
        if (!unescape(json->text + token->start, (size_t)size, &size)) return false;
        token->end = token->start + size;
    }
    return true;
}

static const char *check_keys(const gd_json *json) {
    for (size_t i = 0; i < json->count; i++) {
        if (token_at(json, i)->type != JSMN_OBJECT) continue;
        size_t length = gd_json_length(json, i);
        if (length > GD_JSON_MAX_MEMBERS) return "an object has too many members";
        size_t key = gd_json_first(i);
        for (size_t k = 0; k < length; k++, key = gd_json_next(json, key)) {
            if (gd_json_find(json, i, gd_json_text(json, key)) != key + 1) return "a key appears twice in an object";
        }
    }
    return NULL;
}

/* Everything but memory. NULL, or what is wrong. */
static const char *check(gd_json *json, size_t size) {
    static const char malformed[] = "it is not well-formed JSON";
    if (!check_structure(json, size)) return malformed;
    if (!unescape_strings(json)) return "a string is not well-formed";
    return check_keys(json);
}

gradus_status gd_json_parse(gradus_context *context, const char *where, char *text, size_t size, gd_json *json) {
    enum { LARGEST = 1 << 30 };
    memset(json, 0, sizeof *json);
    const char *wrong = size > LARGEST ? "it is too long" : check_depth(text, size);
    if (wrong != NULL) return gd_fail(context, GRADUS_BAD_DATA, "%s: %s", where, wrong);

    jsmn_parser parser;
    jsmn_init(&parser);
    int tokens = jsmn_parse(&parser, text, size, NULL, 0);
    if (tokens <= 0) return gd_fail(context, GRADUS_BAD_DATA, "%s: it is not well-formed JSON", where);
    if ((size_t)tokens > size / 4 + 16) return gd_fail(context, GRADUS_BAD_DATA, "%s: it has too many values for its length", where);

    void *memory = NULL;
    size_t capacity = (size_t)tokens * sizeof(jsmntok_t);
    gradus_status status = gd_context_allocate(context, capacity, where, &memory);
    if (status != GRADUS_OK) return status;
    gd_json parsed = {text, memory, (size_t)tokens, capacity};
    jsmn_init(&parser);
    wrong = jsmn_parse(&parser, text, size, memory, (unsigned)tokens) == tokens ? check(&parsed, size) : "it is not well-formed JSON";
    if (wrong != NULL) {
        gd_json_free(&context->allocator, &parsed);
        return gd_fail(context, GRADUS_BAD_DATA, "%s: %s", where, wrong);
    }
    *json = parsed;
    return GRADUS_OK;
}

void gd_json_free(const gradus_allocator *allocator, gd_json *json) {
    gd_release(allocator, json->tokens, json->capacity);
    memset(json, 0, sizeof *json);
}

gd_json_type gd_json_type_of(const gd_json *json, size_t value) {
    switch (token_at(json, value)->type) {
    case JSMN_OBJECT:
        return GD_JSON_OBJECT;
    case JSMN_ARRAY:
        return GD_JSON_ARRAY;
    case JSMN_STRING:
        return GD_JSON_STRING;
    default:
        return GD_JSON_PRIMITIVE;
    }
}

size_t gd_json_length(const gd_json *json, size_t container) { return (size_t)token_at(json, container)->size; }

size_t gd_json_next(const gd_json *json, size_t value) {
    const jsmntok_t *token = token_at(json, value);
    bool is_key = token->type == JSMN_STRING && token->size == 1;
    return (size_t)token_at(json, value + is_key)->parent;
}

size_t gd_json_find(const gd_json *json, size_t object, const char *key) {
    size_t member = gd_json_first(object);
    for (size_t i = gd_json_length(json, object); i > 0; i--, member = gd_json_next(json, member)) {
        if (strcmp(gd_json_text(json, member), key) == 0) return member + 1;
    }
    return 0;
}

const char *gd_json_text(const gd_json *json, size_t string) { return json->text + token_at(json, string)->start; }

bool gd_json_unsigned(const gd_json *json, size_t value, uint64_t *result) {
    const jsmntok_t *token = token_at(json, value);
    if (token->type != JSMN_PRIMITIVE || !is_digit(json->text[token->start])) return false;
    uint64_t number = 0;
    for (int i = token->start; i < token->end; i++) {
        char c = json->text[i];
        if (!is_digit(c)) return false;
        uint64_t digit = (uint64_t)(c - '0');
        if (number > (UINT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *result = number;
    return true;
}

bool gd_json_double(const gd_json *json, size_t value, double *result) {
    const jsmntok_t *token = token_at(json, value);
    return token->type == JSMN_PRIMITIVE && gd_parse_double(json->text + token->start, (size_t)(token->end - token->start), result);
}

bool gd_json_is_word(const gd_json *json, size_t value, const char *word) {
    const jsmntok_t *token = token_at(json, value);
    const size_t size = (size_t)(token->end - token->start);
    return token->type == JSMN_PRIMITIVE && size == strlen(word) && memcmp(json->text + token->start, word, size) == 0;
}
