// What a grammar is to the engine: which tokens may come next. Implemented by the grammar room.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"
#include "request/ids.h"

namespace weft {

// The state of one sequence in one grammar. Used by one thread at a time.
class ConstraintState {
 public:
  virtual ~ConstraintState() = default;
  virtual std::unique_ptr<ConstraintState> clone() const = 0;
  // Sets bit t of mask (bit t%32 of word t/32) for each legal token t; kInternalError when none is (I21).
  virtual Status fill_mask(std::span<uint32_t> mask) = 0;
  // Advances by a sampled token; an error when it was not legal.
  virtual Status accept(TokenId token) = 0;
};

// Compiled before admission; immutable and shared.
class TokenConstraint {
 public:
  virtual ~TokenConstraint() = default;
  virtual std::unique_ptr<ConstraintState> start() const = 0;
};

}  // namespace weft
