#include "engine/feedback/notice_signals.hpp"

#include <string>

#include "engine/feedback/field_block.hpp"
#include "engine/feedback/mail_address.hpp"
#include "engine/feedback/word_pattern.hpp"

namespace sluice::feedback {
namespace {

const WordPattern& daemon_sender() {
  static const WordPattern pattern(
      {R"((^|[<"\s])(mailer-?daemon|mail-?daemon|mailerdaemon|mailer_daemon|post-?_?o*master|)"
       R"(maildaemon|mdaemon|mail[-_.]?(delivery|deliver|system|admin|server)|)"
       R"(delivery[-_.]?(status|failure|report)s?|mail[-_.]?(bounce|error)s?|mmdf|uucp|)"
       R"(mxdaemon|mailscanner|double-bounce)([-+.][^@<>"]*)?@)",
       R"(mail(er)? ?deliver[ys]* ?(sub)?(system|service|agent|daemon)|mail system|mailer.daemon)",
       R"(system administrator|internet mail delivery|mail administrator|)"
       R"(postmaster\b)",
       R"(mail delivery)"});
  return pattern;
}

const WordPattern& robot_sender() {
  static const WordPattern pattern(
      {R"((^|[<"\s])(no[-_.]?reply|do[-_.]?not[-_.]?reply|donotreply|nobody|daemon|admin(istrator)?|)"
       R"(root|mailer|robot|system|notification|alert|auto)[^@<>"]*@)",
       R"(notification|\bsystem\b|-admin@)"});
  return pattern;
}

const WordPattern& failing_subject() {
  static const WordPattern pattern(
      {R"(undeliver|un-?delivered|not delivered|non[- ]?deliver)",
       R"(deliver(y|ies)? (status|failure|failed|fail|error|report|notification|problem|has failed|)"
       R"(unsuccessful|subsystem))",
       R"(deliver[a-z]* .*fail|fail(ed|ure)?( of)? (mail|deliver|notice|message|permanent))",
       R"(failure notice|returned mail|return(ed|ing) (to sender|message|mail|e-?mail))",
       R"(mail (failure|error|delivery|system error|could not|returned|status|rejected))",
       R"(message (delivery|not|could not|undeliver|status|rejected|failed))",
       R"(could not (be )?(send|sent|deliver)|cannot (send|deliver)|can.t deliver|bounce)",
       R"(rejected( mail|: )|warning: (message|could not|mail)|delayed|delay\)|user unknown)",
       R"(permanent (error|deliver|fail)|problem deliver|unknown (user|recipient)|errors from)",
       R"(loop alert|out of quota|delivery report|postmaster notify)",
       R"(nondeliverable|unable to deliver|e-?mail (delivery|not)|mail non|unzustell)",
       R"(nicht zugestellt|zustell(ung|fehler|status)|fehlgeschlagen|nicht zustellbar)",
       R"(zurückgesendet|non remis|non[- ]délivr|échec|echec|retour(né|ne)|non distribu)",
       R"(impossible de|courrier|remise|mancata consegna|non recapitat|impossibile|consegna)",
       R"(notifica .*(stato|recapito|mancat)|devuelto|no se (puede|pudo|ha podido)|no entregado)",
       R"(no se entreg|entrega|fallo|error de|não (entregue|foi)|nao entregue|falha|devolvid)",
       R"(onbestelbaar|niet (bezorgd|afgeleverd)|mislukt|niedostarcz|nie dostarcz|zwrot|не ?достав)",
       R"(недостав|не может быть|невозможно|возвращ|ошибка|teslim edil|配信|送信(エラー|失敗|できません)|エラー|不達)",
       R"(戻り|返送|未配達|退信|投递|无法|傳送失敗|반송|배달|전송 실패|odesl|nedoruč|leverer|levering|leveransen|kunne ikke)",
       R"(kunde inte|toimit|kézbesít|nedodan)"});
  return pattern;
}

