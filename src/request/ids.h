// Names of things that travel between rooms.
#pragma once

#include <cstdint>

namespace weft {

using TokenId = int32_t;
using RequestId = uint64_t;   // one per accepted request, never reused in a process
using SequenceId = uint64_t;  // a request has n sequences, one per choice
using PageId = int32_t;       // index of a page in its cache group's pool; kNoPage where none is held

constexpr PageId kNoPage = -1;

// Stands in StepPlan::token_ids for a token that a step in flight will have sampled: the last sample of the row.
constexpr TokenId kPromisedToken = -1;

}  // namespace weft
