// Reads the fields of a message in Protocol Buffers' wire format, without its schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/byte_reader.h"
#include "base/status.h"

namespace weft {

// One field. `bytes` points into the message.
struct ProtobufField {
  uint32_t number;
  uint64_t integer = 0;    // varint, fixed32 or fixed64
  std::string_view bytes;  // length-delimited
  bool has_bytes = false;
  float as_float() const;  // of a fixed32
};

// Total: work is linear in the message. Groups (an old feature) are refused.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : reader_(std::as_bytes(std::span(message))) {}

  // The next field, or nothing at the end. kCorruptFile with the offset inside this message.
  Result<std::optional<ProtobufField>> next();

 private:
  Result<uint64_t> read_varint();
  ByteReader reader_;
};

}  // namespace weft
