// A copy of a tiny safetensors model that a test damages. Included by tests only.
#pragma once

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/test_data.h"

namespace weft {

// A copy of a tiny model that a test damages or rewrites; gone with the object.
class ModelCopy {
 public:
  explicit ModelCopy(const std::filesystem::path& model)
      : path_(scratch_path(fmt::format("weft_copy_{}_{}", getpid(), model.filename().string()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::copy(model, path_);
  }
  ~ModelCopy() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

  JsonObject header() const {
    std::string bytes = weights();
    auto json = parse_json(std::string_view(bytes).substr(8, header_size(bytes)));
    CHECK(json.has_value());
    return json->as_object();
  }
  void set_header(const JsonObject& header) {
    std::string bytes = weights(), text = write_json(header);
    text.resize((text.size() + 7) / 8 * 8, ' ');
    uint64_t size = text.size();
    std::string out(reinterpret_cast<const char*>(&size), 8);
    out += text + bytes.substr(8 + header_size(bytes));
    write("model.safetensors", out);
  }
  // Overwrites bytes of a tensor's data.
  void patch(std::string_view tensor, size_t offset, std::string_view replacement) {
    std::string bytes = weights();
    auto begin = header().at(tensor).as_object().at("data_offsets").as_array()[0].to_number<size_t>();
    bytes.replace(8 + header_size(bytes) + begin + offset, replacement.size(), replacement);
    write("model.safetensors", bytes);
  }
  void write(std::string_view name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary | std::ios::trunc) << bytes;
  }

 private:
  std::string weights() const {
    auto bytes = read_text_file(path_ / "model.safetensors", 1 << 24);
    CHECK(bytes.has_value());
    return *bytes;
  }
  static uint64_t header_size(const std::string& bytes) {
    uint64_t size;
    std::memcpy(&size, bytes.data(), 8);
    return size;
  }
  std::filesystem::path path_;
};

}  // namespace weft
