// Signs outgoing mail: DKIM-Signature fields by RFC 6376 (relaxed/relaxed, no l=), 8301 and 8463.
//
// A signature is made in three steps, so that the one that costs can be replaced: prepare() hashes body and
// header and leaves a digest per key, DkimKey::sign() turns a digest into a signature (a batching signer may
// do many at once, or elsewhere), assemble() writes the fields. sign() is the three in a row.
//
// Threads: a signer belongs to one thread; every worker has its own clone().
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"
#include "engine/message/dkim_canon.hpp"
#include "engine/message/dkim_key.hpp"

namespace sluice::message {

struct DkimOptions {
  /// Field names signed when present, in this order in h=; every instance of a name is signed.
  std::vector<std::string> fields = {"from",
                                     "to",
                                     "cc",
                                     "subject",
                                     "date",
                                     "message-id",
                                     "reply-to",
                                     "sender",
                                     "in-reply-to",
                                     "references",
                                     "mime-version",
                                     "content-type",
                                     "content-transfer-encoding",
                                     "list-id",
                                     "list-unsubscribe",
                                     "list-unsubscribe-post",
                                     "feedback-id",
                                     "auto-submitted"};
  /// Names listed in h= once more than they occur: adding one breaks the signature (RFC 6376 8.15).
  std::vector<std::string> oversigned = {"from"};
  /// x= this long after t=; none by default.
  std::optional<std::chrono::seconds> lifetime = std::nullopt;
  std::size_t max_header_fields = 256;  ///< a header with more is not signed (limit)
  std::size_t max_keys_per_domain = 4;  ///< each adds a signature to every message; more is refused (limit)
};

/// What prepare() leaves behind; reuse it, its buffers stay.
class DkimDraft {
 public:
  struct Signature {
    DkimKey* key = nullptr;  ///< the signer's; good until a key is added to it
    DkimDigest digest{};     ///< to be signed
    std::string bytes;       ///< to be filled with the signature
    std::string field;       ///< "DKIM-Signature: ... b="
  };

  [[nodiscard]] std::span<Signature> signatures() { return {all_.data(), used_}; }
  [[nodiscard]] std::span<const Signature> signatures() const { return {all_.data(), used_}; }

 private:
  friend class DkimSigner;
  std::vector<Signature> all_;
  std::size_t used_ = 0;
};

class DkimSigner {
 public:
  /// The body in the order it goes out; any split.
  using BodyPieces = std::span<const std::string_view>;

  explicit DkimSigner(DkimOptions options = {});

  /// Several keys for one domain give several signatures, in the order added. Fails on a domain and selector
  /// that are there already (conflict) and beyond max_keys_per_domain (limit).
  [[nodiscard]] Expected<> add(DkimKey key);
  [[nodiscard]] Expected<DkimSigner> clone() const;
  /// `domain` in any case; exact, not for domains below it.
  [[nodiscard]] bool has(std::string_view domain) const;
  [[nodiscard]] std::span<const DkimKey> keys() const { return keys_; }

  /// Appends one DKIM-Signature field per key of `from_domain` to `out`, to stand before `header`; gives how
  /// many (0: no key, nothing appended). `header` is the field lines with or without the empty line that ends
  /// them, CRLF throughout. `now` becomes t=: give the message's own date and a retry is signed with the same
  /// bytes. On failure `out` is unchanged. Fails (invalid_input) on a header that is none or has no From.
  [[nodiscard]] Expected<std::size_t> sign(std::string_view header, BodyPieces body,
                                           std::string_view from_domain, Instant now, std::string& out);
  [[nodiscard]] Expected<std::size_t> sign(std::string_view header, std::string_view body,
                                           std::string_view from_domain, Instant now, std::string& out) {
    return sign(header, BodyPieces(&body, 1), from_domain, now, out);
  }

  /// As sign(), up to the digests.
  [[nodiscard]] Expected<std::size_t> prepare(std::string_view header, BodyPieces body,
                                              std::string_view from_domain, Instant now, DkimDraft& draft);
  /// Appends the fields of a draft whose signatures are filled in.
  static void assemble(const DkimDraft& draft, std::string& out);

 private:
  struct SignedName {
    std::string name;  // lower case
    bool oversigned;
  };
  struct Field {
    std::string_view name;
    std::string_view raw;
  };

  [[nodiscard]] std::span<DkimKey> keys_of(std::string_view domain);
  [[nodiscard]] Expected<> split(std::string_view header);
  [[nodiscard]] Expected<> select();
  void hash_body(BodyPieces body, DkimDigest& digest);
  void write_field(const DkimKey& key, Instant now, std::string& out) const;

  DkimOptions options_;
  std::vector<SignedName> names_;
  std::vector<DkimKey> keys_;  // keys of one domain side by side
  MdPtr sha256_;
  MdCtxPtr hash_;
  RelaxedBody canonical_;
  // Of the message in hand; kept for their memory.
  std::vector<Field> fields_;
  std::string signed_names_;   // "from:from:to"
  std::string signed_header_;  // the canonical fields
  std::string body_hash_;      // base64
  DkimDraft draft_;
};

}  // namespace sluice::message
