// A vector that keeps its first few elements inside itself: shapes, strides and operand lists are
// short, and recording an operation should not allocate for each of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace evergpu {

/// Up to `Inline` elements lie in the object; more of them lie on the heap. T is cheap to
/// default-construct.
template <typename T, std::size_t Inline>
class InlineVector {
 public:
  using value_type = T;

  InlineVector() = default;
  InlineVector(std::initializer_list<T> values) : InlineVector(values.begin(), values.end()) {}
  explicit InlineVector(std::size_t size, const T& value = T()) { resize(size, value); }
  explicit InlineVector(std::span<const T> values) : InlineVector(values.begin(), values.end()) {}
  template <std::input_iterator Iterator>
  InlineVector(Iterator first, Iterator last) {
    for (; first != last; ++first) push_back(*first);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return on_heap() ? heap_.data() : inline_; }
  const T* data() const { return on_heap() ? heap_.data() : inline_; }
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
    if (size_ < Inline) {
      inline_[size_] = std::move(value);
    } else {
      if (size_ == Inline)
        heap_.assign(std::make_move_iterator(inline_), std::make_move_iterator(inline_ + Inline));
      heap_.push_back(std::move(value));
    }
    ++size_;
  }
  void pop_back() { resize(size_ - 1); }
  void clear() { resize(0); }

  void resize(std::size_t size, const T& value = T()) {
    while (size_ < size) push_back(value);
    if (size_ == size) return;
    if (on_heap()) {
      heap_.resize(size);
      if (size <= Inline) {
        std::move(heap_.begin(), heap_.end(), inline_);
        heap_.clear();
      }
    } else {
      std::fill(inline_ + size, inline_ + size_, T());
    }
    size_ = size;
  }

  /// Inserts `value` before position `at`.
  void insert(std::size_t at, T value) {
    push_back(std::move(value));
    std::rotate(begin() + at, end() - 1, end());
  }
  /// Removes the element at position `at`.
  void erase(std::size_t at) {
    std::move(begin() + at + 1, end(), begin() + at);
    pop_back();
  }

  operator std::span<const T>() const { return {data(), size_}; }  // NOLINT

  friend bool operator==(const InlineVector& a, const InlineVector& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  bool on_heap() const { return size_ > Inline; }

  std::size_t size_ = 0;
  T inline_[Inline] = {};
  std::vector<T> heap_;
};

}  // namespace evergpu
