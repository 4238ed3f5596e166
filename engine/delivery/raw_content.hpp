// The content of a flow: messages other programs wrote, sent as they were accepted, signed on the way out.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/delivery/raw_payload.hpp"
#include "engine/delivery/stream_content.hpp"
#include "engine/store/segments.hpp"

namespace sluice::delivery {

inline constexpr char kRawKind = 'r';

/// The stream's content part kContentPart: kind and version; the messages are the records' own.
[[nodiscard]] std::string encode_raw();
/// For the ContentLoader, of bytes that begin with kRawKind. `segments` must outlive the content. Preparing
/// reads the body from its segment file: from the page cache for mail that was just accepted, else from disk.
[[nodiscard]] Expected<std::shared_ptr<const StreamContent>> load_raw(std::string_view bytes,
                                                                      const store::Segments& segments);

/// The message as it was accepted. io, corrupt: its body cannot be read, or is damaged.
[[nodiscard]] Expected<std::string> raw_message(const queue::RecordValue& value, const RawPayload& payload,
                                                const store::Segments& segments);

}  // namespace sluice::delivery
