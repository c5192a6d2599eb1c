// How a call learns that nobody waits for it any more.
#pragma once

#include <cstdint>

namespace sotto {

// `cancel`: a word that another thread sets to non-zero, or null.
inline bool is_cancelled(const int32_t * cancel) { return cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED) != 0; }

} // namespace sotto
