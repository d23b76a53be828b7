// SSA values as a directed acyclic graph of reference-counted nodes. An operation that is recorded
// is a new node which refers to its operands; when the last reference to a node goes, the node and
// what only it needed are gone, so a value that nobody can see any more is never computed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/inline_vector.h"
#include "base/status.h"
#include "ir/operation.h"

namespace evergpu::ir {

class Node;

/// A counted reference to a node. Copying and dropping are safe from any thread.
class Value {
 public:
  Value() = default;
  Value(const Value& other);
  Value(Value&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Value& operator=(Value other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Value();

  explicit operator bool() const { return node_ != nullptr; }
  Node* operator->() const { return node_; }
  Node& operator*() const { return *node_; }
  Node* get() const { return node_; }
  friend bool operator==(const Value& a, const Value& b) { return a.node_ == b.node_; }

  DType dtype() const;
  const Shape& shape() const;
  /// Not ok when building this value failed, or when computing it did: the reason.
  Status status() const;

 private:
  friend class Node;
  explicit Value(Node* node) : node_(node) {}
  Node* node_ = nullptr;
};

using Operands = InlineVector<Value, 3>;

/// The bytes of a value that exist somewhere; the runtime derives its blocks from this.
class Storage {
 public:
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;
};

/// Which user-level operation the nodes recorded now belong to, for messages and profiles.
/// Holds for this thread while the object lives. Nodes keep a pointer to `origin`, so it lives as
/// long as any of them: counting references to it would cost as much as the rest of a node.
class OriginScope {
 public:
  explicit OriginScope(const std::string& origin);
  ~OriginScope();
  OriginScope(const OriginScope&) = delete;
  OriginScope& operator=(const OriginScope&) = delete;

 private:
  const std::string* previous_;
};

/// One operation and its operands. Operation, sequence number and origin never change; operands,
/// storage and error change once, when the node leaves the pending graph: whoever resolves nodes
/// (the runtime, under its lock) is the only one who may look at operands.
class Node {
 public:
  /// stored: the bytes exist or will by the time that anything recorded later runs.
  enum class State : std::uint8_t { pending, stored, failed };

  /// Makes a node from parts that fit together; use build.h, which checks them.
  static Value make(Operation&& operation, Operands&& operands);
  /// A value whose bytes exist already.
  static Value stored(DType dtype, Shape shape, std::shared_ptr<Storage> storage);
  /// A value that could not be built.
  static Value failed(Status status);

  const Operation& operation() const { return operation_; }
  const Operands& operands() const { return operands_; }
  /// Nodes are numbered in the order of their making, so an operand's number is below its users'.
  std::uint64_t sequence() const { return sequence_; }
  /// The user-level operation this node was recorded for; empty when unknown.
  const std::string& origin() const { return *origin_; }

  State state() const { return state_.load(std::memory_order_acquire); }
  /// Set when the state is `stored`.
  const std::shared_ptr<Storage>& storage() const { return storage_; }
  /// Set when the state is `failed`.
  const Status& error() const { return error_; }

  /// The bytes exist, or their making is under way; the operands are let go.
  void set_stored(std::shared_ptr<Storage> storage);
  /// The value cannot be built; the operands are let go.
  void set_failed(Status error);

  /// How many Values refer to this node just now.
  std::uint32_t references() const { return references_.load(std::memory_order_acquire); }

 private:
  friend class Value;
  Node(Operation&& operation, Operands&& operands);
  ~Node() = default;
  static void destroy(Node* node);

  const Operation operation_;
  Operands operands_;
  const std::uint64_t sequence_;
  const std::string* const origin_;
  std::shared_ptr<Storage> storage_;
  Status error_;
  std::atomic<State> state_{State::pending};
  std::atomic<std::uint32_t> references_{1};
};

inline Value::Value(const Value& other) : node_(other.node_) {
  if (node_ != nullptr) node_->references_.fetch_add(1, std::memory_order_relaxed);
}
inline Value::~Value() {
  if (node_ != nullptr && node_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    Node::destroy(node_);
}
inline DType Value::dtype() const { return node_->operation().dtype; }
inline const Shape& Value::shape() const { return node_->operation().shape; }

}  // namespace evergpu::ir
