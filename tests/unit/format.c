/* JSON and safetensors: what is written is read back; what is not well-formed is refused with a message, without a crash or a leak. */
#include <locale.h>
#include <math.h>

#include "base/context.h"
#include "format/safetensors.h"

#include "files.h"

/* -- writing JSON -- */

Test(json, writes_every_kind_of_value) {
    gradus_allocator allocator = gd_default_allocator();
    gd_writer out = gd_writer_make(&allocator);
    gd_json_writer json = {&out, false};
    gd_json_begin_object(&json, NULL);
    gd_json_string(&json, "text", "a\"b\\c\n\x01\xC3\xA9\xFF");
    gd_json_integer(&json, "whole", UINT64_MAX);
    gd_json_number(&json, "number", 0.1);
    gd_json_number(&json, "none", NAN);
    gd_json_begin_array(&json, "list");
    gd_json_bool(&json, NULL, true);
    gd_json_begin_object(&json, NULL);
    gd_json_end_object(&json);
    gd_json_number(&json, NULL, INFINITY);
    gd_json_end_array(&json);
    gd_json_bool(&json, "last", false);
    gd_json_end_object(&json);
    gd_write_bytes(&out, "", 1);
    cr_assert(!out.failed);
    cr_assert_str_eq((const char *)out.data,
                     "{\"text\":\"a\\\"b\\\\c\\u000a\\u0001\xC3\xA9\xEF\xBF\xBD\",\"whole\":18446744073709551615,\"number\":0.1,\"none\":null,"
                     "\"list\":[true,{},null],\"last\":false}");
    gd_writer_free(&out);
}

Test(json, numbers_are_short_and_exact) {
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0"}, {-0.0, "-0"}, {1.0, "1"}, {0.1, "0.1"}, {1.0 / 3.0, "0.3333333333333333"}, {1e300, "1e+300"}, {5e-324, "4.94065645841247e-324"}};
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gd_json_print_number(text, cases[i].value);
        cr_assert_str_eq(text, cases[i].text);
        double back = strtod(text, NULL);
        cr_assert_eq(memcmp(&back, &cases[i].value, sizeof back), 0, "%s", text);
    }
    uint64_t random = 1;
    for (int i = 0; i < 100000; i++) {
        double value, back;
        random = random * 6364136223846793005u + 1442695040888963407u;
        memcpy(&value, &random, sizeof value);
        if (!isfinite(value)) continue;
        gd_json_print_number(text, value);
        back = strtod(text, NULL);
        cr_assert_eq(memcmp(&back, &value, sizeof back), 0, "%s", text);
    }
}

Test(json, a_comma_locale_changes_nothing) {
    char text[32];
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL && setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL)
        cr_skip_test("no locale with a decimal comma here");
    gd_json_print_number(text, -1.5e-7);
    cr_assert_str_eq(text, "-1.5e-07");
}

/* -- reading JSON -- */

static gradus_status parse(gradus_context *context, const char *source, size_t size, char *text, gd_json *json) {
    memcpy(text, source, size);
    return gd_json_parse(context, "here", text, size, json);
}

Test(json, reads_what_is_well_formed) {
    static const char *const good[] = {"{}",
                                       " [ ] ",
                                       "{\"a\":[1,-2.5e+3,true,false,null,\"x\",{}],\"b\":{\"c\":\"\"}}\n",
                                       "\"\\u00e9\\ud83d\\ude00\\n\\/\"",
                                       "[[[[[[[[]]]]]]]]",
                                       "[\"[[[[[[[[[[\"]",
                                       "[0.0,1E9,-0]"};
    counting counter;
    gradus_context *context = counting_context(&counter);
    size_t held = counter.live_bytes;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[200];
        gd_json json;
        cr_assert_eq(parse(context, good[i], strlen(good[i]), text, &json), GRADUS_OK, "%s: %s", good[i], gradus_context_message(context));
        gd_json_free(&context->allocator, &json);
    }
    cr_assert_eq(counter.live_bytes, held);
    gradus_context_destroy(context);
    counting_check(&counter);
}

