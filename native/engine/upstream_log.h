// What ggml and whisper.cpp say when something fails; the rest of what they say is dropped.
#pragma once

#include <string>

namespace sotto {

// Takes over their log, and forgets what was kept for the calling thread.
void listen_to_upstream();
// The last error they logged on the calling thread, without the line's end; `otherwise` when there was none.
std::string upstream_error(const char * otherwise);

} // namespace sotto
