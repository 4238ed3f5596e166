#include "engine/smtp/server_handler.hpp"

namespace sluice::smtp {

using message::Reply;

net::Task<Reply> ServerHandler::on_connect(const Envelope& /*envelope*/) { co_return Reply{220, {}, {}}; }

net::Task<Reply> ServerHandler::on_mail(const Envelope& /*envelope*/) {
  co_return Reply{250, {2, 1, 0}, "OK"};
}

net::Task<Reply> ServerHandler::on_recipient(const Envelope& /*envelope*/, const Recipient& /*recipient*/) {
  co_return Reply{250, {2, 1, 5}, "OK"};
}

}  // namespace sluice::smtp
