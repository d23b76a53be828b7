#include "runtime/device.h"

#include <fmt/format.h>

#include <cstring>
#include <mutex>
#include <optional>

#include "base/log.h"
#include "base/os.h"
#include "ir/build.h"
#include "runtime/address_space.h"
#include "runtime/executor.h"
#include "runtime/fold.h"
#include "runtime/queue.h"

namespace evergpu::runtime {

using ir::Node;
using ir::Value;

namespace {

// What a write holds on average, at most, for Options::early_limit.
constexpr std::uint64_t early_bytes = 64 << 10;

bool pending(const Value& value) { return value->state() == Node::State::pending; }

/// A graph of `wanted` whose results have blocks. From here on those values count as stored:
/// whoever uses them later runs after this job. Nobody else may be resolving nodes meanwhile.
Job make_job(std::span<const Value> wanted) {
  Job job{ir::graph_of(wanted), {}};
  std::vector<ir::GraphNode>& nodes = job.graph.nodes;
  job.blocks.resize(nodes.size());
  std::vector<std::uint32_t> inside(nodes.size(), 1);  // references from the graph itself
  for (const ir::GraphNode& node : nodes) {
    for (std::uint32_t operand : node.operands) ++inside[operand];
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ir::GraphNode& node = nodes[i];
    if (node.leaf) {
      job.blocks[i] = std::static_pointer_cast<Block>(node.value->storage());
      continue;
    }
    // Somebody outside can still see this value, so its bytes must come to exist.
    node.wanted = node.wanted || node.value->references() > inside[i];
    if (node.wanted) job.blocks[i] = std::make_shared<Block>();
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].wanted) nodes[i].value->set_stored(job.blocks[i]);
  }
  return job;
}

}  // namespace

class Device::Impl {
 public:
  Impl(std::unique_ptr<adapters::Device> hardware, std::unique_ptr<AddressSpace> addresses,
       const Options& options)
      : hardware_(std::move(hardware)),
        options_(options),
        budget_(options.memory_budget != 0 ? options.memory_budget
                                           : hardware_->info().memory_bytes),
        counters_(std::make_shared<Counters>()),
        executor_(*hardware_, counters_, trace_, budget_),
        addresses_(std::move(addresses)) {}

  ~Impl() {
    if (forked()) queue_.abandon();
  }