const WordPattern& away_subject() {
  static const WordPattern pattern(
      {R"(out[- ]of[- ](the[- ])?(office|town)|\booo\b)",
       R"(auto(matic|mated|matically)?[- ]?(reply|repl|response|respon|answer|generated)|autoreply)",
       R"(autorespon|auto:|on (vacation|holiday|leave|annual|maternity|parental|sick))",
       R"((vacation|holiday|absence|away)( (reply|message|notice|notification|response|from|until)))",
       R"(i am (away|out|on)|away from|currently (away|out)|will be (away|out)|limited access)",
       R"(thank you for (your|contacting|writing)|we('ve| have)? received your)",
       R"(your (message|request|e?-?mail|ticket|inquiry) (has been|was) received|ticket|case #?\d)",
       R"(request received|abwesen|automatische antwort|abwesend|nicht im (büro|haus)|im urlaub)",
       R"(urlaub|autom\. antwort|eingangsbestätigung|réponse auto|reponse auto|absent|absence)",
       R"(message d'absence|en congé|congés|respuesta autom|fuera de (la )?oficina|ausente)",
       R"(ausencia|de vacaciones|risposta auto|fuori (ufficio|sede)|assenza|in ferie|resposta auto)",
       R"(fora do escrit|ausência|férias|afwezig|automatisch antwoord|nie ma mnie|autoodpowied)",
       R"(odpowied. auto|nieobecn|автоответ|автоматический ответ|отсутств|в отпуске|otomatik)",
       R"(autosvar|frånvaro|fravær|automaattinen|poissa|automatická|nepřítom|自動(応答|返信|回答)|不在|休暇|外出)",
       R"(自动(回复|答复)|自動回覆|休假|外出|부재|자동 ?(응답|회신|답장))"});
  return pattern;
}

bool auto_replied(const MimeMessage& message) {
  const auto submitted = lower_case(message.field("auto-submitted"));
  if (submitted.starts_with("auto-replied") || submitted.starts_with("auto-notified")) return true;
  const auto precedence = lower_case(trimmed(message.field("precedence")));
  if (precedence == "auto_reply" || precedence == "auto-reply") return true;
  for (const auto* name :
       {"x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply",
        "x-autogenerated", "x-away", "x-vacation", "x-autoreply-from", "delivered-by-autoreply"}) {
    const auto value = lower_case(trimmed(message.field(name)));
    if (!value.empty() && value != "no" && value != "none") return true;
  }
  static const WordPattern programs({R"(vacation|auto-?respon|auto-?reply|out of office)"});
  return programs.in(message.field("x-mailer")) || programs.in(message.field("x-generator"));
}

}  // namespace

Signals signals_of(const MimeMessage& message) {
  Signals out;
  const auto from = decoded_text(message.field("from"));
  const auto subject = decoded_text(message.field("subject"));
  const auto path = trimmed(message.field("return-path"));
  static const WordPattern daemon_path({R"(^<?(mailer-?daemon|postmaster|double-bounce)@)"});
  out.daemon = daemon_sender().in(from) || trimmed(from) == "<>" || daemon_path.in(path);
  out.robot = out.daemon || robot_sender().in(from) || trimmed(from).empty();
  out.null_path = path == "<>";
  out.subject_fails = failing_subject().in(subject);
  out.subject_away = away_subject().in(subject);
  static const WordPattern leave(
      {R"(^\s*(re:\s*)?(unsubscribe|unsub|opt[- ]?out|remove( me)?|stop|list-unsubscribe|abmelden|)"
       R"(abbestellen|désinscription|desinscription|désabonnement|darse de baja|baja|)"
       R"(cancelar suscripci[oó]n|cancella(mi|zione)|disiscri\S+|uitschrijven|afmelden|отписаться|)"
       R"(退订|配信停止|購読解除)\b)"});
  out.subject_unsubscribes = leave.in(subject);
  static const WordPattern reply(
      {R"(^\s*(re|aw|sv|antw|fw|fwd|wg|tr|rv|enc|i|r|odp|vs|ynt)\s*(\[\d+\])?\s*:)"});
  const bool threaded = !message.field("in-reply-to").empty() && reply.in(subject);
  out.answer = !out.daemon && (threaded || reply.in(subject));
  out.auto_replied = auto_replied(message);
  out.failed_header = !message.field("x-failed-recipients").empty();
  return out;
}

