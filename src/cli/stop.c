/* The program's signal handlers: the only mutable state outside main's stack. */
#include "cli/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static volatile sig_atomic_t arrived;
static _Atomic(gradus_context *) watched;

static void on_signal(int signal_number) {
    arrived = signal_number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    gradus_context *context = atomic_load(&watched);
    if (context != NULL) gradus_interrupt(context);
}

void gd_stop_watch(gradus_context *context) {
    atomic_store(&watched, context);
    if (context == NULL || arrived != 0) return;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int gd_stop_signal(void) { return arrived; }
const char *gd_stop_name(int signal_number) { return signal_number == SIGINT ? "SIGINT" : "SIGTERM"; }
int gd_stop_exit_code(int signal_number) { return 128 + signal_number; }
