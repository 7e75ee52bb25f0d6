/* How many threads to use: the environment's texts, the affinity mask, the cgroup's CPU quota. */
#include "base/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/affinity.h"
#include "base/phases.h"
#include "base/pool.h"

enum { TEXT_SIZE = 4096 };

static uint32_t whole_cpus(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return 0;
    long long cpus = quota / period;
    if (cpus < 1) return 1;
    return cpus < GD_MOST_THREADS ? (uint32_t)cpus : GD_MOST_THREADS;
}

uint32_t gd_quota_v2(const char *cpu_max) {
    char *end;
    long long quota = strtoll(cpu_max, &end, 10); /* "max" is no number: 0 */
    return whole_cpus(quota, strtoll(end, NULL, 10));
}

uint32_t gd_quota_v1(const char *quota, const char *period) { return whole_cpus(strtoll(quota, NULL, 10), strtoll(period, NULL, 10)); }

/* Whether `word` is one of a list "cpu,cpuacct" of `length` characters; the empty list has the empty word. */
static bool lists(const char *list, size_t length, const char *word) {
    size_t wanted = strlen(word);
    const char *end = list + length;
    for (const char *item = list; item <= end; item++) {
        const char *comma = memchr(item, ',', (size_t)(end - item));
        const char *stop = comma ? comma : end;
        if ((size_t)(stop - item) == wanted && memcmp(item, word, wanted) == 0) return true;
        item = stop;
    }
    return false;
}

/* Lines are "number:controllers:path". */
bool gd_cgroup_path(const char *proc_self_cgroup, const char *controller, char *path, size_t size) {
    for (const char *line = proc_self_cgroup; *line;) {
        size_t length = strcspn(line, "\n");
        const char *first = memchr(line, ':', length);
        const char *second = first ? memchr(first + 1, ':', length - (size_t)(first + 1 - line)) : NULL;
        if (second && lists(first + 1, (size_t)(second - first - 1), controller)) {
            size_t count = length - (size_t)(second + 1 - line);
            if (count >= size) return false;
            memcpy(path, second + 1, count);
            path[count] = 0;
            return true;
        }
        line += length + (line[length] == '\n');
    }
    return false;
}

/* The file's text, at most size - 1 characters of it; "" where there is none. */
static void read_text(const char *path, char *text, size_t size) {
    ssize_t got = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        got = read(file, text, size - 1);
        close(file);
    }
    text[got > 0 ? got : 0] = 0;
}

static void read_group_file(const char *mount, const char *group, const char *name, char *text, size_t size) {
    char path[TEXT_SIZE];
    int length = snprintf(path, sizeof path, "%s%s/%s", mount, group, name);
    text[0] = 0;
    if (length > 0 && (size_t)length < sizeof path) read_text(path, text, size);
}

static uint32_t group_quota(const char *mount, const char *group) {
    char text[64], period[64];
    read_group_file(mount, group, "cpu.max", text, sizeof text);
    if (text[0]) return gd_quota_v2(text);
    read_group_file(mount, group, "cpu.cfs_quota_us", text, sizeof text);
    read_group_file(mount, group, "cpu.cfs_period_us", period, sizeof period);
    return gd_quota_v1(text, period);
}

static uint32_t smaller_quota(uint32_t a, uint32_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

/* The smallest quota from `group` up to the mount's own folder. A group that is not seen below the mount (a container's view of itself) leaves the
 * latter. */
static uint32_t smallest_quota(const char *mount, char *group) {
    uint32_t quota = 0;
    for (;;) {
        size_t length = strlen(group);
        while (length > 0 && group[length - 1] == '/') group[--length] = 0;
        quota = smaller_quota(quota, group_quota(mount, group));
        char *slash = strrchr(group, '/');
        if (!slash) return quota;
        *slash = 0;
    }
}

uint32_t gd_cgroup_quota(const char *root) {
    static const struct {
        const char *controller, *mount;
    } places[] = {{"", "/sys/fs/cgroup"}, {"cpu", "/sys/fs/cgroup/cpu"}, {"cpu", "/sys/fs/cgroup/cpu,cpuacct"}};
    char path[TEXT_SIZE], text[TEXT_SIZE], group[TEXT_SIZE];
    uint32_t quota = 0;
    read_group_file(root, "", "proc/self/cgroup", text, sizeof text);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int length = snprintf(path, sizeof path, "%s%s", root, places[i].mount);
        if (length < 0 || (size_t)length >= sizeof path) continue;
        if (gd_cgroup_path(text, places[i].controller, group, sizeof group)) quota = smaller_quota(quota, smallest_quota(path, group));
    }
    return quota;
}

/* A number from 1 on, the first of a list, blanks around it allowed: "4", " 8,2". 0: malformed. More than the most is the most. */
static uint32_t read_count(const char *text) {
    char *end;
    text += strspn(text, " \t");
    if (*text < '0' || *text > '9') return 0;
    unsigned long long count = strtoull(text, &end, 10);
    end += strspn(end, " \t");
    if (*end != 0 && *end != ',') return 0;
    return count < GD_MOST_THREADS ? (uint32_t)count : GD_MOST_THREADS;
}

static bool is_given(const char *text) { return text && text[strspn(text, " \t")] != 0; }

static uint32_t usable_cpus(void) {
    cpu_set_t cpus;
    long online;
    if (gd_affinity_read(&cpus)) return (uint32_t)CPU_COUNT(&cpus);
    online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 1;
}

static void choose_by_machine(uint32_t *threads, const char **reason) {
    int saved = errno;
    uint32_t cpus = usable_cpus();
    uint32_t quota = gd_cgroup_quota("");
    *threads = smaller_quota(cpus, quota);
    *reason = quota != 0 && quota < cpus ? "cgroup CPU quota" : "CPU affinity";
    if (*threads > GD_MOST_THREADS) *threads = GD_MOST_THREADS;
    errno = saved;
}

int gd_threads_choose(const char *gradus_num_threads, const char *omp_num_threads, uint32_t *threads, const char **reason) {
    if (!is_given(gradus_num_threads) && !is_given(omp_num_threads)) {
        choose_by_machine(threads, reason);
        return true;
    }
    bool own = is_given(gradus_num_threads);
    int saved = errno;
    *reason = own ? "GRADUS_NUM_THREADS" : "OMP_NUM_THREADS";
    *threads = read_count(own ? gradus_num_threads : omp_num_threads);
    errno = saved;
    return *threads != 0;
}
