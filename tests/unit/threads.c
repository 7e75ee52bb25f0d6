/* How many threads to use: the environment's texts, cgroup files, whole trees of them in a temporary folder. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/phases.h"
#include "base/threads.h"

static uint32_t chosen(const char *own, const char *omp, const char *wanted_reason) {
    uint32_t threads = 0;
    const char *reason = "";
    cr_assert(gd_threads_choose(own, omp, &threads, &reason));
    cr_assert_str_eq(reason, wanted_reason);
    return threads;
}

static void check_malformed(const char *own, const char *omp, const char *variable) {
    uint32_t threads;
    const char *reason = "";
    cr_assert_not(gd_threads_choose(own, omp, &threads, &reason), "'%s' '%s' was taken", own ? own : "", omp ? omp : "");
    cr_assert_str_eq(reason, variable);
}

Test(threads, variables) {
    cr_assert_eq(chosen("3", "5", "GRADUS_NUM_THREADS"), 3);
    cr_assert_eq(chosen(NULL, "5", "OMP_NUM_THREADS"), 5);
    cr_assert_eq(chosen("", "5", "OMP_NUM_THREADS"), 5);
    cr_assert_eq(chosen("2", "rubbish", "GRADUS_NUM_THREADS"), 2);
    cr_assert_eq(chosen(NULL, "4,2", "OMP_NUM_THREADS"), 4);
    cr_assert_eq(chosen(NULL, " 6 , 3", "OMP_NUM_THREADS"), 6);
    cr_assert_eq(chosen("256", NULL, "GRADUS_NUM_THREADS"), 256);
    cr_assert_eq(chosen("257", NULL, "GRADUS_NUM_THREADS"), 256);
    cr_assert_eq(chosen("99999999999999999999999", NULL, "GRADUS_NUM_THREADS"), 256);
}

Test(threads, malformed_variables) {
    static const char *const texts[] = {"0", "-1", "+2", "two", "2x", "1.5", "1e3", ",2", "0x4", "2 3"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_malformed(texts[i], "2", "GRADUS_NUM_THREADS");
        check_malformed(NULL, texts[i], "OMP_NUM_THREADS");
    }
}

Test(threads, affinity) {
    cpu_set_t all, one;
    uint32_t threads;
    const char *reason;
    errno = 1234;
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    cr_assert(gd_threads_choose(NULL, NULL, &threads, &reason));
    cr_assert(threads >= 1 && threads <= (uint32_t)CPU_COUNT(&all));
    cr_assert_eq(errno, 1234);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &all)) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) cr_skip_test("the affinity mask cannot be set here");
    cr_assert_eq(chosen(NULL, NULL, "CPU affinity"), 1);
}

Test(threads, quotas) {
    cr_assert_eq(gd_quota_v2("max 100000\n"), 0);
    cr_assert_eq(gd_quota_v2("150000 100000\n"), 1);
    cr_assert_eq(gd_quota_v2("400000 100000\n"), 4);
    cr_assert_eq(gd_quota_v2("399999 100000"), 3);
    cr_assert_eq(gd_quota_v2("1000 100000"), 1);
    cr_assert_eq(gd_quota_v2("9000000000 1000"), 256);
    cr_assert_eq(gd_quota_v2(""), 0);
    cr_assert_eq(gd_quota_v2("100000"), 0);
    cr_assert_eq(gd_quota_v2("100000 0"), 0);
    cr_assert_eq(gd_quota_v1("-1\n", "100000\n"), 0);
    cr_assert_eq(gd_quota_v1("250000\n", "100000\n"), 2);
    cr_assert_eq(gd_quota_v1("50000\n", "100000\n"), 1);
    cr_assert_eq(gd_quota_v1("", ""), 0);
}

static const char hybrid[] = "12:name=systemd:/init\n4:cpuset:/a\n3:cpu,cpuacct:/docker/0123\n0::/user.slice/x\n";

Test(threads, cgroup_paths) {
    char path[32];
    cr_assert(gd_cgroup_path(hybrid, "cpu", path, sizeof path));
    cr_assert_str_eq(path, "/docker/0123");
    cr_assert(gd_cgroup_path(hybrid, "", path, sizeof path));
    cr_assert_str_eq(path, "/user.slice/x");
    cr_assert(gd_cgroup_path("1:cpuacct,cpu:/b:c", "cpu", path, sizeof path));
    cr_assert_str_eq(path, "/b:c");
    cr_assert_not(gd_cgroup_path("4:cpuset:/a\n5:cpuacct:/b\n", "cpu", path, sizeof path));
    cr_assert_not(gd_cgroup_path("4:cpuset:/a\n", "", path, sizeof path));
    cr_assert_not(gd_cgroup_path("", "cpu", path, sizeof path));
    cr_assert_not(gd_cgroup_path("no line\n:\n", "cpu", path, sizeof path));
    cr_assert_not(gd_cgroup_path(hybrid, "cpu", path, 12), "a path that does not fit was taken");
    cr_assert(gd_cgroup_path(hybrid, "cpu", path, 13));
}

/* -- whole trees -- */

