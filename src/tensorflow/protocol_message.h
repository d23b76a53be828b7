// Protocol buffers, which TensorFlow's C API takes in serialized form, as they are written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace evergpu::tensorflow {

/// A message that is being written, in protocol buffers' wire format
/// (https://protobuf.dev/programming-guides/encoding). Fields are numbered as in the .proto file.
class ProtocolMessage {
 public:
  ProtocolMessage& add(int field, std::uint64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3);
    varint(value);
    return *this;
  }
  ProtocolMessage& add(int field, std::string_view bytes) {
    varint(static_cast<std::uint64_t>(field) << 3 | 2);
    varint(bytes.size());
    bytes_ += bytes;
    return *this;
  }
  ProtocolMessage& add(int field, const ProtocolMessage& message) {
    return add(field, message.bytes_);
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace evergpu::tensorflow
