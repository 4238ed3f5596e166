#include <fmt/format.h>

#include <algorithm>

#include "engine/message/template_compiler.hpp"
#include "engine/message/template_path.hpp"

namespace sluice::message {

Expected<> TemplateCompiler::start_arm(const Tag& tag, std::string_view helper, std::string_view name,
                                       TemplateBlock& block) {
  const auto path = path_of(tag, name);
  if (!path) return std::unexpected(path.error());
  auto op = Op::section;
  if (helper == "each") op = Op::each;
  if (helper == "if") op = Op::test;
  if (helper == "unless") op = Op::test_not;
  block.arm = emit({op, Escape::none, *path, 0});
  block.arm_tests = true;
  block.arm_frame = op == Op::section || op == Op::each;
  if (block.arm_frame) program_.max_frames = std::max(program_.max_frames, ++frames_);
  label();
  return {};
}

Expected<> TemplateCompiler::open(const Tag& tag) {
  if (blocks_.size() >= std::min(program_.options.max_depth, kDeepest)) {
    return error(tag,
                 fmt::format("blocks nest deeper than {}; flatten the template", program_.options.max_depth));
  }
  const auto words = words_of(tag.content);
  if (words.empty()) return error(tag, "this block has no name; write {{#name}}...{{/name}}");
  const auto helper = words.front();
  const bool known = helper == "if" || helper == "unless" || helper == "each";
  if (known && words.size() == 1) {
    return error(tag, fmt::format("{0} needs one name; write {{{{#{0} name}}}}...{{{{/{0}}}}}", helper));
  }
  if (!known && words.size() > 1) {
    return error(tag, fmt::format("there is no block helper \"{}\"; there are if, unless and each", helper));
  }
  if (words.size() > 2) {
    return error(tag, fmt::format("{0} takes one name and nothing else; write {{{{#{0} name}}}}", helper));
  }
  TemplateBlock block;
  block.closes_with = known ? helper : tag.content;
  block.at = tag.at;
  if (auto fine = start_arm(tag, known ? helper : std::string_view{}, words.back(), block); !fine)
    return fine;
  blocks_.push_back(std::move(block));
  return {};
}

Expected<> TemplateCompiler::inverted(const Tag& tag) {
  if (blocks_.size() >= std::min(program_.options.max_depth, kDeepest)) {
    return error(tag,
                 fmt::format("blocks nest deeper than {}; flatten the template", program_.options.max_depth));
  }
  const auto words = words_of(tag.content);
  if (words.size() != 1) return error(tag, "an inverted section takes one name; write {{^name}}...{{/name}}");
  TemplateBlock block;
  block.closes_with = tag.content;
  block.at = tag.at;
  if (auto fine = start_arm(tag, "unless", words.front(), block); !fine) return fine;
  blocks_.push_back(std::move(block));
  return {};
}

void TemplateCompiler::finish_arm(TemplateBlock& block, bool more) {
  if (block.arm_frame) {
    block.leave.push_back(emit({Op::next, Escape::none, block.arm + 1, 0}));
    --frames_;
  } else if (more) {
    block.leave.push_back(emit({Op::jump, Escape::none, 0, 0}));
  }
  block.arm_frame = false;
  if (block.arm_tests) program_.segments[block.arm].b = label();
}

Expected<> TemplateCompiler::otherwise(const Tag& tag) {
  if (blocks_.empty())
    return error(tag, "{{else}} stands outside every block; put it between {{#if x}} and {{/if}}");
  auto& block = blocks_.back();
  if (!block.arm_tests)
    return error(tag, "a second {{else}} in one block; only the last arm may be a plain {{else}}");
  const auto words = words_of(tag.content);
  finish_arm(block, true);
  if (words.empty()) {
    block.arm_tests = false;
    return {};
  }
  const auto helper = words.front();
  if (words.size() != 2 || (helper != "if" && helper != "unless" && helper != "each")) {
    return error(tag, fmt::format("\"else {}\" is not known; write {{{{else}}}} or {{{{else if name}}}}",
                                  tag.content));
  }
  return start_arm(tag, helper, words.back(), block);
}

Expected<> TemplateCompiler::close(const Tag& tag) {
  if (blocks_.empty()) {
    return error(tag,
                 fmt::format("{{{{/{0}}}}} closes nothing; open the block with {{{{#{0}}}}} or remove it",
                             tag.content));
  }
  auto& block = blocks_.back();
  if (tag.content != block.closes_with) {
    return error(
        tag,
        fmt::format("{{{{/{}}}}} does not close the open block; {{{{/{}}}}} is due, for the one opened at {}",
                    tag.content, block.closes_with, at_position(source_, block.at, "the open tag")));
  }
  finish_arm(block, false);
  const auto end = label();
  for (const auto leaving : block.leave) {
    auto& segment = program_.segments[leaving];
    (segment.op == Op::jump ? segment.a : segment.b) = end;
  }
  blocks_.pop_back();
  return {};
}

}  // namespace sluice::message