bool says_failure(std::string_view text) {
  static const WordPattern pattern(
      {R"((could|can|was|were|has|have|is|are|did|do|will|would)(n.t| ?not)( been| be| able to|)"
       R"( reach)* ?(delivered?|deliverable|sent|transmitted|reach|relayed))",
       R"(can.?not (be )?(deliver|send|sent))",
       R"(un(able|deliver|deliverable|delivered)( to (deliver|send|transmit|relay))?)",
       R"(deliver(y|ing)? .*(fail|problem|error|unsuccess|not possible|impossible))",
       R"(fail(ed|ure)? .*(deliver|recipient|address|permanent|to send))",
       R"((permanent|fatal) (error|failure|fatal))",
       R"(error (was |occurred|has occurred|message|deliver)|returned (to|mail|message))",
       R"(did ?not reach|not reach the following|rejected|transcript of (the )?session)",
       R"(following (recipient|address|user))",
       R"((invalid|unknown|no such) (\S+ )*(user|recipient|address|mailbox|host|domain))",
       R"((user|recipient|mailbox|address|host|domain) .*(unknown|not found|not exist|full|invalid|)"
       R"(rejected))",
       R"(giving up|given up|over quota|message (expired|delayed|deleted)|may not exist)",
       R"(permission to post|duplicated message-id|\b5\d\d[- ]#?5\.\d\.\d|^5\d\d |(#[45]\.\d\.\d))",
       R"(nicht (zugestellt|zugeschickt|erreicht|ausgeliefert|gesendet)|konnte .*nicht)",
       R"(unzustellbar|zustellung|fehlgeschlagen|n'a (pas )?pu être|pas (été|pu)|impossible|échec)",
       R"(non (remis|distribu|délivr)|no (se )?(ha )?(pudo|puede|podido|entreg))",
       R"(non (è stato|recapitat|consegnat|può)|impossibile|não (foi|pôde|pode))",
       R"(nie (mo|został|dostar)|niet (worden|bezorgd|afgeleverd)|не (может|удалось|был|достав))",
       R"(невозможно|недостав|できません|できなかった|届きません|不明|エラー|失敗|存在しま|无法|失败|退回|不存在|無法|없|실패)"});
  return pattern.in(text);
}

bool says_success(std::string_view text) {
  static const WordPattern pattern(
      {R"(success(fully)? (delivered|relayed|sent)|(was|were|has been|have been) (delivered|relayed) to)"});
  return pattern.in(text) && !says_failure(text);
}

bool quotes_reply(std::string_view text) {
  static const WordPattern pattern({R"((?m)^\W{0,8}[45]\d\d[ -])", R"(\b[45]\d\d[ -]#?[45]\.\d\.\d)"});
  return pattern.in(text);
}

bool says_delay(std::string_view text) {
  static const WordPattern pattern(
      {R"(warning (message )?only|has been delayed|is delayed|been delayed|will be retried)",
       R"(still being (re)?tried|not yet been delivered|temporary (failure|error|delivery))",
       R"(kept in the queue|you do ?not need to re-?send)",
       R"(will (continue|keep|be) .*(try|attempt|retr)|delivery attempts will continue|verzögert)",
       R"(retard[ée]|отложен|遅延)"});
  return pattern.in(text);
}

bool says_away(std::string_view text) {
  static const WordPattern pattern(
      {R"(out of (the )?(office|town))",
       R"(on (vacation|holiday|annual leave|maternity|leave until|business trip))",
       R"((currently|am|be|is) (away|out of|on leave|travel))",
       R"((will|shall) (return|be back|reply|respond|get back))",
       R"(back (in the office|on (monday|tuesday|wednesday|thursday|friday|\d)))",
       R"(limited access to (my )?e-?mail|auto(matic|mated)? ?-?(reply|response|answer))",
       R"(thank you for (your (e-?mail|message|mail)|contacting)|im urlaub|nicht im büro|abwesend)",
       R"(wieder (erreichbar|im büro|da)|in dringenden f|actuellement absent|en congé|de retour le)",
       R"(fuera de la oficina|de vacaciones|fuori ufficio|in ferie|afwezig|ausente|férias|urlop)",
       R"(в отпуске|отсутств|不在|休暇|休假|부재)"});
  return pattern.in(text);
}

}  // namespace sluice::feedback