static void make_folders(char *path, size_t from) {
    for (char *slash = path + from + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        (void)mkdir(path, 0777);
        *slash = '/';
    }
}

static void put(const char *root, const char *name, const char *text) {
    char path[512];
    cr_assert_lt(snprintf(path, sizeof path, "%s/%s", root, name), (int)sizeof path);
    make_folders(path, strlen(root));
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static void make_root(char root[32]) {
    strcpy(root, "/tmp/gradus-cgroup-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
}

static void remove_root(const char *root) {
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    cr_assert_eq(system(command), 0);
}

Test(threads, cgroup_v2_tree) {
    char root[32];
    make_root(root);
    cr_assert_eq(gd_cgroup_quota(root), 0);
    put(root, "proc/self/cgroup", "0::/a/b/c\n");
    cr_assert_eq(gd_cgroup_quota(root), 0);
    put(root, "sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    cr_assert_eq(gd_cgroup_quota(root), 0);
    put(root, "sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
    cr_assert_eq(gd_cgroup_quota(root), 8);
    put(root, "sys/fs/cgroup/a/cpu.max", "350000 100000\n"); /* the one above is tighter */
    cr_assert_eq(gd_cgroup_quota(root), 3);
    put(root, "sys/fs/cgroup/z/cpu.max", "100000 100000\n"); /* not ours */
    cr_assert_eq(gd_cgroup_quota(root), 3);
    remove_root(root);
}

/* A container sees its own group as the mount's root, whatever /proc says. */
Test(threads, cgroup_of_a_container) {
    char root[32];
    make_root(root);
    put(root, "proc/self/cgroup", "0::/\n");
    put(root, "sys/fs/cgroup/cpu.max", "200000 100000\n");
    cr_assert_eq(gd_cgroup_quota(root), 2);
    put(root, "proc/self/cgroup", "0::/system.slice/docker-77.scope\n");
    cr_assert_eq(gd_cgroup_quota(root), 2);
    remove_root(root);
}

Test(threads, cgroup_v1_trees) {
    static const char *const mounts[] = {"cpu", "cpu,cpuacct"};
    for (size_t i = 0; i < 2; i++) {
        char root[32], name[128];
        make_root(root);
        put(root, "proc/self/cgroup", hybrid);
        snprintf(name, sizeof name, "sys/fs/cgroup/%s/docker/0123/cpu.cfs_quota_us", mounts[i]);
        put(root, name, "600000\n");
        cr_assert_eq(gd_cgroup_quota(root), 0, "a quota without a period");
        snprintf(name, sizeof name, "sys/fs/cgroup/%s/docker/0123/cpu.cfs_period_us", mounts[i]);
        put(root, name, "100000\n");
        cr_assert_eq(gd_cgroup_quota(root), 6);
        remove_root(root);
    }
}