Test(json, refuses_what_is_not) {
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      "{]",
                                      "[}",
                                      "{}{}",
                                      "[]x",
                                      "x[]",
                                      "[,]",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}",
                                      "{1:2}",
                                      "{\"a\":1:2}",
                                      "[\"a\":1]",
                                      "{\"a\":\"b\":\"c\"}",
                                      "[1:2]",
                                      "[tru]",
                                      "[trueish]",
                                      "[nul]",
                                      "[01]",
                                      "[+1]",
                                      "[-]",
                                      "[1.]",
                                      "[.5]",
                                      "[1e]",
                                      "[1e+]",
                                      "[0x10]",
                                      "[NaN]",
                                      "[--1]",
                                      "[1-2]",
                                      "[\"a]",
                                      "[\"\\x\"]",
                                      "[\"\\u12\"]",
                                      "[\"\\u12g4\"]",
                                      "[\"\\ud800\"]",
                                      "[\"\\udc00\"]",
                                      "[\"\\ud800\\u0041\"]",
                                      "[\"\\u0000\"]",
                                      "[\"\n\"]",
                                      "[\"\xFF\"]",
                                      "[\"\xC0\x80\"]",
                                      "[\"\xED\xA0\x80\"]",
                                      "[\"\xF4\x90\x80\x80\"]",
                                      "[\"\xC3\"]",
                                      "[[[[[[[[[]]]]]]]]]",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":1,\"\\u0061\":2}",
                                      "[{\"k\":{\"a\":[],\"b\":1,\"a\":[]}}]",
                                      "[1]\"",
                                      "\"a\" \"b\"",
                                      "{\"a\":1}]"};
    counting counter;
    gradus_context *context = counting_context(&counter);
    size_t held = counter.live_bytes;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[200];
        gd_json json;
        cr_assert_eq(parse(context, bad[i], strlen(bad[i]), text, &json), GRADUS_BAD_DATA, "accepted: %s", bad[i]);
        cr_assert_eq(strncmp(gradus_context_message(context), "here: ", 6), 0);
    }
    char zero[] = "[1,\0002]", text[16];
    gd_json json;
    cr_assert_eq(parse(context, zero, sizeof zero - 1, text, &json), GRADUS_BAD_DATA);
    cr_assert_eq(counter.live_bytes, held);
    gradus_context_destroy(context);
    counting_check(&counter);
}

Test(json, finds_its_way) {
    static const char source[] =
        "{\"a\":{\"x\":[1,[2,3]],\"y\":\"\\u00e9\"},\"b\\n\":18446744073709551615,\"c\":18446744073709551616,\"d\":-1,\"e\":1.5}";
    counting counter;
    gradus_context *context = counting_context(&counter);
    char text[sizeof source];
    gd_json json;
    uint64_t number;
    cr_assert_eq(parse(context, source, sizeof source - 1, text, &json), GRADUS_OK);
    cr_assert_eq(gd_json_type_of(&json, 0), GD_JSON_OBJECT);
    cr_assert_eq(gd_json_length(&json, 0), 5);
    size_t a = gd_json_find(&json, 0, "a"), b = gd_json_find(&json, 0, "b\n");
    cr_assert(a != 0 && b != 0 && gd_json_find(&json, 0, "x") == 0 && gd_json_find(&json, 0, "") == 0);
    cr_assert_eq(gd_json_next(&json, gd_json_first(0)) + 1, b);
    cr_assert(gd_json_unsigned(&json, b, &number) && number == UINT64_MAX);
    cr_assert(!gd_json_unsigned(&json, gd_json_find(&json, 0, "c"), &number));
    cr_assert(!gd_json_unsigned(&json, gd_json_find(&json, 0, "d"), &number));
    cr_assert(!gd_json_unsigned(&json, gd_json_find(&json, 0, "e"), &number));
    cr_assert_str_eq(gd_json_text(&json, gd_json_find(&json, a, "y")), "\xC3\xA9");
    size_t x = gd_json_find(&json, a, "x");
    cr_assert_eq(gd_json_length(&json, x), 2);
    size_t inner = gd_json_next(&json, gd_json_first(x));
    cr_assert(gd_json_type_of(&json, inner) == GD_JSON_ARRAY && gd_json_length(&json, inner) == 2);
    gd_json_free(&context->allocator, &json);
    gradus_context_destroy(context);
    counting_check(&counter);
}

