// libunbound as this module uses it: questions go to its thread, answers come back when its descriptor is
// readable.
//
// Only this file and its .cpp know the library. What it gets from servers, it has parsed and (with a trust
// anchor) validated; here record data becomes an Answer. One thread owns the object; the library has one of
// its own inside. Errors: make() explains bad settings; a question the library cannot take is an Error, all
// else is an Answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/dns/answer.hpp"

struct ub_ctx;  // as <unbound.h> declares them
struct ub_result;

namespace sluice::dns {

/// A zone answered from here, without any server: for tests and for names the operator pins.
struct LocalZone {
  std::string name;  ///< "example.test"
  /// "mail.example.test 60 IN A 192.0.2.1"; other names in the zone do not exist.
  std::vector<std::string> records;
};

struct UnboundOptions {
  /// "192.0.2.53", "127.0.0.1:5353", "::1", "[::1]:5353". Empty: the nameservers of resolv_conf.
  std::vector<std::string> servers;
  std::string resolv_conf = "/etc/resolv.conf";
  std::vector<LocalZone> local_zones;
  /// Root key file in zone-file or DS form (Debian: /usr/share/dns/root.key). Empty, and no trust_anchors: no
  /// validation, every answer is insecure. Only with servers that pass DNSSEC records on.
  std::string trust_anchor_file;
  std::vector<std::string> trust_anchors;      ///< DS or DNSKEY records in text form
  std::size_t library_cache_bytes = 8u << 20;  ///< its messages and records together, 64 KiB or more
  std::size_t max_records = 100;               ///< read of one answer; the rest is left out
};

class Unbound {
 public:
  struct Finished {
    void* tag;
    Answer answer;
  };

  [[nodiscard]] static Expected<std::unique_ptr<Unbound>> make(const UnboundOptions& options);
  /// Ends the library's thread; unanswered questions are forgotten.
  ~Unbound();
  Unbound(const Unbound&) = delete;
  Unbound& operator=(const Unbound&) = delete;

  /// Readable when process() has something to do. Belongs to the library: never close it.
  [[nodiscard]] int descriptor() const;

  /// `tag` comes back with the answer; one question a tag at a time.
  [[nodiscard]] Expected<> ask(const Question& question, void* tag);
  /// The answer, should it still come, is dropped.
  void cancel(void* tag);
  /// Takes what has been answered since the last call.
  [[nodiscard]] std::vector<Finished> process();

 private:
  struct Asked {
    Unbound* owner;
    void* tag;
    RecordType type;
    int id;
  };

  Unbound(ub_ctx* context, std::size_t max_records) : context_(context), max_records_(max_records) {}
  static void on_result(void* asked, int error, ub_result* result);

  ub_ctx* context_;
  std::size_t max_records_;
  std::unordered_map<void*, Asked> asked_;  // its nodes are what the library's callback points to
  std::vector<Finished> finished_;
};

}  // namespace sluice::dns
