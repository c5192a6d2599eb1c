// Our own kernels' way: a model file is read without whisper.cpp, and its weights are packed once.
#include "batched_model.h"
#include "kernels/kernel_computer.h"
#include "special_tokens.h"

#include <algorithm>
#include <stdexcept>

namespace sotto {

namespace {

using namespace kernels;

// Caches of all windows of a batch: where that is not enough for each session's, some wait. As in src/engine/engine-memory.ts.
constexpr size_t BATCH_BYTES = size_t { 1 } << 30;

const kernel_table & table_of(const std::string & name) {
    for (const kernel_table * const * table = runnable_tables(); *table != &plain_table(); ++table) {
        if (name == (*table)->name) return **table;
    }
    throw invalid_argument("no kernels of the name " + name + " for this processor");
}

class kernel_model : public batched_model {
  public:
    kernel_model(const model_file & file, const sotto_batch & use)
        : batched_model(file.mel_filters(), table_of(use.kernels)), weights_(file) {
        const model_dimensions & d = file.dimensions();
        facts = facts_of({ d.vocabulary, d.audio_context, d.audio_layers, d.text_context, d.text_layers, d.mels });
        width = d.text_state;
        tokens = file.words();
        name_special_tokens(facts, tokens);
        vocabulary = sampler_vocabulary_of(*this);
        const size_t room = std::max<size_t>(1, BATCH_BYTES / kernel_computer::slot_bytes(d));
        const int windows = static_cast<int>(std::min<size_t>(use.windows, room));
        auto team = std::make_unique<thread_team>(use.threads);
        auto computer = std::make_unique<kernel_computer>(weights_, *team, windows, table_of(use.kernels));
        begin(std::move(team), std::move(computer));
    }
    ~kernel_model() override { end(); }

  private:
    const model weights_;
};

} // namespace

std::unique_ptr<loaded_model> open_kernel_model(const char * path, const sotto_batch & use) {
    const model_file file(path);
    return std::make_unique<kernel_model>(file, use);
}

} // namespace sotto
