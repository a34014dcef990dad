#include "text/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace weft {
namespace {

using testing::HasSubstr;

// As SmolLM2-135M-Instruct's GGUF file has it.
constexpr std::string_view kSmolLm2 =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n"
    "'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

ChatTemplate parse(std::string_view source) {
  auto parsed = ChatTemplate::parse(std::string(source), {.bos = "<s>", .eos = "</s>", .more = {{"pad_token", "<p>"}}});
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message);
  return std::move(*parsed);
}

ChatTemplateInput input_of(std::string_view messages) {
  ChatTemplateInput out;
  out.messages = parse_json(messages)->as_array();
  return out;
}

std::string render(std::string_view source, const ChatTemplateInput& input) {
  auto out = parse(source).render(input, 0);
  return out ? *out : "error: " + out.error().message;
}

TEST(ChatTemplate, SmolLm2) {
  EXPECT_EQ(render(kSmolLm2, input_of(R"([{"role": "user", "content": "Hi"}])")),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(render(kSmolLm2, input_of(R"([{"role": "system", "content": "S"}, {"role": "user", "content": "Hi"}])")),
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplate, Variables) {
  auto input = input_of("[]");
  input.extra["enable_thinking"] = false;
  EXPECT_EQ(render("{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ unk_token is defined }}{{ tools }}{{ documents }}"
                   "{{ add_generation_prompt }}{{ enable_thinking }}",
                   input),
            "<s></s><p>FalseNoneNoneTrueFalse");
  input.tools = JsonArray{JsonObject{{"name", "f"}}};
  input.extra["pad_token"] = "<other>";
  EXPECT_EQ(render("{{ tools|tojson }}{{ pad_token }}", input), "[{\"name\": \"f\"}]<other>");
}

TEST(ChatTemplate, ReservedNamesAreRefused) {
  for (std::string_view name : {"messages", "tools", "documents", "add_generation_prompt", "bos_token"}) {
    auto input = input_of("[]");
    input.extra[name] = 1;
    auto out = parse("x").render(input, 0);
    ASSERT_FALSE(out.has_value()) << name;
    EXPECT_EQ(out.error().param, "chat_template_kwargs." + std::string(name));
  }
}

TEST(ChatTemplate, ContinueFinalMessage) {
  auto input = input_of(R"([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "One, "}])");
  input.continue_final_message = true;
  EXPECT_THAT(render(kSmolLm2, input), HasSubstr("exclude each other"));
  input.add_generation_prompt = false;
  EXPECT_THAT(render(kSmolLm2, input), testing::EndsWith("<|im_start|>assistant\nOne, "));
  std::string_view trimming = "{% for m in messages %}[{{ m.content|trim }}]{% endfor %}";
  EXPECT_EQ(render(trimming, input), "[Hi][One,");
  EXPECT_THAT(render("{{ messages[0].content }}", input), HasSubstr("drops the last message"));
  input.messages.back().as_object()["content"] =
      parse_json(R"([{"type": "text", "text": "A"}, {"type": "image"}])").value();
  EXPECT_EQ(render("{{ messages[1].content[0].text }}|", input), "A");
  input.messages.clear();
  EXPECT_THAT(render(trimming, input), HasSubstr("no last message"));
}

TEST(ChatTemplate, ErrorsNameThePlace) {
  auto parsed = ChatTemplate::parse("a\n{% if %}", {});
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().message, HasSubstr("chat template: line 2, column 7"));
  EXPECT_THAT(render("{{ raise_exception('roles must alternate') }}", input_of("[]")),
              HasSubstr("roles must alternate"));
}

TEST(ChatTemplate, ThreadsShareOne) {
  auto shared = parse(kSmolLm2);
  auto input = input_of(R"([{"role": "user", "content": "Hi"}])");
  std::string want = *shared.render(input, 0);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        auto got = shared.render(input, 0);
        count += !got || *got != want;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

}  // namespace
}  // namespace weft
