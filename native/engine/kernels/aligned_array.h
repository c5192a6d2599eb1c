// Memory of zeros at a cache line's boundary, of a size that is fixed when it is made. What is large and never written to takes
// none of the machine's: a cache's slots cost as they are used.
#pragma once

#include "layout.h"

#include <cstdlib>
#include <new>
#include <utility>

namespace sotto::kernels {

template <typename T> class aligned_array {
  public:
    aligned_array() = default;
    explicit aligned_array(int64_t count) : count_(count) {
        memory_ = std::calloc(sizeof(T) * static_cast<size_t>(count) + ALIGNMENT, 1);
        if (!memory_) throw std::bad_alloc();
        const auto address = reinterpret_cast<uintptr_t>(memory_);
        data_ = reinterpret_cast<T *>((address + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }
    aligned_array(aligned_array && other) noexcept { swap(other); }
    aligned_array & operator=(aligned_array && other) noexcept {
        swap(other);
        return *this;
    }
    ~aligned_array() { std::free(memory_); }

    T *     data() const { return data_; }
    int64_t size() const { return count_; }
    size_t  bytes() const { return sizeof(T) * static_cast<size_t>(count_); }
    T &     operator[](int64_t i) const { return data_[i]; }

  private:
    void swap(aligned_array & other) {
        std::swap(count_, other.count_);
        std::swap(memory_, other.memory_);
        std::swap(data_, other.data_);
    }

    int64_t count_  = 0;
    void *  memory_ = nullptr;
    T *     data_   = nullptr;
};

} // namespace sotto::kernels
