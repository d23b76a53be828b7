// Random programs of allocate, compute, write in place, take overlapping slices, reinterpret as
// another dtype, free, reuse an address and read back, from several threads on one device, against
// a plain array of bytes for each buffer.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "ir/build.h"
#include "runtime/make_device.h"

namespace evergpu::runtime {
namespace {

using ir::BinaryOp;
using ir::DType;

constexpr DType dtypes[] = {DType::u8, DType::i16, DType::i32, DType::u32, DType::i64, DType::u64};
constexpr BinaryOp ops[] = {BinaryOp::add, BinaryOp::subtract, BinaryOp::multiply,
                            BinaryOp::bit_xor, BinaryOp::maximum};

#ifdef __SANITIZE_THREAD__
constexpr int program_count = 1000;  // ten times slower
#else
constexpr int program_count = 10000;
#endif

template <typename T>
T apply(BinaryOp op, T x, T y) {
  using U = std::make_unsigned_t<T>;
  const auto a = static_cast<std::uint64_t>(static_cast<U>(x));
  const auto b = static_cast<std::uint64_t>(static_cast<U>(y));
  switch (op) {
    case BinaryOp::add:
      return static_cast<T>(a + b);
    case BinaryOp::subtract:
      return static_cast<T>(a - b);
    case BinaryOp::multiply:
      return static_cast<T>(a * b);
    case BinaryOp::bit_xor:
      return static_cast<T>(a ^ b);
    default:
      return std::max(x, y);
  }
}

/// One program: buffers on the device, and what they should hold.
class Program {
 public:
  Program(Device& device, std::uint64_t seed) : device_(device), random_(seed) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    for (const Shadow& shadow : buffers_) device_.free(shadow.address);
  }

  /// Empty, or what went wrong.
  std::string run(int steps) {
    for (int step = 0; step < steps && complaint_.empty(); ++step) {
      const std::uint64_t what = random_() % 12;
      if (buffers_.size() < 2 || (what == 0 && buffers_.size() < 6)) {
        allocate();
      } else if (what == 1) {
        free();
      } else if (what == 2) {
        upload();
      } else if (what == 3) {
        copy();
      } else if (what == 4) {
        fill();
      } else if (what == 5) {
        read_back();
      } else if (what == 6 && random_() % 8 == 0) {
        check(device_.synchronize());
      } else {
        compute();
      }
    }
    for (std::size_t i = 0; i < buffers_.size() && complaint_.empty(); ++i)
      compare(i, 0, buffers_[i].bytes.size());
    return complaint_;
  }

 private:
  struct Shadow {
    std::byte* address;
    std::vector<std::byte> bytes;
  };
  struct Range {
    std::size_t buffer;
    std::size_t at;
    std::size_t bytes;
  };

  void check(const Status& status) {
    if (complaint_.empty()) complaint_ = status.message();
  }

  std::size_t any_buffer() { return random_() % buffers_.size(); }

  /// A range whose start and size are multiples of `element`, at most `most` bytes long.
  Range any_range(std::size_t element, std::size_t most = 256) {
    const std::size_t buffer = any_buffer();
    const std::size_t elements = buffers_[buffer].bytes.size() / element;
    const std::size_t start = random_() % elements;
    const std::size_t count = 1 + random_() % std::min(elements - start, most / element);
    return {buffer, start * element, count * element};
  }

  void allocate() {
    const std::size_t bytes = 8 * (1 + random_() % 32);
    auto address = device_.allocate(bytes);
    if (!address.ok()) return check(address.status());
    buffers_.push_back({static_cast<std::byte*>(*address), std::vector<std::byte>(bytes)});
  }

  void free() {
    const std::size_t i = any_buffer();
    device_.free(buffers_[i].address);
    buffers_.erase(buffers_.begin() + static_cast<long>(i));
  }

  void upload() {
    const Range to = any_range(1);
    std::vector<std::byte> bytes(to.bytes);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_());
    check(device_.upload(address(to), bytes.data(), bytes.size()));
    std::memcpy(shadow(to), bytes.data(), bytes.size());
  }

