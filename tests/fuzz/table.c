/* Fuzzes tables: the first byte chooses the config, the rest is the file. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int descriptor;
    gradus_dataset *train, *test;
    gradus_dataset_config config;
    gradus_dataset_config_init(&config);
    if (size < 2) return 0;
    config.missing = 1 + data[0] % 5;
    config.task = 1 + data[0] / 5 % 3;
    config.header = 1 + data[0] / 15 % 3;
    if (data[0] >= 128) config.targets = "1";
    const char *path = fuzz_file(data + 1, size - 1, &descriptor);
    if (gradus_dataset_open(fuzz_context(), path, &config, &train, &test) == GRADUS_OK) {
        fuzz_used += fuzz_look(train);
        fuzz_again(path, train);
    }
    gradus_dataset_destroy(fuzz_context(), train);
    gradus_dataset_destroy(fuzz_context(), test);
    close(descriptor);
    return 0;
}
