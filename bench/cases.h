/* The lists of cases: each function registers its own. */
#ifndef GD_BENCH_CASES_H
#define GD_BENCH_CASES_H

void gd_bench_add_limits(void);
void gd_bench_add_steps(void);
void gd_bench_add_functions(void);
void gd_bench_add_products(void);
void gd_bench_add_nets(void);

/* How many threads cases are measured with: 1, 2, 4, ... up to the process's CPUs; 0 past the last. */
unsigned gd_bench_threads(unsigned index);

#endif
