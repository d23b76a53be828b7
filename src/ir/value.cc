#include "ir/value.h"

#include <vector>

namespace evergpu::ir {

namespace {
std::atomic<std::uint64_t> next_sequence{0};
const std::string no_origin;
thread_local const std::string* current_origin = &no_origin;
}  // namespace

OriginScope::OriginScope(const std::string& origin)
    : previous_(std::exchange(current_origin, &origin)) {}
OriginScope::~OriginScope() { current_origin = previous_; }

Status Value::status() const {
  return node_->state() == Node::State::failed ? node_->error() : Status();
}

Node::Node(Operation&& operation, Operands&& operands)
    : operation_(std::move(operation)),
      operands_(std::move(operands)),
      sequence_(next_sequence.fetch_add(1, std::memory_order_relaxed)),
      origin_(current_origin) {}

Value Node::make(Operation&& operation, Operands&& operands) {
  return Value(new Node(std::move(operation), std::move(operands)));
}

Value Node::stored(DType dtype, Shape shape, std::shared_ptr<Storage> storage) {
  Value value = make({Kind::load, dtype, std::move(shape), Empty{}}, {});
  value->set_stored(std::move(storage));
  return value;
}

Value Node::failed(Status status) {
  Value value = make({}, {});
  value->set_failed(std::move(status));
  return value;
}

void Node::set_stored(std::shared_ptr<Storage> storage) {
  storage_ = std::move(storage);
  state_.store(State::stored, std::memory_order_release);
  operands_.clear();
}

void Node::set_failed(Status error) {
  error_ = std::move(error);
  state_.store(State::failed, std::memory_order_release);
  operands_.clear();
}

// Letting a long chain of nodes go must not recurse once per node.
void Node::destroy(Node* node) {
  thread_local std::vector<Node*>* doomed = nullptr;
  if (doomed != nullptr) {
    doomed->push_back(node);
    return;
  }
  std::vector<Node*> list{node};
  doomed = &list;
  while (!list.empty()) {
    Node* next = list.back();
    list.pop_back();
    delete next;
  }
  doomed = nullptr;
}

}  // namespace evergpu::ir
