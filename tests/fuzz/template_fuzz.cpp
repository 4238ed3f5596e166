// Any bytes as a template, a row and HTML: compile, render, make text. The first byte chooses; the first NUL
// parts the template from the row.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/message/html_text.hpp"
#include "engine/message/template.hpp"

namespace {

using namespace sluice::message;

const RowLayout& layout() {
  static const auto made = RowLayout::of({"a", "b", "c", "l", "o"}).value();
  return made;
}

void check(bool holds) {
  if (!holds) std::abort();
}

void render(const Template& compiled, std::string_view row, Mode mode) {
  std::string plain = "^";
  const auto done = compiled.render({RowView(row), {}}, plain);
  check(done || plain == "^");
  if (mode == Mode::header) check(plain.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  std::string encoded = "^";
  const auto copy = compiled.map_literals([](std::string_view text) { return std::string(text); });
  const auto encode = [](std::string_view value, std::string& out) { out += value; };
  const auto again = copy.render({RowView(row), {}}, encoded, encode);
  check(done.has_value() == again.has_value() && plain == encoded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto source = input.substr(0, input.find('\0'));
  const auto row = source.size() < input.size() ? input.substr(source.size() + 1) : std::string_view{};
  TemplateOptions options;
  options.max_steps = 20'000;
  options.max_output_bytes = 1 << 20;
  if (data[0] % 4 == 3) {
    if (const auto text = text_from_html(source)) {
      check(Template::compile(*text, Mode::text, RowLayout{}).has_value());
    }
    return 0;
  }
  const auto mode = static_cast<Mode>(data[0] % 4);
  (void)RowView(row).check();
  if (const auto compiled = Template::compile(source, mode, layout(), {}, options))
    render(*compiled, row, mode);
  return 0;
}
