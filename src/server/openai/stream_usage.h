// What a stream says of its usage: in each chunk if the client wants it so, and in a chunk of its own at the end.
#pragma once

#include <string>

#include "server/http/sse.h"
#include "server/openai/answer_json.h"
#include "server/openai/request_fields.h"

namespace weft {

class StreamUsage {
 public:
  explicit StreamUsage(const GenerationBody& body)
      : include_(body.include_usage), continuous_(body.continuous_usage && body.include_usage) {}

  // Tokens seen so far.
  Usage so_far;

  // ,"usage":.. of a chunk; nothing when the client did not ask.
  void append_member(std::string& out) const {
    if (!include_) return;
    out += R"(,"usage":)";
    if (continuous_) {
      append_usage(out, so_far);
    } else {
      out += "null";
    }
  }

  // The chunk behind the last choice's. `chunk` has `"choices":[` in its head and closes the object in its tail.
  void append_closing_chunk(const SseTemplate& chunk, const Usage& usage, std::string& out) const {
    if (!include_) return;
    chunk.append(out, [&](std::string& to) {
      to += R"(],"usage":)";
      append_usage(to, usage);
    });
  }

 private:
  bool include_, continuous_;
};

}  // namespace weft
