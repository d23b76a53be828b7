// A vector that keeps its first few elements inside itself: shapes, strides and operand lists are
// short, and recording an operation should not allocate for each of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace evergpu {

/// Up to `Inline` elements lie in the object; more of them lie on the heap. T is cheap to
/// default-construct. At most 2^32 - 1 elements.
template <typename T, std::size_t Inline>
class InlineVector {
 public:
  using value_type = T;

  InlineVector() = default;
  InlineVector(std::initializer_list<T> values) : InlineVector(values.begin(), values.end()) {}
  explicit InlineVector(std::size_t size, const T& value = T()) { resize(size, value); }
  explicit InlineVector(std::span<const T> values) : InlineVector(values.begin(), values.end()) {}
  template <std::forward_iterator Iterator>
  InlineVector(Iterator first, Iterator last) {
    reserve(static_cast<std::size_t>(std::distance(first, last)));
    T* to = data();
    for (; first != last; ++first, ++size_) to[size_] = *first;
  }
  InlineVector(const InlineVector& other) : InlineVector(other.begin(), other.end()) {}
  InlineVector(InlineVector&& other) noexcept
      : size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, Inline)),
        heap_(std::move(other.heap_)) {
    if (!heap_) std::move(other.inline_.begin(), other.inline_.begin() + size_, inline_.begin());
  }
  InlineVector& operator=(InlineVector other) noexcept {
    size_ = other.size_;
    capacity_ = other.capacity_;
    heap_ = std::move(other.heap_);
    inline_ = std::move(other.inline_);
    return *this;
  }
  ~InlineVector() = default;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return heap_ ? heap_.get() : inline_.data(); }
  const T* data() const { return heap_ ? heap_.get() : inline_.data(); }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T& front() { return data()[0]; }
  const T& front() const { return data()[0]; }
  T& back() { return data()[size_ - 1]; }
  const T& back() const { return data()[size_ - 1]; }

  void push_back(T value) {
    if (size_ == capacity_) reserve(std::size_t{capacity_} * 2);
    data()[size_++] = std::move(value);
  }
  void pop_back() { shrink(size_ - 1); }
  void clear() { shrink(0); }

  void resize(std::size_t size, const T& value = T()) {
    if (size < size_) return shrink(size);
    reserve(size);
    T* const to = data();
    for (; size_ < size; ++size_) to[size_] = value;
  }

  /// Inserts `value` before position `at`.
  void insert(std::size_t at, T value) {
    push_back(std::move(value));
    std::rotate(begin() + at, end() - 1, end());
  }
  /// Removes `count` elements from position `at` on.
  void erase(std::size_t at, std::size_t count = 1) {
    if (count == 0) return;
    std::move(begin() + at + count, end(), begin() + at);
    shrink(size_ - count);
  }

  operator std::span<const T>() const { return {data(), size_}; }  // NOLINT

  friend bool operator==(const InlineVector& a, const InlineVector& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void shrink(std::size_t size) {
    if constexpr (!std::is_trivially_destructible_v<T>)
      std::fill(data() + size, end(), T());  // lets go of what they held
    size_ = static_cast<std::uint32_t>(size);
  }
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    auto moved = std::make_unique<T[]>(capacity);
    std::move(begin(), end(), moved.get());
    heap_ = std::move(moved);
    capacity_ = static_cast<std::uint32_t>(capacity);
  }

  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = Inline;
  std::array<T, Inline> inline_ = {};
  std::unique_ptr<T[]> heap_;
};

}  // namespace evergpu
