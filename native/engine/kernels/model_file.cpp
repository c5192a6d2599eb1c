#include "model_file.h"

#include "table.h"

#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sotto::kernels {

namespace {

// Reads what lies in the file and nothing behind its end.
class cursor {
  public:
    cursor(const uint8_t * bytes, size_t size) : bytes_(bytes), left_(size) {}

    const uint8_t * take(size_t count) {
        if (count > left_) throw std::runtime_error("the model file is cut");
        const uint8_t * at = bytes_;
        bytes_ += count;
        left_ -= count;
        return at;
    }
    int32_t number() {
        int32_t value;
        std::memcpy(&value, take(sizeof value), sizeof value);
        return value;
    }
    int32_t number_within(int32_t least, int32_t most) {
        const int32_t value = number();
        if (value < least || value > most) throw std::runtime_error("the model file has a size out of its range");
        return value;
    }
    bool at_end() const { return left_ == 0; }

  private:
    const uint8_t * bytes_;
    size_t          left_;
};

constexpr int32_t MAGIC = 0x67676d6c;

} // namespace

model_file::model_file(const std::string & path) {
    map(path);
    try {
        walk();
    } catch (...) {
        munmap(const_cast<uint8_t *>(bytes_), size_);
        throw;
    }
}

model_file::~model_file() { munmap(const_cast<uint8_t *>(bytes_), size_); }

void model_file::map(const std::string & path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat facts = {};
    if (file < 0 || fstat(file, &facts) != 0 || facts.st_size <= 0) {
        if (file >= 0) close(file);
        throw std::runtime_error("the model file cannot be read");
    }
    size_ = static_cast<size_t>(facts.st_size);
    void * mapped = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (mapped == MAP_FAILED) throw std::runtime_error("the model file cannot be mapped");
    bytes_ = static_cast<const uint8_t *>(mapped);
}

void model_file::walk() {
    cursor from(bytes_, size_);
    if (from.number() != MAGIC) throw std::runtime_error("not a model file");
    model_dimensions & d = dimensions_;
    d.vocabulary    = from.number_within(1, 1 << 20);
    d.audio_context = from.number_within(1, 1 << 14);
    d.audio_state   = from.number_within(HEAD, 1 << 14);
    d.audio_heads   = from.number_within(1, 1 << 8);
    d.audio_layers  = from.number_within(1, 1 << 8);
    d.text_context  = from.number_within(1, 1 << 14);
    d.text_state    = from.number_within(HEAD, 1 << 14);
    d.text_heads    = from.number_within(1, 1 << 8);
    d.text_layers   = from.number_within(1, 1 << 8);
    d.mels          = from.number_within(1, 1 << 10);
    from.number(); // the type of most tensors; each says its own
    if (d.audio_state != d.text_state || d.audio_state != d.audio_heads * HEAD || d.text_state != d.text_heads * HEAD) {
        throw std::runtime_error("expected heads of 64, and one width for encoder and decoder");
    }

    const int32_t mels = from.number_within(d.mels, d.mels);
    const int32_t bins = from.number_within(FFT_BINS, FFT_BINS);
    mel_filters_.resize(static_cast<size_t>(mels) * static_cast<size_t>(bins));
    std::memcpy(mel_filters_.data(), from.take(mel_filters_.size() * sizeof(float)), mel_filters_.size() * sizeof(float));

    for (int32_t words = from.number_within(0, 1 << 20); words > 0; --words) {
        const size_t length = static_cast<size_t>(from.number_within(0, 1 << 16));
        words_.emplace_back(reinterpret_cast<const char *>(from.take(length)), length);
    }

    while (!from.at_end()) {
        const int32_t rank = from.number_within(1, 3);
        const int32_t length = from.number_within(1, 256);
        file_tensor tensor = { static_cast<tensor_type>(from.number()), { 1, 1, 1 }, nullptr };
        for (int32_t i = 0; i < rank; ++i) tensor.sizes[i] = from.number_within(1, 1 << 22);
        const uint8_t * name = from.take(static_cast<size_t>(length));
        if (tensor.sizes[1] * tensor.sizes[2] > (int64_t { 1 } << 32)) throw std::runtime_error("a tensor is too large");
        const size_t row = bytes_of(tensor.type, tensor.sizes[0]);
        if (row == 0) throw std::runtime_error("a tensor has a type that is not known here");
        tensor.data = from.take(row * static_cast<size_t>(tensor.sizes[1] * tensor.sizes[2]));
        tensors_[std::string(reinterpret_cast<const char *>(name), static_cast<size_t>(length))] = tensor;
    }
}

const file_tensor & model_file::tensor(const std::string & name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw std::runtime_error("the model file lacks " + name);
    return found->second;
}

void model_file::let_go(const file_tensor & tensor) const {
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<uintptr_t>(tensor.data);
    const auto end = begin + bytes_of(tensor.type, tensor.sizes[0]) * static_cast<size_t>(tensor.sizes[1] * tensor.sizes[2]);
    const uintptr_t first = (begin + page - 1) / page * page;
    const uintptr_t last = end / page * page;
    if (first < last) madvise(reinterpret_cast<void *>(first), last - first, MADV_DONTNEED);
}

} // namespace sotto::kernels
