// A model file of whisper.cpp's format, mapped into memory: header, mel filters, vocabulary, tensors by name.
#pragma once

#include "dequantize.h"

#include <map>
#include <string>
#include <vector>

namespace sotto::kernels {

struct model_dimensions {
    int32_t vocabulary, audio_context, audio_state, audio_heads, audio_layers;
    int32_t text_context, text_state, text_heads, text_layers, mels;
};

struct file_tensor {
    tensor_type  type;
    int64_t      sizes[3]; // as in ggml: the first runs fastest
    const void * data;

    int64_t count() const { return sizes[0] * sizes[1] * sizes[2]; }
};

class model_file {
  public:
    // Throws std::runtime_error with a reason when the file is not what it should be.
    explicit model_file(const std::string & path);
    ~model_file();
    model_file(const model_file &) = delete;
    model_file & operator=(const model_file &) = delete;

    const model_dimensions & dimensions() const { return dimensions_; }
    const std::vector<float> & mel_filters() const { return mel_filters_; } // [mel][bin]
    const std::vector<std::string> & words() const { return words_; } // bytes of each token that the file names, by id
    // Throws when there is none of this name.
    const file_tensor & tensor(const std::string & name) const;
    // Gives back the memory that the tensor's pages have taken; they are read again when they are asked for again.
    void let_go(const file_tensor & tensor) const;

  private:
    void map(const std::string & path);
    void walk();

    const uint8_t *                    bytes_ = nullptr;
    size_t                             size_ = 0;
    model_dimensions                   dimensions_ = {};
    std::vector<float>                 mel_filters_;
    std::vector<std::string>           words_;
    std::map<std::string, file_tensor> tensors_;
};

} // namespace sotto::kernels
