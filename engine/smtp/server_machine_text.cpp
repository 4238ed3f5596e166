// Message text: DATA up to its final dot, and BDAT chunks.
#include <algorithm>

#include "engine/smtp/server_machine.hpp"
#include "engine/smtp/server_reply.hpp"

namespace sluice::smtp {

/// Scans DATA text as it comes; false when its end is not there yet.
bool ServerMachine::read_text() {
  text_bytes_ += scanner_.scan(input_.unread().substr(text_bytes_));
  const auto size = scanner_.scanned_bytes() - scanner_.stuffed_dots();
  too_large_ = too_large_ || size > options_.max_message_bytes;
  if (too_large_) {
    input_.consume(text_bytes_);
    text_bytes_ = 0;
    if (dropped_ + scanner_.scanned_bytes() > options_.max_dropped_bytes) {
      end({421, {4, 7, 0}, "Too much refused input, closing"});
      return true;
    }
  }
  if (!scanner_.ended()) return false;
  if (refuse_text()) return true;
  // The buffer is ours; only its reading side is const.
  auto* text = const_cast<char*>(input_.unread().data());
  std::size_t length = scanner_.scanned_bytes();
  if (scanner_.stuffed_dots() != 0) length = remove_stuffed_dots(text, length, scanner_.first_stuffed());
  content_ = {text, length};
  ask(Step::message);
  return true;
}

/// Answers text that must not be handed over, and forgets it.
bool ServerMachine::refuse_text() {
  const bool refused = too_large_ || scanner_.bare_line_end() || scanner_.line_too_long();
  if (!refused) return false;
  auto reply = too_large_                 ? message::Reply{552, {5, 3, 4}, "Message too large"}
               : scanner_.bare_line_end() ? message::Reply{550, {5, 5, 2}, "Bare CR or LF in message"}
                                          : message::Reply{554, {5, 6, 0}, "Line too long in message"};
  dropped_ += scanner_.scanned_bytes();
  input_.consume(text_bytes_);
  reset_transaction();
  state_ = State::command;
  ++wait_number_;
  fail(std::move(reply));
  return true;
}

/// Takes bytes of the current BDAT chunk; false when it is not there whole. A message that is one chunk stays
/// where it was read; several are put together in chunks_.
bool ServerMachine::read_chunk() {
  const auto fresh = input_.unread().substr(text_bytes_);
  const auto piece = fresh.substr(0, std::min<std::uint64_t>(fresh.size(), chunk_left_));
  chunk_left_ -= piece.size();
  if (chunk_refused_) {
    dropped_ += piece.size();
    input_.consume(piece.size());
  } else if (chunk_last_ && chunks_.empty()) {
    scanner_.scan(piece);
    text_bytes_ += piece.size();
  } else {
    scanner_.scan(piece);
    chunks_.append(piece);
    input_.consume(piece.size());
  }
  if (chunk_left_ != 0) return false;
  finish_chunk();
  return true;
}

void ServerMachine::finish_chunk() {
  state_ = State::command;
  ++wait_number_;
  if (chunk_refused_) {
    const bool excused = excused_;
    reset_transaction();
    excused_ = excused;
    return refusal_.code == 552 ? fail(std::move(refusal_)) : out_of_order(std::move(refusal_));
  }
  if (!chunk_last_) return say(250, {2, 0, 0}, "Chunk received");
  scanner_.finish();
  if (refuse_text()) return;
  content_ = chunks_.empty() ? input_.unread().substr(0, text_bytes_) : std::string_view(chunks_);
  ask(Step::message);
}

}  // namespace sluice::smtp