/* -- safetensors -- */

#define A(type, shape, begin, end) "\"a\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"
#define B(begin, end) "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #begin "," #end "]}"

Test(safetensors, refuses_what_does_not_fit) {
    static const struct {
        const char *header;
        size_t data;
        gradus_status status;
    } cases[] = {
        {"{}", 0, GRADUS_OK},
        {"{" A("F32", "[2,3]", 0, 24) "}", 24, GRADUS_OK},
        {"{" A("F32", "[]", 0, 4) "," B(4, 8) "}", 8, GRADUS_OK},
        {"{" B(4, 8) "," A("F32", "[1]", 0, 4) "}", 8, GRADUS_OK}, /* any order in the header */
        {"{" A("F32", "[0,7]", 0, 0) "," B(0, 4) "}   ", 4, GRADUS_OK},
        {"{" B(0, 4) "," A("F32", "[0,7]", 0, 0) "}", 4, GRADUS_OK},
        {"{\"__metadata__\":{\"k\":\"v\"}," B(0, 4) "}", 4, GRADUS_OK},
        {" {}", 0, GRADUS_BAD_DATA},
        {"[]", 0, GRADUS_BAD_DATA},
        {"{}", 1, GRADUS_BAD_DATA},
        {"{" A("F32", "[2,3]", 0, 24) "}", 23, GRADUS_BAD_DATA},
        {"{" A("F32", "[2,3]", 0, 24) "}", 25, GRADUS_BAD_DATA},
        {"{" A("F32", "[2,3]", 0, 20) "}", 20, GRADUS_BAD_DATA},
        {"{" A("F32", "[2,3]", 24, 0) "}", 24, GRADUS_BAD_DATA},
        {"{" A("F99", "[2,3]", 0, 24) "}", 24, GRADUS_BAD_DATA},
        {"{" A("F32", "[2,-3]", 0, 24) "}", 24, GRADUS_BAD_DATA},
        {"{" A("F32", "[2,3.0]", 0, 24) "}", 24, GRADUS_BAD_DATA},
        {"{" A("F32", "6", 0, 24) "}", 24, GRADUS_BAD_DATA},
        {"{" A("F32", "[\"6\"]", 0, 24) "}", 24, GRADUS_BAD_DATA},
        {"{" A("F32", "[1,1,1,1,1,1,1,1,6]", 0, 24) "}", 24, GRADUS_BAD_DATA},
        {"{" A("F32", "[4611686018427387904,4]", 0, 0) "}", 0, GRADUS_BAD_DATA}, /* 2^62*4*4 bytes wrap to 0 */
        {"{" A("F32", "[18446744073709551615,2]", 0, 8) "}", 8, GRADUS_BAD_DATA},
        {"{" A("F32", "[1]", 0, 4) "," B(5, 9) "}", 9, GRADUS_BAD_DATA}, /* a hole */
        {"{" A("F32", "[1]", 0, 4) "," B(3, 7) "}", 7, GRADUS_BAD_DATA}, /* an overlap */
        {"{" A("F32", "[1]", 0, 4) "," B(0, 4) "}", 4, GRADUS_BAD_DATA},
        {"{" B(1, 5) "}", 5, GRADUS_BAD_DATA},
        {"{" B(0, 4) "," B(4, 8) "}", 8, GRADUS_BAD_DATA}, /* one name twice */
        {"{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}", 4, GRADUS_BAD_DATA},
        {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", 4, GRADUS_BAD_DATA},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, GRADUS_BAD_DATA},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4,4]}}", 4, GRADUS_BAD_DATA},
        {"{\"a\":{\"dtype\":8,\"shape\":[4],\"data_offsets\":[0,4]}}", 4, GRADUS_BAD_DATA},
        {"{\"a\":[0,4]}", 4, GRADUS_BAD_DATA},
        {"{\"__metadata__\":{\"k\":1}}", 0, GRADUS_BAD_DATA},
        {"{\"__metadata__\":[]}", 0, GRADUS_BAD_DATA},
    };
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    size_t held = counter.live_bytes;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gd_safetensors read;
        put_header(&file, cases[i].header, cases[i].data);
        cr_assert_eq(gd_safetensors_read(context, file.path, SIZE_MAX, &read), cases[i].status, "%s with %zu bytes", cases[i].header, cases[i].data);
        if (cases[i].status == GRADUS_OK) {
            gd_safetensors_free(&read);
        } else {
            cr_assert_not_null(strstr(gradus_context_message(context), file.path));
        }
        cr_assert_eq(counter.live_bytes, held, "%s", cases[i].header);
    }
    drop(&file);
    gradus_context_destroy(context);
    counting_check(&counter);
}