  void copy() {
    Range from = any_range(1);
    Range to = any_range(1);
    from.bytes = to.bytes = std::min(from.bytes, to.bytes);
    check(device_.copy(address(to), address(from), to.bytes));
    std::memmove(shadow(to), shadow(from), to.bytes);
  }

  void fill() {
    const Range to = any_range(4);
    const auto pattern = static_cast<std::uint32_t>(random_());
    check(device_.fill32(address(to), pattern, to.bytes));
    for (std::size_t i = 0; i < to.bytes; i += 4) std::memcpy(shadow(to) + i, &pattern, 4);
  }

  void compute() {
    const DType dtype = dtypes[random_() % std::size(dtypes)];
    const BinaryOp op = ops[random_() % std::size(ops)];
    const std::size_t element = ir::size_of(dtype);
    Range x = any_range(element);
    Range y = any_range(element);
    Range to = any_range(element);
    x.bytes = y.bytes = to.bytes = std::min({x.bytes, y.bytes, to.bytes});
    const ir::Shape shape{static_cast<std::int64_t>(to.bytes / element)};
    const ir::Value result = ir::binary(op, device_.read(address(x), dtype, shape),
                                        device_.read(address(y), dtype, shape));
    check(device_.write(address(to), result));
    std::vector<std::byte> expected(to.bytes);
    ir::visit(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        for (std::size_t i = 0; i < to.bytes; i += sizeof(T)) {
          T a;
          T b;
          std::memcpy(&a, shadow(x) + i, sizeof(T));
          std::memcpy(&b, shadow(y) + i, sizeof(T));
          const T c = apply(op, a, b);
          std::memcpy(expected.data() + i, &c, sizeof(T));
        }
      }
    });
    std::memcpy(shadow(to), expected.data(), to.bytes);
  }

  void read_back() {
    const Range from = any_range(1);
    compare(from.buffer, from.at, from.bytes);
  }

  void compare(std::size_t buffer, std::size_t at, std::size_t bytes) {
    std::vector<std::byte> actual(bytes);
    check(device_.download(actual.data(), buffers_[buffer].address + at, bytes));
    if (std::memcmp(actual.data(), buffers_[buffer].bytes.data() + at, bytes) != 0 &&
        complaint_.empty()) {
      complaint_ = "bytes differ";
    }
  }

  std::byte* address(const Range& range) const { return buffers_[range.buffer].address + range.at; }
  std::byte* shadow(const Range& range) { return buffers_[range.buffer].bytes.data() + range.at; }

  Device& device_;
  std::mt19937_64 random_;
  std::vector<Shadow> buffers_;
  std::string complaint_;
};

void run_programs(Device& device, int programs, std::uint64_t first_seed) {
  constexpr int thread_count = 4;
  std::vector<std::thread> threads;
  std::vector<std::string> complaints(thread_count);
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < programs && complaints[static_cast<std::size_t>(t)].empty();
           i += thread_count) {
        const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(i);
        const std::string complaint = Program(device, seed).run(40);
        if (!complaint.empty())
          complaints[static_cast<std::size_t>(t)] =
              "seed " + std::to_string(seed) + ": " + complaint;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& complaint : complaints) EXPECT_EQ(complaint, "");
}

TEST(Program, RandomProgramsEqualTheOracle) { run_programs(*make_device(), program_count, 1); }

TEST(Program, AlsoWhenEveryWriteIsFlushed) {
  run_programs(*make_device({.eager = true}), program_count / 20, 1'000'000);
}

TEST(Program, AlsoWhenRecordingIsCutOften) {
  run_programs(*make_device({.pending_limit = 7}), program_count / 5, 2'000'000);
}

TEST(Program, NothingStaysBehind) {
  const auto device = make_device();
  run_programs(*device, 100, 3'000'000);
  EXPECT_EQ(device->statistics().live_bytes, 0u);
  device->wait();
  EXPECT_EQ(device->statistics().resident_bytes, 0u);
}

}  // namespace
}  // namespace evergpu::runtime
