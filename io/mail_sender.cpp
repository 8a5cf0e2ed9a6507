// One attempt to deliver a notification by mail over SMTP.
#include <algorithm>
#include <cstring>

#include "core/limits.hpp"
#include "io/curl.hpp"
#include "io/mail_format.hpp"
#include "io/sender.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

/// Listens to the conversation to learn what became of each recipient; of what we say it looks at
/// the command only, so neither password nor text is ever kept.
class dialogue {
public:
  static int hear(CURL*, curl_infotype kind, char* bytes, std::size_t size, void* self) {
    auto& d = *static_cast<dialogue*>(self);
    const std::string_view text{bytes, size};
    if (kind == CURLINFO_HEADER_OUT) d.said(text);
    if (kind == CURLINFO_HEADER_IN) d.heard(text);
    if (kind == CURLINFO_DATA_OUT) d.now_ = stage::body;
    return 0;
  }

  enum class stage { greeting, envelope, recipient, body };
  struct refusal {
    std::string address, reply;
    int code;
  };

  stage where() const { return now_; }
  /// Code and text of the reply to the last command before the goodbye; 0: there was none.
  int code() const { return code_; }
  const std::string& reply() const { return reply_; }
  const std::vector<refusal>& refusals() const { return refusals_; }

private:
  void said(std::string_view command) {
    if (command.starts_with("MAIL ")) {
      now_ = stage::envelope;
    } else if (command.starts_with("RCPT ")) {
      now_ = stage::recipient;
      const auto open = command.find('<'), close = command.find('>');
      recipient_ = open < close && close != std::string_view::npos
                       ? command.substr(open + 1, close - open - 1)
                       : std::string_view{};
    } else if (command.starts_with("DATA")) {
      now_ = stage::envelope;
    }
    over_ = command.starts_with("QUIT"); // what failed before it counts, not how it is taken
    if (!over_) code_ = 0;
    pending_.clear();
  }

  void heard(std::string_view text) {
    if (over_) return;
    pending_.append(text.substr(0, std::min(text.size(), reply_bytes_max)));
    if (pending_.size() > reply_bytes_max) pending_.erase(0, pending_.size() - reply_bytes_max);
    for (std::size_t end; (end = pending_.find('\n')) != std::string::npos;
         pending_.erase(0, end + 1))
      line(std::string_view{pending_}.substr(0, end));
  }

  void line(std::string_view text) {
    const auto digit = [&](std::size_t i) {
      return i < text.size() && text[i] >= '0' && text[i] <= '9';
    };
    if (!digit(0) || !digit(1) || !digit(2)) return;
    if (text.size() > 3 && text[3] == '-') return; // more lines follow
    code_ = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    reply_ = one_line(text, 300);
    if (now_ == stage::recipient && code_ >= 400 && refusals_.size() < recipients_max)
      refusals_.push_back({one_line(recipient_, 100), reply_, code_});
  }

  static constexpr std::size_t reply_bytes_max = 4096, recipients_max = 1000;
  stage now_ = stage::greeting;
  int code_ = 0;
  bool over_ = false;
  std::string reply_, recipient_, pending_;
  std::vector<refusal> refusals_;
};

struct upload {
  std::string_view left;
  static std::size_t read(char* into, std::size_t, std::size_t room, void* self) {
    auto& u = *static_cast<upload*>(self);
    const std::size_t size = std::min(room, u.left.size());
    std::memcpy(into, u.left.data(), size);
    u.left.remove_prefix(size);
    return size;
  }
};

