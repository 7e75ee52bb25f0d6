/* The parts of gd_threads_choose (base/phases.h) that tests reach with texts and folders of their own. */
#ifndef GD_BASE_THREADS_H
#define GD_BASE_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whole CPUs of a quota, rounded down, at least 1; 0: no limit, or no such text. cgroup v2's cpu.max ("150000 100000", "max 100000"); v1's
 * cpu.cfs_quota_us and cpu.cfs_period_us ("-1" is no limit). */
uint32_t gd_quota_v2(const char *cpu_max);
uint32_t gd_quota_v1(const char *quota, const char *period);

/* The group of controller `controller` ("cpu"; "" is cgroup v2's line) in the text of /proc/self/cgroup, copied to path[size]. false: none, or too
 * long. */
bool gd_cgroup_path(const char *proc_self_cgroup, const char *controller, char *path, size_t size);

/* The smallest quota of this process's groups and all above them, read below `root` ("" as usual); 0: none. */
uint32_t gd_cgroup_quota(const char *root);

#endif