  const adapters::DeviceInfo& info() const { return hardware_->info(); }
  const std::shared_ptr<Counters>& counters() const { return counters_; }
  Trace& trace() { return trace_; }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    counters_->live.reset_peak();
    counters_->resident.reset_peak();
  }
  const AddressSpace& addresses() const { return *addresses_; }

  Result<void*> allocate(std::size_t bytes) {
    EVERGPU_RETURN_IF_ERROR(usable());
    if (counters_->live.current() + bytes > budget_) EVERGPU_RETURN_IF_ERROR(make_room(bytes));
    const std::lock_guard lock(mutex_);
    auto address = addresses_->allocate(bytes);
    if (address.ok()) {
      counters_->live.add(bytes);
      counters_->allocations.add(1);
      counters_->bytes_allocated.add(bytes);
    }
    return address;
  }

  void free(void* address) {
    if (forked()) return;
    std::optional<Allocation> gone;  // what it held is dropped after the lock
    const std::lock_guard lock(mutex_);
    gone = addresses_->free(address);
    if (gone) counters_->live.subtract(gone->bytes);
  }

  Status write(void* address, const Value& value) {
    EVERGPU_RETURN_IF_ERROR(usable());
    EVERGPU_RETURN_IF_ERROR(value.status());
    const std::size_t bytes = value->operation().bytes();
    if (bytes == 0) return {};
    bool flush = false;
    {
      Released released(this);
      EVERGPU_RETURN_IF_ERROR(put(address, {0, bytes, value, 0}, &released));
      counters_->writes.add(1);
      ++writes_since_flush_;
      bytes_since_flush_ += bytes;
      flush = options_.eager || writes_since_flush_ >= options_.pending_limit ||
              (writes_since_flush_ >= options_.early_limit &&
               bytes_since_flush_ <= writes_since_flush_ * early_bytes);
    }
    if (log::enabled(log::Category::record)) {
      log::write(
          log::Category::record,
          fmt::format("{} = {}  ({})", address, ir::print(value->operation()), value->origin()));
    }
    if (!flush) return {};
    if (!options_.eager) {
      EVERGPU_RETURN_IF_ERROR(flush_live());
      queue_.start();
      return {};
    }
    {
      const std::lock_guard lock(mutex_);
      flush_locked({&value, 1});
    }
    queue_.wait_idle();
    return status_of(value);
  }

  Value read(const void* address, ir::DType dtype, const ir::Shape& shape) {
    const std::size_t bytes = static_cast<std::size_t>(shape.elements()) * ir::size_of(dtype);
    if (bytes == 0) return ir::zeros(dtype, shape);
    if (Status status = usable(); !status.ok()) return Node::failed(status);
    const std::lock_guard lock(mutex_);
    std::size_t offset = 0;
    const Allocation* allocation = find(address, bytes, &offset);
    if (allocation == nullptr) return Node::failed(not_ours(address, bytes));
    return allocation->content.read(offset, dtype, shape);
  }

  Value capture(ir::DType dtype, const ir::Shape& shape, const void* bytes) {
    const auto size = static_cast<std::size_t>(shape.elements()) * ir::size_of(dtype);
    if (size == 0) return ir::zeros(dtype, shape);
    if (shape.elements() == 1) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, bytes, size);
      return ir::reshape(ir::constant_bits(dtype, bits), shape);
    }
    const auto* first = static_cast<const std::byte*>(bytes);
    counters_->resident.add(size);
    auto counted = std::shared_ptr<const std::vector<std::byte>>(
        std::make_unique<std::vector<std::byte>>(first, first + size).release(),
        [counters = counters_](const std::vector<std::byte>* gone) {
          counters->resident.subtract(gone->size());
          std::default_delete<const std::vector<std::byte>>()(gone);
        });
    return Node::stored(dtype, shape, std::make_shared<Block>(std::move(counted)));
  }

  Status upload(void* to, const void* from, std::size_t bytes) {
    if (bytes == 0) return {};
    EVERGPU_RETURN_IF_ERROR(usable());
    if (counters_->resident.current() + bytes > budget_) EVERGPU_RETURN_IF_ERROR(make_room(bytes));
    // The copy does not say what the bytes are. A scalar is read back as one of its own size, so
    // that a learning rate stays a constant.
    const bool scalar = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
    const ir::DType dtype = !scalar      ? ir::DType::u8
                            : bytes == 8 ? ir::DType::u64
                            : bytes == 4 ? ir::DType::u32
                            : bytes == 2 ? ir::DType::u16
                                         : ir::DType::u8;
    const ir::Shape shape = scalar ? ir::Shape{} : ir::Shape{static_cast<std::int64_t>(bytes)};
    Released released(this);
    return put(to, {0, bytes, capture(dtype, shape, from), 0}, &released);
  }

  Status download(void* to, const void* from, std::size_t bytes) {
    if (bytes == 0) return {};
    EVERGPU_RETURN_IF_ERROR(usable());
    auto* const target = static_cast<std::byte*>(to);
    std::memset(target, 0, bytes);
    std::vector<Piece> stored;
    std::size_t offset = 0;
    {
      // Under one lock: a constant that somebody else's flush stores meanwhile would have no bytes
      // yet when our turn in the queue comes.
      const std::lock_guard lock(mutex_);
      const Allocation* allocation = find(from, bytes, &offset);
      if (allocation == nullptr) return not_ours(from, bytes);
      std::vector<Value> values;
      for (Piece& piece : allocation->content.pieces(offset, bytes)) {
        if (const auto folded = fold(piece.value)) {
          std::memcpy(target + (piece.at - offset), folded->bytes().data() + piece.from,
                      piece.bytes);
          continue;
        }
        values.push_back(piece.value);
        stored.push_back(std::move(piece));
      }
      flush_locked(values);
    }
    if (stored.empty()) return {};
    Status status;
    const std::uint64_t task = queue_.post([&] {
      for (const Piece& piece : stored) {
        if (status.ok()) {
          status = executor_.download({target + (piece.at - offset), piece.bytes}, piece.value,
                                      piece.from);
        }
      }
    });
    queue_.wait(task);
    return status;
  }

  Status copy(void* to, const void* from, std::size_t bytes) {
    if (bytes == 0) return {};
    EVERGPU_RETURN_IF_ERROR(usable());
    Released released(this);
    std::size_t source = 0;
    std::size_t target = 0;
    const Allocation* from_allocation = find(from, bytes, &source);
    Allocation* to_allocation = find(to, bytes, &target);
    if (from_allocation == nullptr) return not_ours(from, bytes);
    if (to_allocation == nullptr) return not_ours(to, bytes);
    std::vector<Piece> pieces = from_allocation->content.pieces(source, bytes);
    to_allocation->content.erase(target, bytes, &released.values);
    for (Piece& piece : pieces) {
      piece.at = piece.at - source + target;
      to_allocation->content.write(std::move(piece), &released.values);
    }
    return {};
  }

  Status fill(void* to, const Value& scalar, std::size_t bytes) {
    if (bytes == 0) return {};
    EVERGPU_RETURN_IF_ERROR(usable());
    const ir::Shape shape{static_cast<std::int64_t>(bytes / ir::size_of(scalar.dtype()))};
    Released released(this);
    return put(to, {0, bytes, ir::full(shape, scalar), 0}, &released);
  }

  Status synchronize() {
    EVERGPU_RETURN_IF_ERROR(usable());
    EVERGPU_RETURN_IF_ERROR(flush_live());
    queue_.wait_idle();
    const std::lock_guard lock(error_mutex_);
    return std::exchange(error_, {});
  }

  void wait() {
    if (!forked()) queue_.wait_idle();
  }

  Status status_of(const Value& value) const {
    EVERGPU_RETURN_IF_ERROR(value.status());
    if (value->state() != Node::State::stored) return {};
    const Block& block = block_of(value);
    return block.state() == Block::State::failed ? block.error() : Status();
  }

  std::string describe(const void* address) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    std::size_t offset = 0;
    const Allocation* allocation = lock.owns_lock() ? addresses_->find(address, &offset) : nullptr;
    if (allocation == nullptr) return "no live buffer";
    const std::vector<Piece> pieces = allocation->content.pieces(offset, 1);
    return fmt::format(
        "byte {} of the {} bytes of buffer {}, made by {}", offset, allocation->bytes,
        allocation->id,
        pieces.empty() || pieces[0].value->origin().empty() ? "a copy" : pieces[0].value->origin());
  }

 private:
  /// Holds the lock while it lives, and lets values go after it: dropping the last reference to a
  /// large graph takes time in which others can record.
  struct Released {
    explicit Released(Impl* impl) : lock(impl->mutex_) {}
    ~Released() { lock.unlock(); }
    Released(const Released&) = delete;
    Released& operator=(const Released&) = delete;
    std::vector<Value> values;
    std::unique_lock<std::mutex> lock;
  };

  /// Whether this is a child of the process that made the device: its thread does not exist here,
  /// and its locks may never open.
  bool forked() const { return os::fork_count() != fork_count_; }

  Status usable() const {
    if (!forked()) return {};
    return {Code::failed_precondition,
            "evergpu's device cannot be used in a forked child of a process that used it. Start "
            "processes with the "
            "'spawn' method: multiprocessing.set_start_method('spawn')"};
  }

  static Status not_ours(const void* address, std::size_t bytes) {
    return internal_error(
        fmt::format("{} bytes at {} are not in a live device buffer", bytes, address));
  }

  Allocation* find(const void* address, std::size_t bytes, std::size_t* offset) {
    Allocation* allocation = addresses_->find(address, offset);
    return allocation != nullptr && *offset + bytes <= allocation->bytes ? allocation : nullptr;
  }

  Status put(void* address, Piece piece, Released* released) {
    std::size_t offset = 0;
    Allocation* allocation = find(address, piece.bytes, &offset);
    if (allocation == nullptr) return not_ours(address, piece.bytes);
    piece.at = offset;
    allocation->content.write(std::move(piece), &released->values);
    return {};
  }

  /// Whether reading the value needs no flush.
  static bool is_constant(const Value& value) {
    return value->operation().kind == ir::Kind::constant;
  }

  Status flush_live() {
    const std::lock_guard lock(mutex_);
    writes_since_flush_ = 0;
    bytes_since_flush_ = 0;
    std::vector<Value> values;
    addresses_->for_each([&](const Allocation& allocation) {
      for (const Piece& piece : allocation.content.all()) {
        if (pending(piece.value) && !is_constant(piece.value)) values.push_back(piece.value);
      }
    });
    flush_locked(values);
    return {};
  }

  /// Posts the pending ones of `values`, and what they depend on. The lock is held.
  void flush_locked(std::span<const Value> values) {
    std::vector<Value> wanted;
    for (const Value& value : values) {
      if (pending(value)) wanted.push_back(value);
    }
    if (wanted.empty()) return;
    auto job = std::make_shared<Job>(make_job(wanted));
    ++counters_->flushes;
    queue_.post([this, job] {
      if (Status status = executor_.run(std::move(*job)); !status.ok()) {
        const std::lock_guard lock(error_mutex_);
        if (error_.ok()) error_ = status;
      }
    });
  }

  /// Runs what is pending, so that memory which only looked needed is known to be free.
  Status make_room(std::size_t bytes) {
    EVERGPU_RETURN_IF_ERROR(flush_live());
    queue_.wait_idle();
    const std::size_t resident = counters_->resident.current();
    if (resident + bytes <= budget_) return {};
    return resource_exhausted(
        fmt::format("out of memory on {}: {} bytes are needed, {} of {} are in use. Use a smaller "
                    "batch or model{}.",
                    info().name, bytes, resident, budget_,
                    options_.memory_budget != 0 ? ", or raise EVERGPU_MEMORY_LIMIT" : ""));
  }

  const int fork_count_ = os::fork_count();
  const std::unique_ptr<adapters::Device> hardware_;
  const Options options_;
  const std::size_t budget_;
  const std::shared_ptr<Counters> counters_;
  Trace trace_;
  Executor executor_;  // used by the queue's tasks only

  std::mutex mutex_;  // addresses, their contents, and who resolves nodes
  const std::unique_ptr<AddressSpace> addresses_;
  std::uint64_t writes_since_flush_ = 0;  // of all that is alive
  std::uint64_t bytes_since_flush_ = 0;

  std::mutex error_mutex_;
  Status error_;

  Queue queue_;  // last: its thread ends before the rest goes
};