Test(safetensors, refuses_headers_that_lie) {
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {{"", 0},
                 {"\2\0\0\0\0\0\0", 7},
                 {"\0\0\0\0\0\0\0\0", 8},
                 {"\3\0\0\0\0\0\0\0{}", 10},
                 {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F{}", 10},
                 {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10}};
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gd_safetensors read;
        put(&file, cases[i].bytes, cases[i].size);
        cr_assert_eq(gd_safetensors_read(context, file.path, SIZE_MAX, &read), GRADUS_BAD_DATA, "case %zu", i);
    }
    drop(&file);
    gradus_context_destroy(context);
    counting_check(&counter);
}

Test(safetensors, reads_back_what_it_writes) {
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    const gd_safetensors_note notes[] = {{"key", "value"}, {"quoted \"", "line\nbreak"}};
    const gd_safetensor tensors[] = {{.name = "first", .dtype = "F32", .dimensions = 2, .shape = {1, 2}}, {.name = "scalar", .dtype = "U8"}};
    const float values[] = {1.0f, -2.0f};
    gd_writer out = gd_writer_make(&context->allocator);
    cr_assert(gd_safetensors_write_header(&out, notes, 2, tensors, 2));
    cr_assert_eq(out.size % 8, 0);
    gd_write_f32le(&out, values, 2);
    gd_write_bytes(&out, "\7", 1);
    put(&file, out.data, out.size);
    gd_writer_free(&out);

    gd_safetensors read;
    cr_assert_eq(gd_safetensors_read(context, file.path, SIZE_MAX, &read), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(read.count, 2);
    cr_assert_str_eq(gd_safetensors_metadata(&read, "quoted \""), "line\nbreak");
    cr_assert_null(gd_safetensors_metadata(&read, "first"));
    const gd_safetensor *first = gd_safetensors_find(&read, "first"), *scalar = gd_safetensors_find(&read, "scalar");
    cr_assert(first != NULL && scalar != NULL && gd_safetensors_find(&read, "third") == NULL);
    cr_assert(first->dimensions == 2 && first->shape[0] == 1 && first->shape[1] == 2 && first->size == 8);
    cr_assert_eq(memcmp(first->data, "\0\0\x80\x3F\0\0\0\xC0", 8), 0);
    cr_assert(scalar->dimensions == 0 && scalar->size == 1 && *scalar->data == 7);
    gd_safetensors_free(&read);
    drop(&file);
    gradus_context_destroy(context);
    counting_check(&counter);
}

Test(safetensors, does_not_write_sizes_that_overflow) {
    counting counter;
    gradus_context *context = counting_context(&counter);
    const gd_safetensor large = {.name = "a", .dtype = "F64", .dimensions = 2, .shape = {UINT64_C(1) << 40, UINT64_C(1) << 40}};
    const gd_safetensor unknown = {.name = "a", .dtype = "F65", .dimensions = 0};
    gd_writer out = gd_writer_make(&context->allocator);
    cr_assert(!gd_safetensors_write_header(&out, NULL, 0, &large, 1));
    cr_assert(!gd_safetensors_write_header(&out, NULL, 0, &unknown, 1));
    gd_writer_free(&out);
    gradus_context_destroy(context);
    counting_check(&counter);
}
