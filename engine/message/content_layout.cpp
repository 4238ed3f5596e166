#include "engine/message/content_layout.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "engine/message/encoding.hpp"
#include "engine/message/header_field.hpp"

namespace sluice::message {
namespace {

constexpr std::size_t kMaxFilename = 255;
constexpr std::size_t kMaxCid = 200;
constexpr std::string_view kBodyEncoding = "Content-Transfer-Encoding: quoted-printable\r\n";

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 127 && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f && !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
  });
}

Expected<> check_type(std::string_view type, std::string_view what) {
  const auto slash = type.find('/');
  if (slash == std::string_view::npos || !is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1)))
    return wrong(fmt::format("{}: the type must look like application/pdf", what));
  if (type.starts_with("multipart/") || type.starts_with("message/"))
    return wrong(fmt::format("{}: {} may not be encoded (RFC 2046 5.2.1); use application/octet-stream", what, type));
  return {};
}

Expected<> check_filename(std::string_view name) {
  if (name.empty() || name.size() > kMaxFilename)
    return wrong(fmt::format("an attachment's name must have 1 to {} bytes", kMaxFilename));
  for (std::string_view rest = name; !rest.empty(); rest.remove_prefix(utf8_length(rest))) {
    const bool bad = utf8_length(rest) == 0 || static_cast<unsigned char>(rest[0]) < 0x20 || rest[0] == 0x7f ||
                     rest[0] == '/' || rest[0] == '\\';
    if (bad) return wrong("an attachment's name must be UTF-8 without slashes and control characters");
  }
  return {};
}

Expected<> check_cid(std::string_view cid) {
  const bool good = !cid.empty() && cid.size() <= kMaxCid && std::ranges::all_of(cid, [](char c) {
    return c > 0x20 && c < 0x7f && !std::string_view("<>()[]\\\",;:").contains(c);
  });
  if (!good) return wrong(fmt::format("an inline image's cid must be 1 to {} plain ASCII characters", kMaxCid));
  return {};
}

Expected<> check_files(const ContentSource& source, const ContentLimits& limits) {
  if (std::max(source.attachments.size(), source.images.size()) > limits.attachments)
    return fail(ErrorCode::limit, fmt::format("more than {} attachments", limits.attachments));
  if (!source.images.empty() && source.html.empty()) return wrong("inline images need an html template");
  std::size_t bytes = 0;
  for (const auto& file : source.attachments) {
    if (auto done = check_filename(file.filename); !done) return done;
    const auto& type = file.type;
    if (auto done = type.empty() ? Expected<>() : check_type(type, file.filename); !done) return done;
    bytes += file.bytes.size();
  }
  std::vector<std::string_view> cids;
  for (const auto& image : source.images) {
    if (auto done = check_cid(image.cid); !done) return done;
    if (auto done = check_type(image.type, image.cid); !done) return done;
    if (auto done = image.filename.empty() ? Expected<>() : check_filename(image.filename); !done) return done;
    if (std::ranges::contains(cids, std::string_view(image.cid)))
      return fail(ErrorCode::conflict, fmt::format("two inline images are called {}", image.cid));
    cids.push_back(image.cid);
    bytes += image.bytes.size();
  }
  if (bytes > limits.attachment_bytes) {
    return fail(ErrorCode::limit, fmt::format("attachments and images have {} bytes; the limit is {}", bytes,
                                              limits.attachment_bytes));
  }
  return {};
}

// "=_" and 24 hexadecimal digits of a hash over tenant and campaign; the caller adds what tells them apart.
std::string boundary_stem(const ContentSource& source) {
  std::string name = source.tenant;
  name += '\0';
  name += source.campaign_id;
  std::array<unsigned char, 32> digest{};
  EVP_Digest(name.data(), name.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string out = "=_";
  for (std::size_t i = 0; i < 12; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

void append_multipart(std::string& out, std::string_view kind, std::string_view boundary,
                      std::string_view root_type = {}) {
  FieldWriter field(out, "Content-Type");
  field.token(fmt::format("multipart/{}", kind));
  if (!root_type.empty()) field.parameter("type", root_type);
  field.parameter("boundary", boundary);
  field.end();
}

void append_text_type(std::string& out, std::string_view subtype) {
  out += fmt::format("Content-Type: text/{}; charset=utf-8\r\n", subtype);
  out += kBodyEncoding;
}

void append_file(std::string& out, std::string_view type, std::string_view disposition, std::string_view filename,
                 std::string_view cid, std::string_view bytes) {
  FieldWriter content_type(out, "Content-Type");
  content_type.token(type.empty() ? "application/octet-stream" : type);
  content_type.end();
  out += "Content-Transfer-Encoding: base64\r\n";
  FieldWriter content_disposition(out, "Content-Disposition");
  content_disposition.token(disposition);
  content_disposition.parameter("filename", filename);
  content_disposition.end();
  if (!cid.empty()) {
    FieldWriter content_id(out, "Content-ID");
    content_id.token(fmt::format("<{}>", cid));
    content_id.end();
  }
  out += "\r\n";
  append_base64_lines(out, bytes);
  if (bytes.empty()) out += "\r\n";
}

// The CRLF before a delimiter belongs to it (RFC 2046 5.1.1): what stands before has written it.
void append_delimiter(std::string& out, std::string_view boundary, bool last = false) {
  out += fmt::format("--{}{}\r\n", boundary, last ? "--" : "");
}

}  // namespace

Expected<ContentLayout> lay_out(const ContentSource& source, const ContentLimits& limits) {
  if (auto done = check_files(source, limits); !done) return std::unexpected(std::move(done.error()));
  const bool html = !source.html.empty();
  const bool related = !source.images.empty();
  const bool mixed = !source.attachments.empty();
  const auto stem = boundary_stem(source);
  const auto outer = stem + ".m", alternative = stem + ".a", inner = stem + ".r";
  ContentLayout out;
  out.header = "MIME-Version: 1.0\r\n";
  // The fields of the part that comes next go into the header or, inside multipart/mixed, into the body.
  std::string* fields = &out.header;
  if (mixed) {
    append_multipart(out.header, "mixed", outer);
    append_delimiter(out.before_text, outer);
    fields = &out.before_text;
  }
  if (html) {
    append_multipart(*fields, "alternative", alternative);
    if (mixed) out.before_text += "\r\n";
    append_delimiter(out.before_text, alternative);
    fields = &out.before_text;
  }
  append_text_type(*fields, "plain");
  if (html || mixed) out.before_text += "\r\n";
  if (html) {
    append_delimiter(out.before_html, alternative);
    if (related) {
      append_multipart(out.before_html, "related", inner, "text/html");
      out.before_html += "\r\n";
      append_delimiter(out.before_html, inner);
    }
    append_text_type(out.before_html, "html");
    out.before_html += "\r\n";
  }
  out.multipart = html || mixed;
  for (const auto& image : source.images) {
    append_delimiter(out.tail, inner);
    append_file(out.tail, image.type, "inline", image.filename.empty() ? image.cid : image.filename, image.cid,
                image.bytes);
  }
  if (related) append_delimiter(out.tail, inner, true);
  if (html) append_delimiter(out.tail, alternative, true);
  for (const auto& file : source.attachments) {
    append_delimiter(out.tail, outer);
    append_file(out.tail, file.type, "attachment", file.filename, {}, file.bytes);
  }
  if (mixed) append_delimiter(out.tail, outer, true);
  return out;
}

}  // namespace sluice::message
