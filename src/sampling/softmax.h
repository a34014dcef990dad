// Softmax of one row of logits [V], in plain IEEE operations and a fixed order of additions, so that the same logits
// give the same bits on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace weft {

// e^x for x <= 0, within 2 units in the last place; 0 below -87 (and for -infinity). Not libm's: that one differs
// between CPUs with and without FMA.
float exp_nonpositive(float x);

// The largest logit; nothing when a logit is NaN or +infinity, or when all are -infinity (I20).
std::optional<float> finite_max(std::span<const float> logits);

// weights[i] = e^((logits[i] - max) * inverse_temperature); returns their sum. Both spans have V elements.
double softmax_weights(std::span<const float> logits, float max, float inverse_temperature, std::span<float> weights);

// log(sum of e^logits[i]), given max = finite_max(logits).
double log_sum_exp(std::span<const float> logits, float max);

// The sum of `weights` in the order that softmax_weights() adds them.
double ordered_sum(std::span<const float> weights);

}  // namespace weft
