// The compiled form of a template, private to the template_*.cpp files: a flat run of segments over one
// string of literal bytes. Blocks are jumps:
//
//   {{#each x}}A{{else}}B{{/each}}   ->   each x, else at 3 | A | next, back to 1, out to 4 | B |
//   {{#if x}}A{{else}}B{{/if}}       ->   if x, else at 3   | A | jump to 4                 | B |
//
// A frame is what a section or `each` puts on the context stack; `if`, `unless` and {{^x}} put nothing there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/message/escape.hpp"
#include "engine/message/template.hpp"

namespace sluice::message {

enum class Op : std::uint8_t {
  literal,     ///< `a` bytes at offset `b` of the literals
  root_value,  ///< slot `a`, outside every frame: the fast case
  value,       ///< path `a`
  section,     ///< path `a`; false: go to `b`. Pushes a frame
  each,        ///< path `a`; nothing to walk: go to `b`. Pushes a frame
  test,        ///< path `a`; false: go to `b`
  test_not,    ///< path `a`; true: go to `b`
  next,        ///< the innermost frame's next item: go to `a`; none: pop it, go to `b`
  jump,        ///< go to `a`
};

struct Segment {
  Op op = Op::literal;
  Escape escape = Escape::none;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};

/// A top-level name and its sources, resolved when compiling.
struct RootSlot {
  std::string name;
  std::optional<std::uint16_t> column;
  std::optional<Extra> extra;
  std::optional<std::string> fallback;
};

/// A name as the template wrote it.
struct Path {
  enum class Start : std::uint8_t {
    stack,   ///< the innermost frame that has parts[0], then the top level
    strict,  ///< only the frame `up` levels above the current one (this.x, ../x)
    root,    ///< only the top level (@root.x)
    index,   ///< @index
    first,   ///< @first
    last,    ///< @last
    key,     ///< @key
  };
  Start start = Start::stack;
  std::uint8_t up = 0;
  std::uint32_t slot = 0;               ///< of parts[0], where parts is not empty
  std::vector<std::string> parts;       ///< empty: the context itself
  std::optional<std::string> fallback;  ///< the default for a dotted name
};

struct NeededColumn {
  std::uint16_t column;
  std::uint32_t slot;
};

struct TemplateProgram {
  Mode mode = Mode::text;
  TemplateOptions options;
  std::string literals;
  std::vector<Segment> segments;
  std::vector<RootSlot> slots;
  std::vector<NeededColumn> needed;  ///< ascending by column: a row is read in one walk
  std::vector<Path> paths;
  std::vector<TemplateVariable> variables;
  std::size_t max_frames = 0;
};

}  // namespace sluice::message
