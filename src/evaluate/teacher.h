// Teacher-forced comparison with a golden: one line of JSON in, one line of JSON out.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "evaluate/sequence_scorer.h"

namespace weft {

// {"ids": [T ints], "positions": [P ints]} -> {"nll": [T - 1 numbers], "top": [P lists of 200 [id, log-probability]]}
// nll[i] is that of token i + 1 after tokens 0 .. i; top[j] are the likeliest successors of token positions[j].
Result<std::string> teacher_line(ModelRunner& runner, std::string_view line);

}  // namespace weft
