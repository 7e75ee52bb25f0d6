/* NumPy files: every type, order and version that is read, archives, and the message each kind of bad one gets. */
#include <zlib.h>

#include "tables.h"

/* A file that is put together byte by byte. */
typedef struct bytes {
    uint8_t data[8192];
    size_t size;
} bytes;

static void add(bytes *b, const void *data, size_t size) {
    cr_assert_leq(b->size + size, sizeof b->data);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void add_number(bytes *b, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) add(b, &(uint8_t){i < 8 ? (uint8_t)(value >> (8 * i)) : 0}, 1);
}

/* An .npy header, padded as NumPy does. */
static void add_header(bytes *b, int version, const char *type, bool fortran, const char *shape) {
    char text[256];
    const size_t before = version == 1 ? 10 : 12;
    int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }", type, fortran ? "True" : "False", shape);
    while ((before + (size_t)n + 1) % 64 != 0) text[n++] = ' ';
    text[n++] = '\n';
    add(b, "\x93NUMPY", 6);
    add_number(b, (uint64_t)version, 2);
    add_number(b, (uint64_t)n, version == 1 ? 2 : 4);
    add(b, text, (size_t)n);
}

/* The six values 1 to 6, as a type of this kind and size. */
static void add_values(bytes *b, const char *type, const double *values, size_t count) {
    const size_t item = (size_t)(type[2] - '0');
    for (size_t i = 0; i < count; i++) {
        const int64_t whole = (int64_t)values[i];
        const float single = (float)values[i];
        uint8_t raw[8], turned[8];
        memcpy(raw, type[1] == 'f' ? item == 4 ? (const void *)&single : (const void *)&values[i] : (const void *)&whole, item);
        for (size_t j = 0; j < item; j++) turned[j] = raw[type[0] == '>' ? item - 1 - j : j];
        add(b, turned, item);
    }
}

static gradus_status open_array(place *p, const bytes *b) { return open_bytes(p, b->data, b->size); }

static void refuses_bytes(place *p, const bytes *b, gradus_status wanted, const char *part) {
    cr_expect_eq(open_array(p, b), wanted);
    cr_expect_null(p->train);
    says(p, p->path);
    says(p, part);
}

Test(npy, every_type_and_order_is_read) {
    static const char *const types[] = {"<f4", ">f4", "<f8", ">f8", "|i1", "<i2", ">i2", "<i4",
                                        ">i4", "<i8", ">i8", "|u1", "<u2", ">u4", "<u8", "=f4"};
    const double rows[] = {1, 2, 3, 4, 5, 6}, columns[] = {1, 4, 2, 5, 3, 6};
    place p;
    arrive(&p);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        for (int version = 1; version <= 3; version++)
            for (int fortran = 0; fortran < 2; fortran++) {
                bytes b = {.size = 0};
                add_header(&b, version, types[i], fortran, "2, 3");
                add_values(&b, types[i], fortran ? columns : rows, 6);
                cr_assert_eq(open_array(&p, &b), GRADUS_OK, "%s: %s", types[i], gradus_context_message(p.context));
                cr_expect(gradus_dataset_samples(p.train) == 2 && gradus_dataset_inputs(p.train).columns == 2);
                cr_expect(input(p.train, 0, 1) == 2.0f && input(p.train, 1, 0) == 4.0f && target(p.train, 0) == 3.0 && target(p.train, 1) == 6.0,
                          "%s", types[i]);
            }
    bytes b = {.size = 0};
    add_header(&b, 1, "|b1", false, "2, 2");
    add(&b, "\0\1\7\0", 4);
    cr_assert_eq(open_array(&p, &b), GRADUS_OK);
    cr_expect(input(p.train, 1, 0) == 1.0f && target(p.train, 0) == 1.0);
    leave(&p);
}

