// Tells a crash from a kill. Both reach whoever watches the process as the same signal; only the process itself can see
// who sent it (sigaction(2), si_code and si_pid).
#include "engine.h"

#include <csignal>
#include <sys/types.h>
#include <unistd.h>

namespace {

constexpr int SIGNALS[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP };
constexpr int COUNT = sizeof(SIGNALS) / sizeof(SIGNALS[0]);

struct sigaction before[COUNT];

// Calls only what a signal handler may (signal-safety(7)).
void on_signal(int signal, siginfo_t * info, void *) {
    const bool is_sent = info->si_code <= 0; // else the kernel's, for what an instruction did
    if (is_sent && info->si_pid != getpid()) {
        kill(getpid(), SIGKILL);
        return;
    }
    for (int i = 0; i < COUNT; ++i) {
        if (SIGNALS[i] == signal) sigaction(signal, &before[i], nullptr);
    }
    // A faulting instruction is met again on return, with the former handler; abort() raises again by itself.
    if (is_sent) raise(signal);
}

} // namespace

void sotto_end_on_signals_from_outside(void) {
    struct sigaction action = {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < COUNT; ++i) sigaction(SIGNALS[i], &action, &before[i]);
}
