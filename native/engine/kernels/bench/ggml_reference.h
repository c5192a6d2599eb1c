// whisper.cpp over ggml, to compare with: private parts of it are included, as the engine does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sotto::kernels {

class ggml_reference {
  public:
    // `backend`: the module of ggml's CPU backend.
    ggml_reference(const std::string & backend, const std::string & model, int threads);
    ~ggml_reference();

    void mel(const std::vector<float> & pcm);
    // [frame][mel] of the first `frames`.
    std::vector<float> mel_frames(int frames) const;
    void set_mel(const std::vector<float> & frames_by_mel, int frames);
    void encode();
    // [position][state], after the last norm.
    std::vector<float> encoder_output() const;
    // Logits of the last token.
    const float * decode(const std::vector<int32_t> & tokens, int past);

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

// A product of ggml's: weights of rows x columns in q8_0 or f16, `tokens` columns of floats.
class ggml_product {
  public:
    ggml_product(const std::string & backend, bool quantized, int64_t rows, int64_t columns, int64_t tokens);
    ~ggml_product();
    void compute();

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

} // namespace sotto::kernels