Test(npy, columns_and_tasks_are_chosen) {
    const double values[] = {1, 2, 30, 4, 5, 6, 10, 8, 9, 10, 30, 12};
    place p;
    bytes b = {.size = 0};
    arrive(&p);
    add_header(&b, 1, "<f8", false, "3, 4");
    add_values(&b, "<f8", values, 12);
    p.config.targets = "3";
    p.config.ignore = "1";
    p.config.task = GRADUS_TASK_CLASSIFICATION;
    cr_assert_eq(open_array(&p, &b), GRADUS_OK, "%s", gradus_context_message(p.context));
    cr_expect(gradus_dataset_classes(p.train) == 2 && target(p.train, 0) == 1.0 && target(p.train, 1) == 0.0 && input(p.train, 2, 1) == 12.0f);
    cr_expect_str_eq(gradus_schema_class_name(gradus_dataset_schema(p.train), 1), "30");
    gradus_schema *schema;
    gradus_dataset *set;
    cr_assert_eq(gradus_schema_copy(p.context, gradus_dataset_schema(p.train), &schema), GRADUS_OK);
    forget(&p);
    cr_assert_eq(gradus_dataset_open_as(p.context, p.path, schema, 0, &set), GRADUS_OK);
    cr_expect(target(set, 2) == 1.0 && input(set, 2, 1) == 12.0f);
    gradus_dataset_destroy(p.context, set);
    cr_assert_eq(open_text_as(&p, "1,2,30,4\n", schema, 0, &set), GRADUS_OK); /* a table, by position */
    cr_expect(target(set, 0) == 1.0 && input(set, 0, 0) == 2.0f && input(set, 0, 1) == 4.0f);
    gradus_dataset_destroy(p.context, set);
    b.size = 0;
    add_header(&b, 1, "<f8", false, "4, 3"); /* without the target */
    add_values(&b, "<f8", values, 12);
    write_file(&p, b.data, b.size);
    cr_assert_eq(gradus_dataset_open_as(p.context, p.path, schema, GRADUS_OPEN_TARGETS_OPTIONAL, &set), GRADUS_OK);
    cr_expect(gradus_dataset_samples(set) == 4 && input(set, 0, 1) == 30.0f && !gradus_dataset_targets(set).data);
    gradus_dataset_destroy(p.context, set);
    cr_expect_eq(gradus_dataset_open_as(p.context, p.path, schema, 0, &set), GRADUS_BAD_DATA);
    gradus_schema_destroy(p.context, schema);
    leave(&p);
}

Test(npy, missing_values_are_as_in_tables) {
    double values[] = {1, 2, 0, 4, 5, 6};
    place p;
    bytes b = {.size = 0};
    arrive(&p);
    values[2] = 0.0 / values[2];
    add_header(&b, 1, "<f4", false, "3, 2");
    add_values(&b, "<f4", values, 6);
    refuses_bytes(&p, &b, GRADUS_BAD_DATA, "row 2, column 1: a missing value (NaN)");
    p.config.missing = GRADUS_MISSING_DROP;
    cr_assert_eq(open_array(&p, &b), GRADUS_OK);
    cr_expect(gradus_dataset_samples(p.train) == 2 && target(p.train, 1) == 6.0);
    p.config.missing = GRADUS_MISSING_MEAN;
    cr_assert_eq(open_array(&p, &b), GRADUS_OK);
    cr_expect(input(p.train, 1, 0) == 3.0f);
    b.size = 0;
    add_header(&b, 1, "<f8", false, "2, 2");
    add_values(&b, "<f8", (double[]){1, 2, 1e300, 3}, 4);
    refuses_bytes(&p, &b, GRADUS_BAD_DATA, "row 2, column 1: 1e+300 is not a finite fp32 number");
    leave(&p);
}

Test(npy, malformed_files_are_refused) {
    static const struct {
        const char *header, *part;
        gradus_status status;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", "malformed", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", "malformed", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", "malformed", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3)}", "malformed", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}", "malformed", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3)}", "malformed", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", "malformed", GRADUS_BAD_DATA},
        {"{'fortran_order': False, 'shape': (2, 3)}", "malformed", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", "malformed", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}", "2 x 4 elements of 4 bytes, but 24 bytes follow", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", "but 24 bytes follow", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", "1 columns: expected", GRADUS_BAD_DATA},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)}", "3 dimensions", GRADUS_BAD_DATA},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (3,)}", "type <c8", GRADUS_UNSUPPORTED},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (3, 4)}", "type <f2", GRADUS_UNSUPPORTED},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", "type record", GRADUS_UNSUPPORTED},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (6,)}", "type |O", GRADUS_UNSUPPORTED},
    };
    place p;
    arrive(&p);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bytes b = {.size = 0};
        add(&b, "\x93NUMPY\1\0", 8);
        add_number(&b, strlen(cases[i].header), 2);
        add(&b, cases[i].header, strlen(cases[i].header));
        add(&b, "abcdefghijklmnopqrstuvwx", 24);
        refuses_bytes(&p, &b, cases[i].status, cases[i].part);
    }
    bytes b = {.size = 0};
    add_header(&b, 1, "<f4", false, "2, 3");
    b.data[6] = 4;
    refuses_bytes(&p, &b, GRADUS_BAD_DATA, "version");
    for (size_t n = 6; n < b.size; n += 7) {
        cr_expect_eq(open_bytes(&p, b.data, n), GRADUS_BAD_DATA);
    }
    leave(&p);
}

