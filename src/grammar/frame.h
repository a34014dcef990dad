// What a grammar machine remembers: a frame is one thing that is being matched, a stack of frames is one way to read
// the text so far, and a thread is a frame on top of such a stack.
#pragma once

#include <cstdint>

namespace weft {

// No text cell, no record, no list.
constexpr int32_t kNoCell = -1;
// White space is not allowed here (the field `ws` of a value that begins a text).
constexpr int32_t kNoWhitespace = -1;

enum class FrameKind : uint8_t {
  kEnd,       // bottom of every stack; as a thread: nothing is left to match
  kSequence,  // expression x, child y comes next
  kRepeat,    // expression x, y times so far (or as many as matter)
  kRule,      // rule x, called from the edges of call site y
  kText,      // automaton x in state y
  kToken,     // token x
  kValue,     // value x; white space ws in front of it
  kLiteral,   // null, true, false (x: 0, 1, 2), y bytes read
  kNumber,    // automaton x in state y
  kString,    // string x, text automaton in state y, escape z, w characters so far (where they matter)
  kKey,    // key trie node x (-1: no property), state y of the other keys (-1: none), escape z, text w. Over an object
  kColon,  // after a key: property x, or -x the class of an other key, and its text w. Over an object
  kArrayFirst,   // array x, y items so far, counts z, list of seen items w
  kArrayItem,    // the same, after a comma
  kArrayNext,    // the same, after an item; below an item: that item counted, u: where its record begins
  kObjectFirst,  // object x, y properties so far, counts z, set of seen properties w, list of other keys u
  kObjectKey,    // the same, after a comma
  kObjectNext,   // the same, after a value
};

struct Frame {
  FrameKind kind = FrameKind::kEnd;
  uint16_t depth = 0;   // arrays and objects around this frame, itself counted
  int32_t parent = -1;  // the frame below, in a StateArena
  int32_t record =
      kNoCell;  // the text read so far inside arrays of unique items; in frames below: >= 0 if there is one
  int32_t x = 0, y = 0, z = 0, w = 0, u = 0;
  int32_t ws = 0;  // white space read: a number of bytes, or a state of the policy's automaton

  friend bool operator==(const Frame&, const Frame&) = default;
  friend auto operator<=>(const Frame&, const Frame&) = default;
};

// The cells that frames point to: lists that share their tails.
struct Cell {
  int32_t a = 0, b = 0, next = kNoCell;
  bool points = false;  // a is a cell, too
  friend bool operator==(const Cell&, const Cell&) = default;
};

}  // namespace weft
