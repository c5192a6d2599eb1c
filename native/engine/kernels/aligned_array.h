// Memory at a cache line's boundary, of a size that is fixed when it is made.
#pragma once

#include "layout.h"

#include <cstring>
#include <new>
#include <utility>

namespace sotto::kernels {

template <typename T> class aligned_array {
  public:
    aligned_array() = default;
    explicit aligned_array(int64_t count)
        : count_(count),
          data_(static_cast<T *>(::operator new(sizeof(T) * static_cast<size_t>(count), std::align_val_t(ALIGNMENT)))) {
        std::memset(static_cast<void *>(data_), 0, sizeof(T) * static_cast<size_t>(count));
    }
    aligned_array(aligned_array && other) noexcept { swap(other); }
    aligned_array & operator=(aligned_array && other) noexcept {
        swap(other);
        return *this;
    }
    ~aligned_array() { ::operator delete(data_, std::align_val_t(ALIGNMENT)); }

    T *     data() const { return data_; }
    int64_t size() const { return count_; }
    size_t  bytes() const { return sizeof(T) * static_cast<size_t>(count_); }
    T &     operator[](int64_t i) const { return data_[i]; }

  private:
    void swap(aligned_array & other) {
        std::swap(count_, other.count_);
        std::swap(data_, other.data_);
    }

    int64_t count_ = 0;
    T *     data_  = nullptr;
};

} // namespace sotto::kernels
