/* Names and texts of status codes, and the versions. */
#include <gradus/status.h>
#include <gradus/version.h>

#include <stddef.h>

typedef struct status_entry {
    gradus_status status;
    const char *name, *text;
} status_entry;

#define STATUS_ENTRY(number, name, text) {(number), "GRADUS_" #name, text},
static const status_entry statuses[] = {GRADUS_STATUS_MAP(STATUS_ENTRY)};
#undef STATUS_ENTRY

static status_entry find(gradus_status status) {
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status) return statuses[i];
    return (status_entry){status, "GRADUS_UNKNOWN", "unknown status"};
}

const char *gradus_status_name(gradus_status status) { return find(status).name; }

const char *gradus_status_text(gradus_status status) { return find(status).text; }

const char *gradus_version(void) { return GRADUS_VERSION; }

const char *gradus_numerics_version(void) { return GRADUS_NUMERICS_VERSION; }
