#include "scheduler/scheduler_config.h"

namespace weft {

Status SchedulerConfig::validate() const {
  if (max_num_seqs < 1) return param_error("max_num_seqs", "max_num_seqs is {}; it must be at least 1.", max_num_seqs);
  if (max_num_batched_tokens < max_num_seqs) {
    return param_error("max_num_batched_tokens",
                       "max_num_batched_tokens is {}, but must be at least max_num_seqs ({}), so that every running "
                       "sequence advances in each step.",
                       max_num_batched_tokens, max_num_seqs);
  }
  if (max_steps_in_flight < 1 || max_steps_in_flight > 8) {
    return param_error("max_steps_in_flight", "max_steps_in_flight is {}; it must be between 1 and 8.",
                       max_steps_in_flight);
  }
  if (max_waiting_requests < 1) return param_error("max_waiting_requests", "max_waiting_requests must be at least 1.");
  if (max_waiting_prompt_tokens < 1) {
    return param_error("max_waiting_prompt_tokens", "max_waiting_prompt_tokens is {}; it must be at least 1.",
                       max_waiting_prompt_tokens);
  }
  if (prefix_key_bits < 1 || prefix_key_bits > 256) {
    return param_error("prefix_key_bits", "prefix_key_bits is {}; it must be between 1 and 256.", prefix_key_bits);
  }
  return {};
}

}  // namespace weft
