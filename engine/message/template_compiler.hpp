// Turns tags into segments: names and text in template_compile.cpp, blocks in template_blocks.cpp. Private to
// the two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/message/template_program.hpp"
#include "engine/message/template_scan.hpp"

namespace sluice::message {

/// TemplateOptions::max_depth counts up to here: paths count levels in a byte.
inline constexpr std::size_t kDeepest = 64;

/// A block whose end is still to come. `else` starts its next arm; an arm ends at an `else` or at the close
/// tag.
struct TemplateBlock {
  std::string_view closes_with;      ///< what the close tag must say
  std::size_t at = 0;                ///< of the opening tag, for errors
  std::uint32_t arm = 0;             ///< segment that tests the current arm
  bool arm_tests = true;             ///< false in the arm of a plain {{else}}, which must be the last
  bool arm_frame = false;            ///< the current arm pushed a frame
  std::vector<std::uint32_t> leave;  ///< segments to point behind the block
};

class TemplateCompiler {
 public:
  TemplateCompiler(std::string_view source, Mode mode, const RowLayout& layout, Defaults defaults,
                   const TemplateOptions& options)
      : source_(source), layout_(layout), defaults_(defaults) {
    program_.mode = mode;
    program_.options = options;
  }

  Expected<TemplateProgram> run();

 private:
  using Fine = Expected<>;

  Fine tag(const Tag& tag);
  Fine variable(const Tag& tag, bool escaped);
  Fine open(const Tag& tag);
  Fine inverted(const Tag& tag);
  Fine otherwise(const Tag& tag);
  Fine close(const Tag& tag);

  Fine start_arm(const Tag& tag, std::string_view helper, std::string_view name, TemplateBlock& block);
  void finish_arm(TemplateBlock& block, bool more);
  void literal(std::string_view text);
  Expected<std::uint32_t> path_of(const Tag& tag, std::string_view word);
  std::uint32_t slot_of(const std::string& name);
  void note_variable(const Tag& tag, const Path& path);
  [[nodiscard]] std::optional<std::string> default_of(std::string_view name) const;

  std::uint32_t emit(Segment segment) {
    program_.segments.push_back(segment);
    return here() - 1;
  }
  /// The next segment's number. It becomes a jump's target: literals before and behind it stay apart.
  std::uint32_t label() { return barrier_ = here(); }
  [[nodiscard]] std::uint32_t here() const { return static_cast<std::uint32_t>(program_.segments.size()); }
  [[nodiscard]] std::unexpected<Error> error(const Tag& tag, std::string_view text) const {
    return fail(ErrorCode::invalid_input, at_position(source_, tag.at, text));
  }

  std::string_view source_;
  const RowLayout& layout_;
  Defaults defaults_;
  TemplateProgram program_;
  std::vector<TemplateBlock> blocks_;
  std::size_t frames_ = 0;
  std::uint32_t barrier_ = 0;
  std::unordered_map<std::string, std::uint32_t> slots_;
  std::unordered_map<std::string, std::uint32_t> paths_;
  std::unordered_map<std::string, bool> noted_;
  std::size_t position_at_ = 0;  // line_ and column_ are those of this offset
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

}  // namespace sluice::message