Result<std::unique_ptr<Device>> Device::create(std::unique_ptr<adapters::Device> hardware,
                                               const Options& options) {
  auto addresses = AddressSpace::create();
  if (!addresses.ok()) return addresses.status();
  return std::unique_ptr<Device>(
      new Device(std::make_unique<Impl>(std::move(hardware), std::move(*addresses), options)));
}

Device::Device(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Device::~Device() = default;

const adapters::DeviceInfo& Device::info() const { return impl_->info(); }
Trace& Device::trace() { return impl_->trace(); }
Result<void*> Device::allocate(std::size_t bytes) { return impl_->allocate(bytes); }
void Device::free(void* address) { impl_->free(address); }
bool Device::owns(const void* address) const { return impl_->addresses().contains(address); }
std::string Device::describe(const void* address) const { return impl_->describe(address); }
Status Device::write(void* address, const Value& value) { return impl_->write(address, value); }
Value Device::read(const void* address, ir::DType dtype, const ir::Shape& shape) {
  return impl_->read(address, dtype, shape);
}
Value Device::capture(ir::DType dtype, const ir::Shape& shape, const void* bytes) {
  return impl_->capture(dtype, shape, bytes);
}
Status Device::upload(void* to, const void* from, std::size_t bytes) {
  return impl_->upload(to, from, bytes);
}
Status Device::download(void* to, const void* from, std::size_t bytes) {
  return impl_->download(to, from, bytes);
}
Status Device::copy(void* to, const void* from, std::size_t bytes) {
  return impl_->copy(to, from, bytes);
}
Status Device::fill(void* to, std::uint8_t pattern, std::size_t bytes) {
  return impl_->fill(to, ir::constant_bits(ir::DType::u8, pattern), bytes);
}
Status Device::fill32(void* to, std::uint32_t pattern, std::size_t bytes) {
  return impl_->fill(to, ir::constant_bits(ir::DType::u32, pattern), bytes);
}
Status Device::synchronize() { return impl_->synchronize(); }
void Device::wait() { impl_->wait(); }
Status Device::status_of(const Value& value) const { return impl_->status_of(value); }
Statistics Device::statistics() const { return impl_->counters()->snapshot(); }
void Device::reset_peak() { impl_->reset_peak(); }

}  // namespace evergpu::runtime
