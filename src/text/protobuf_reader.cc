#include "text/protobuf_reader.h"

#include <bit>

namespace weft {

float ProtobufField::as_float() const { return std::bit_cast<float>(static_cast<uint32_t>(integer)); }

Result<uint64_t> ProtobufReader::read_varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    TRY_ASSIGN(auto byte, reader_.read<uint8_t>());
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return make_error(ErrorCode::kCorruptFile, "the number before offset {} has more than 64 bits", reader_.offset());
}

Result<std::optional<ProtobufField>> ProtobufReader::next() {
  if (reader_.remaining() == 0) return std::optional<ProtobufField>();
  size_t offset = reader_.offset();
  TRY_ASSIGN(auto tag, read_varint());
  if (tag >> 3 == 0 || tag >> 32 != 0) {
    return make_error(ErrorCode::kCorruptFile, "the field at offset {} has no valid number", offset);
  }
  ProtobufField field{.number = static_cast<uint32_t>(tag >> 3)};
  switch (tag & 7) {
    case 0: {
      TRY_ASSIGN(field.integer, read_varint());
      break;
    }
    case 1: {
      TRY_ASSIGN(field.integer, reader_.read<uint64_t>());
      break;
    }
    case 2: {
      TRY_ASSIGN(auto size, read_varint());
      TRY_ASSIGN(field.bytes, reader_.take_text(size));
      field.has_bytes = true;
      break;
    }
    case 5: {
      TRY_ASSIGN(field.integer, reader_.read<uint32_t>());
      break;
    }
    default:
      return make_error(ErrorCode::kCorruptFile, "the field at offset {} has the wire type {}", offset, tag & 7);
  }
  return std::optional(field);
}

}  // namespace weft