std::string listed(const std::vector<dialogue::refusal>& refusals) {
  std::string out;
  for (const auto& r : refusals) out += (out.empty() ? "" : "; ") + r.address + ": " + r.reply;
  return out;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

class mail_sender final : public sender {
public:
  mail_sender(mail_settings settings, labels_source book) : settings_(std::move(settings)), book_(std::move(book)) {}
  delivery send(const notification& n) override { return attempt(n, {}); }
  delivery attempt(const notification& n, const attempt_info& info) override;

private:
  delivery judge(CURLcode code, const dialogue& talk, const std::vector<std::string>& to) const;

  mail_settings settings_;
  labels_source book_;
  curl_session curl_;
};

delivery mail_sender::attempt(const notification& n, const attempt_info& info) {
  using enum delivery::outcome_t;
  std::vector<std::string> to; // addresses, each once: a server may refuse the second
  for (const auto& one : settings_.to) {
    std::string address = parse_mailbox(one).address;
    const bool wanted = info.only.empty() || has(info.only, address);
    if (wanted && !has(to, address)) to.push_back(std::move(address));
  }
  if (to.empty() && !info.only.empty())
    return {delivered, "those who were left are no longer in to", std::nullopt};
  if (to.empty()) return {refused, "nobody to send to: name someone in to", std::nullopt};
  std::string password;
  if (!settings_.password_file.empty()) {
    // Read each time: whoever changes the password need not restart us.
    const auto read = read_secret(settings_.password_file);
    if (!read) return {retry, "password_file " + read.error().text, std::nullopt};
    password = *read;
  }
  // A template that fails must not keep a mail from anybody: then it is the built-in text.
  const auto texts = mail_texts_of(n, settings_, book_.get());
  const std::string message = mail_message(n, settings_, texts ? *texts : mail_texts{});
  curl_list recipients{nullptr, &curl_slist_free_all};
  for (const auto& address : to) append(recipients, "<" + address + ">");
  const std::string from = "<" + parse_mailbox(settings_.from).address + ">";
  upload body{message};
  dialogue talk;

  const bool implicit_tls = settings_.security == "tls";
  curl_.prepare((implicit_tls ? "smtps://" : "smtp://") + settings_.server, "smtp,smtps",
                settings_.ca_file, settings_.timeout);
  curl_.set(CURLOPT_USE_SSL,
            static_cast<long>(settings_.security == "none" ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  if (!settings_.user.empty()) {
    curl_.set(CURLOPT_USERNAME, settings_.user.c_str());
    curl_.set(CURLOPT_PASSWORD, password.c_str());
  }
  curl_.set(CURLOPT_MAIL_FROM, from.c_str());
  curl_.set(CURLOPT_MAIL_RCPT, recipients.get());
  curl_.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS,
            1L); // one wrong address must not keep the mail from the others
  curl_.set(CURLOPT_UPLOAD, 1L);
  curl_.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
  curl_.set(CURLOPT_READFUNCTION, &upload::read);
  curl_.set(CURLOPT_READDATA, &body);
  curl_.set(CURLOPT_FORBID_REUSE, 1L); // the next mail may be days away
  curl_.set(CURLOPT_VERBOSE, 1L);      // needed for the next two; nothing is printed
  curl_.set(CURLOPT_DEBUGFUNCTION, &dialogue::hear);
  curl_.set(CURLOPT_DEBUGDATA, &talk);
  const CURLcode code = curl_.perform();
  delivery out = judge(code, talk, to);
  if (!texts) out.answer += "; sent the built-in text: " + texts.error().text;
  return out;
}

/// A refused message stays refused; a server that will not talk to us now, or a login that fails, may be repaired.
/// Whoever got the mail does not get it again; whoever was refused for good is not asked again.
delivery mail_sender::judge(CURLcode code, const dialogue& talk, const std::vector<std::string>& to) const {
  using enum delivery::outcome_t;
  const auto& refusals = talk.refusals();
  std::vector<std::string> later, open; // refused for now; not refused for good
  for (const auto& address : to) {
    const auto r = std::ranges::find(refusals, one_line(address, 100), &dialogue::refusal::address);
    if (r == refusals.end() || r->code < 500) open.push_back(address);
    if (r != refusals.end() && r->code < 500) later.push_back(address);
  }
  if (code == CURLE_OK) {
    delivery out{later.empty() ? delivered : retry, talk.reply(), std::nullopt};
    if (!refusals.empty()) out.answer += "; not to " + listed(refusals);
    out.remaining = std::move(later);
    out.answered = true;
    return out;
  }
  if (code == CURLE_URL_MALFORMAT)
    return {refused, curl_.explain(code) + "; check server, it is host:port", std::nullopt};
  if (open.empty()) return {refused, listed(refusals), std::nullopt, false, {}, true};
  if (refusals.size() >= to.size()) return {retry, listed(refusals), std::nullopt, false, open, true};
  const bool final = talk.code() >= 500 && talk.where() != dialogue::stage::greeting;
  std::string text = curl_.explain(code);
  if (talk.code() >= 400) text = talk.reply() + " (" + text + ")";
  delivery out{final ? refused : retry, text, std::nullopt};
  if (open.size() < to.size()) {
    out.answer += "; not to " + listed(refusals);
    out.remaining = std::move(open);
  }
  return out;
}

} // namespace

std::unique_ptr<sender> make_mail_sender(mail_settings settings, labels_source book) {
  return std::make_unique<mail_sender>(std::move(settings), std::move(book));
}

} // namespace tocsin