/* A member as zip archives have it, stored or deflated, and its entry in the list at the end. */
typedef struct zip {
    bytes file, list;
    unsigned members;
    size_t skipped; /* zeros in the file that are not in `file` */
    bool bad_extra; /* extra fields that say they are longer than they are */
} zip;

/* What stands before a member's content, and its entry in the list. */
static void add_entry(zip *z, const char *name, bool deflated, uint32_t crc, size_t packed_size, size_t size) {
    const size_t at = z->file.size + z->skipped, n = strlen(name);
    for (int list = 0; list < 2; list++) {
        bytes *to = list ? &z->list : &z->file;
        const bool extra = list && z->bad_extra;
        add_number(to, list ? 0x02014b50 : 0x04034b50, 4);
        if (list) add_number(to, 20, 2);
        add_number(to, 20, 2);
        add_number(to, 0, 2);
        add_number(to, deflated ? 8 : 0, 2);
        add_number(to, 0, 4);
        add_number(to, crc, 4);
        add_number(to, list ? packed_size : UINT32_MAX, 4); /* as NumPy writes them: real sizes are in the list */
        add_number(to, list ? size : UINT32_MAX, 4);
        add_number(to, n, 2);
        add_number(to, extra ? 8 : 0, 2);
        if (list) {
            add_number(to, 0, 2 + 2 + 2 + 4);
            add_number(to, at, 4);
        }
        add(to, name, n);
        if (extra)
            add(to,
                "up\xFF\x7F"
                "1234",
                8);
    }
    z->members++;
}

static void add_member(zip *z, const char *name, const bytes *content, bool deflate_it) {
    static uint8_t packed[16384];
    uLongf size = sizeof packed;
    const uint32_t crc = (uint32_t)crc32(0, content->data, (uInt)content->size);
    if (deflate_it) { /* a zlib stream is a deflate stream between 2 and 4 bytes */
        cr_assert_eq(compress2(packed, &size, content->data, content->size, 9), Z_OK);
        size -= 6;
        memmove(packed, packed + 2, size);
    } else {
        size = content->size;
        memcpy(packed, content->data, size);
    }
    add_entry(z, name, deflate_it, crc, size, content->size);
    add(&z->file, packed, size);
}

static void end_zip(zip *z) {
    const size_t at = z->file.size + z->skipped;
    add(&z->file, z->list.data, z->list.size);
    add_number(&z->file, 0x06054b50, 4);
    add_number(&z->file, 0, 4);
    add_number(&z->file, z->members, 2);
    add_number(&z->file, z->members, 2);
    add_number(&z->file, z->list.size, 4);
    add_number(&z->file, at, 4);
    add_number(&z->file, 0, 2);
}

static bytes array(const char *type, const char *shape, const double *values, size_t count) {
    bytes b = {.size = 0};
    add_header(&b, 1, type, false, shape);
    add_values(&b, type, values, count);
    return b;
}

