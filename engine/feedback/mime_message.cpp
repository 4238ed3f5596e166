#include "engine/feedback/mime_message.hpp"

#include <gmime/gmime.h>

#include <algorithm>
#include <memory>

#include "engine/base/lower_case.hpp"

namespace sluice::feedback {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
struct Free {
  void operator()(char* text) const { g_free(text); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;
using OwnedText = std::unique_ptr<char, Free>;

/// GMime's tables, once; what it allocates stays for the life of the program.
void start_gmime() {
  static const bool started = [] {
    g_mime_init();
    return true;
  }();
  (void)started;
}

std::string unfolded(std::string_view raw, std::size_t limit) {
  std::string out;
  for (const char c : raw) {
    if (out.size() >= limit) break;
    if (c == '\r' || c == '\n' || c == '\0') continue;
    out.push_back(c == '\t' ? ' ' : c);
  }
  const auto first = out.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

class Walk {
 public:
  Walk(MimeMessage& out, const MimeLimits& limits) : out_(out), limits_(limits) {}

  std::vector<HeaderField> fields(GMimeObject* object) {
    std::vector<HeaderField> found;
    auto* list = g_mime_object_get_header_list(object);
    const int count = g_mime_header_list_get_count(list);
    for (int i = 0; i < count; ++i) {
      if (found.size() >= limits_.fields) {
        out_.cut = true;
        break;
      }
      auto* header = g_mime_header_list_get_header_at(list, i);
      const char* name = g_mime_header_get_name(header);
      const char* value = g_mime_header_get_raw_value(header);
      if (name == nullptr || value == nullptr) continue;
      found.push_back({lower_case(name), unfolded(value, limits_.field_bytes)});
    }
    return found;
  }

  void visit(GMimeObject* object, std::size_t depth) {
    if (object == nullptr) return;
    if (depth > limits_.depth || out_.parts.size() >= limits_.parts) {
      out_.cut = true;
      return;
    }
    if (GMIME_IS_MULTIPART(object)) {
      auto* multipart = GMIME_MULTIPART(object);
      const int count = g_mime_multipart_get_count(multipart);
      for (int i = 0; i < count && out_.parts.size() < limits_.parts; ++i) {
        visit(g_mime_multipart_get_part(multipart, i), depth + 1);
      }
      // A multipart whose parts cannot be found: what it holds is in its prologue.
      const char* prologue = g_mime_multipart_get_prologue(multipart);
      if (count == 0 && prologue != nullptr) add_text("text/plain", prologue, {});
      return;
    }
    leaf(object);
  }

 private:
  void add_text(std::string type, std::string_view text, std::vector<HeaderField> own) {
    if (text.size() > limits_.text_bytes) out_.cut = true;
    out_.parts.push_back(
        {std::move(type), std::string(text.substr(0, limits_.text_bytes)), {}, std::move(own)});
  }

  void leaf(GMimeObject* object) {
    auto* content_type = g_mime_object_get_content_type(object);
    std::string type = content_type == nullptr ? "text/plain" : "";
    if (content_type != nullptr) {
      const char* media = g_mime_content_type_get_media_type(content_type);
      const char* sub = g_mime_content_type_get_media_subtype(content_type);
      type = lower_case(media == nullptr ? "text" : media) + '/' + lower_case(sub == nullptr ? "plain" : sub);
    }
    if (GMIME_IS_MESSAGE_PART(object)) {
      auto* message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
      MimePart part{std::move(type), {}, {}, fields(object)};
      if (message != nullptr) part.attached = fields(GMIME_OBJECT(message));
      out_.parts.push_back(std::move(part));
    } else if (GMIME_IS_TEXT_PART(object)) {
      const OwnedText text(g_mime_text_part_get_text(GMIME_TEXT_PART(object)));
      add_text(std::move(type), text ? std::string_view(text.get()) : std::string_view(), fields(object));
    } else if (GMIME_IS_PART(object)) {
      const bool wanted = type.starts_with("message/") || limits_.binary;
      add_text(std::move(type), wanted ? bytes_of(GMIME_PART(object)) : std::string(), fields(object));
    }
  }

  static std::string bytes_of(GMimePart* part) {
    auto* content = g_mime_part_get_content(part);
    if (content == nullptr) return {};
    const Owned<GMimeStream> stream(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(content, stream.get());
    auto* array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
    if (array == nullptr || array->len == 0) return {};
    return {reinterpret_cast<const char*>(array->data), array->len};
  }

  MimeMessage& out_;
  const MimeLimits& limits_;
};

}  // namespace

std::string_view field_of(const std::vector<HeaderField>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &HeaderField::name);
  return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

std::string decoded_text(std::string_view value) {
  start_gmime();
  const std::string zero_ended(value.substr(0, value.find('\0')));
  const OwnedText text(g_mime_utils_header_decode_text(nullptr, zero_ended.c_str()));
  return text ? std::string(text.get()) : std::string();
}

const MimePart* MimeMessage::part(std::string_view wanted) const {
  const auto found = std::ranges::find(parts, wanted, &MimePart::type);
  return found == parts.end() ? nullptr : &*found;
}

MimeMessage parse_mime(std::string_view bytes, const MimeLimits& limits) {
  start_gmime();
  MimeMessage out;
  out.cut = bytes.size() > limits.bytes;
  bytes = bytes.substr(0, limits.bytes);
  const Owned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  const Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  const Owned<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (!message) return out;
  Walk walk(out, limits);
  out.fields = walk.fields(GMIME_OBJECT(message.get()));
  auto* body = g_mime_message_get_mime_part(message.get());
  if (body == nullptr) return out;
  if (auto* content_type = g_mime_object_get_content_type(body); content_type != nullptr) {
    const OwnedText type(g_mime_content_type_get_mime_type(content_type));
    if (type) out.type = lower_case(type.get());
    const char* report = g_mime_content_type_get_parameter(content_type, "report-type");
    if (report != nullptr) out.report_type = lower_case(report);
  }
  walk.visit(body, 0);
  return out;
}

}  // namespace sluice::feedback