static const double counted[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, labels[] = {3, 7, 3};

Test(npy, archives_have_a_training_and_a_test_set) {
    place p;
    arrive(&p);
    for (int packed = 0; packed < 2; packed++) {
        zip z = {.bad_extra = packed};
        const bytes x = array("|u1", "3, 2, 2", counted, 12), y = array("<i8", "3", labels, 3), x2 = array("|u1", "2, 2, 2", counted, 8),
                    y2 = array("<i4", "2, 1", labels, 2);
        add_member(&z, "Y_train.npy", &y, packed);
        add_member(&z, "x_train.npy", &x, packed);
        add_member(&z, "x_test.npy", &x2, packed);
        add_member(&z, "y_test.npy", &y2, !packed);
        end_zip(&z);
        cr_assert_eq(open_bytes(&p, z.file.data, z.file.size), GRADUS_OK, "%s", gradus_context_message(p.context));
        cr_expect(gradus_dataset_samples(p.train) == 3 && gradus_dataset_samples(p.test) == 2 && gradus_dataset_height(p.test) == 2);
        cr_expect(gradus_dataset_inputs(p.train).dtype == GRADUS_DTYPE_U8 && input(p.train, 2, 3) == 12.0f && input(p.test, 1, 0) == 5.0f);
        cr_expect(gradus_dataset_classes(p.train) == 2 && target(p.train, 1) == 1.0 && target(p.test, 0) == 0.0 && target(p.test, 1) == 1.0);
        cr_expect(gradus_dataset_is_test(p.test) && !strcmp(gradus_schema_class_name(gradus_dataset_schema(p.train), 1), "7"));
        gradus_dataset *set;
        cr_assert_eq(gradus_dataset_open_as(p.context, p.path, gradus_dataset_schema(p.train), 0, &set), GRADUS_OK);
        cr_expect_eq(gradus_dataset_samples(set), 2);
        gradus_dataset_destroy(p.context, set);
    }
    leave(&p);
}

static void expect_archive(place *p, const char *inputs, const bytes *x, const char *targets, const bytes *y, const char *part) {
    zip z = {.members = 0};
    if (x) add_member(&z, inputs, x, false);
    if (y) add_member(&z, targets, y, true);
    end_zip(&z);
    const gradus_status status = open_bytes(p, z.file.data, z.file.size);
    cr_expect_eq(status, part ? GRADUS_BAD_DATA : GRADUS_OK, "%s", gradus_context_message(p->context));
    if (part) says(p, part);
}

Test(npy, archives_hold_arrays_of_known_names) {
    place p;
    arrive(&p);
    const bytes x = array("<f4", "3, 4", counted, 12), y = array("<f8", "3", labels, 3), y2 = array("<f8", "3, 2", counted, 6),
                short_y = array("<f8", "2", labels, 2), same = array("<i8", "3", (double[]){1, 1, 1}, 3);
    expect_archive(&p, "data.npy", &x, "target.npy", &y, NULL);
    cr_expect(gradus_dataset_classes(p.train) == 0 && target(p.train, 1) == 7.0 && gradus_dataset_inputs(p.train).columns == 4);
    expect_archive(&p, "X.npy", &x, "y.npy", &y2, NULL);
    cr_expect(gradus_dataset_targets(p.train).columns == 2 && target(p.train, 3) == 4.0);
    expect_archive(&p, "arr_0.npy", &x, "arr_1.npy", &y, NULL);
    expect_archive(&p, "a.npy", &x, "b.npy", &y, "there are: a.npy, b.npy");
    expect_archive(&p, "x.npy", &x, NULL, NULL, "there is an array x, but none of its targets");
    expect_archive(&p, NULL, NULL, NULL, NULL, "there are: none");
    expect_archive(&p, "x.npy", &x, "y.npy", &short_y, "x has 3 samples of 4 elements, y has 2");
    expect_archive(&p, "x.npy", &x, "y.npy", &same, "every label is 1");
    p.config.task = GRADUS_TASK_CLASSIFICATION;
    expect_archive(&p, "x.npy", &x, "y.npy", &y, NULL);
    cr_expect_eq(gradus_dataset_classes(p.train), 2);
    expect_archive(&p, "x.npy", &x, "y.npy", &y2, "2 targets a sample: expected one");
    leave(&p);
}

/* Whichever allocation fails, the file's, zlib's or the data set's: an error, and all is given back. */
Test(npy, a_failed_allocation_is_an_error_that_leaks_nothing) {
    const bytes x = array("<f4", "3, 4", counted, 12), y = array("<i8", "3", labels, 3), matrix = array("<f8", "6, 2", counted, 12);
    zip z = {.members = 0};
    add_member(&z, "x.npy", &x, true);
    add_member(&z, "y.npy", &y, true);
    add_member(&z, "x_test.npy", &x, false);
    add_member(&z, "y_test.npy", &y, true);
    end_zip(&z);
    const bytes *const files[] = {&z.file, &matrix, &x};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        for (size_t refuse = 1;; refuse++) {
            place p;
            arrive(&p);
            p.config.task = i == 1 ? GRADUS_TASK_CLASSIFICATION : GRADUS_TASK_AUTO;
            p.counter.refuse_at = p.counter.asked + refuse;
            const gradus_status status = open_array(&p, files[i]);
            const bool refused = p.counter.refused;
            cr_expect_eq(status, refused ? GRADUS_OUT_OF_MEMORY : GRADUS_OK, "allocation %zu: %d %s", refuse, status,
                         gradus_context_message(p.context));
            cr_expect(!refused || (!p.train && !p.test));
            leave(&p);
            if (!refused) break;
            cr_assert_lt(refuse, 200);
        }
}

/* Cut anywhere, or any byte another: an error or a data set, never a crash; all is released. */
Test(npy, damaged_archives_do_no_harm) {
    place p;
    zip z = {.members = 0};
    arrive(&p);
    const bytes x = array("<f4", "3, 4", counted, 12), y = array("<i8", "3", labels, 3);
    add_member(&z, "x.npy", &x, true);
    add_member(&z, "y.npy", &y, false);
    end_zip(&z);
    for (size_t n = 4; n < z.file.size; n += 3) cr_expect_neq(open_bytes(&p, z.file.data, n), GRADUS_OK, "%zu", n);
    for (size_t i = 4; i < z.file.size; i++) {
        z.file.data[i] ^= 0x55;
        const gradus_status status = open_bytes(&p, z.file.data, z.file.size);
        cr_expect(status == GRADUS_OK || status == GRADUS_BAD_DATA || status == GRADUS_UNSUPPORTED, "byte %zu: %d", i, status);
        z.file.data[i] ^= 0x55;
    }
    leave(&p);
}

/* From 64 MiB on arrays stay in their files: no memory is taken for them. The file is sparse. */
Test(npy, large_arrays_are_mapped) {
    enum { ROWS = 1 << 20, COLUMNS = 17 };
    place p;
    bytes b = {.size = 0};
    float last[COLUMNS];
    arrive(&p);
    add_header(&b, 1, "<f4", false, "1048576, 17");
    write_file(&p, b.data, b.size);
    FILE *file = fopen(p.path, "r+b");
    for (int i = 0; i < COLUMNS; i++) last[i] = (float)i;
    cr_assert_eq(fseek(file, (long)(b.size + (ROWS - 1) * sizeof last), SEEK_SET), 0);
    cr_assert(fwrite(last, sizeof last, 1, file) == 1 && fclose(file) == 0);
    cr_assert_eq(gradus_dataset_open(p.context, p.path, NULL, &p.train, &p.test), GRADUS_OK, "%s", gradus_context_message(p.context));
    const gradus_tensor inputs = gradus_dataset_inputs(p.train);
    cr_expect(inputs.rows == ROWS && inputs.columns == COLUMNS - 1 && inputs.row_stride == COLUMNS);
    cr_expect(input(p.train, ROWS - 1, 15) == 15.0f && target(p.train, ROWS - 1) == 16.0);
    cr_expect_lt(p.counter.live_bytes, (size_t)ROWS * 4 + (1 << 20));
    gradus_dataset *train, *held;
    cr_assert_eq(gradus_dataset_split(p.context, p.train, 0.0001, 1, &train, &held), GRADUS_OK);
    cr_expect(gradus_dataset_inputs(held).row_stride == COLUMNS - 1 && gradus_dataset_samples(held) == 105);
    gradus_dataset_destroy(p.context, train);
    gradus_dataset_destroy(p.context, held);
    leave(&p);
}

/* The same in an archive, where inputs are stored: pictures of 65 MiB of zeros, which take no memory. */
Test(npy, large_members_are_mapped) {
    enum { ROWS = 65 << 10, SIDE = 32, PIXELS = ROWS * SIDE * SIDE };
    place p;
    zip z = {.members = 0};
    bytes x = {.size = 0}, y = {.size = 0};
    arrive(&p);
    add_header(&x, 1, "|u1", false, "66560, 32, 32");
    add_header(&y, 1, "|u1", false, "66560");
    add_entry(&z, "x.npy", false, 0, x.size + PIXELS, x.size + PIXELS);
    add(&z.file, x.data, x.size);
    const size_t before = z.file.size;
    z.skipped = PIXELS;
    add_entry(&z, "y.npy", false, 0, y.size + ROWS, y.size + ROWS);
    add(&z.file, y.data, y.size);
    const size_t middle = z.file.size;
    z.skipped += ROWS;
    end_zip(&z);
    write_file(&p, z.file.data, before);
    FILE *file = fopen(p.path, "r+b");
    cr_assert(fseek(file, (long)before + PIXELS, SEEK_SET) == 0 && fwrite(z.file.data + before, middle - before, 1, file) == 1);
    cr_assert(fputc(3, file) == 3 && fseek(file, (long)middle + PIXELS + ROWS, SEEK_SET) == 0);
    cr_assert(fwrite(z.file.data + middle, z.file.size - middle, 1, file) == 1 && fclose(file) == 0);
    cr_assert_eq(gradus_dataset_open(p.context, p.path, NULL, &p.train, &p.test), GRADUS_OK, "%s", gradus_context_message(p.context));
    cr_expect(gradus_dataset_samples(p.train) == ROWS && gradus_dataset_height(p.train) == SIDE && gradus_dataset_classes(p.train) == 2);
    cr_expect(target(p.train, 0) == 1.0 && target(p.train, 1) == 0.0 && input(p.train, ROWS - 1, 1023) == 0.0f);
    cr_expect_lt(p.counter.live_bytes, 1 << 20);
    leave(&p);
}
