// One attempt to deliver a notification by HTTP POST.
#include <algorithm>

#include "core/limits.hpp"
#include "io/curl.hpp"
#include "io/sender.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

constexpr std::size_t answer_read_max = 64 * 1024; ///< more is not read
constexpr std::size_t answer_kept_max = 300;       ///< of it, for the ledger
constexpr std::int64_t retry_after_max_s = 86'400; ///< a receiver cannot silence us for longer

std::size_t keep_answer(char* bytes, std::size_t, std::size_t size, void* out) {
  auto& answer = *static_cast<std::string*>(out);
  answer.append(bytes, std::min(size, answer_read_max - answer.size()));
  return answer.size() < answer_read_max ? size : 0; // 0 ends the transfer
}

class webhook_sender final : public sender {
public:
  explicit webhook_sender(webhook_settings settings) : settings_(std::move(settings)) {}
  delivery send(const notification& n) override;

private:
  result<curl_list> headers(const notification& n) const;
  delivery judge(CURLcode code, const std::string& answer);

  webhook_settings settings_;
  curl_session curl_;
};

result<curl_list> webhook_sender::headers(const notification& n) const {
  curl_list out{nullptr, &curl_slist_free_all};
  const std::string id = one_line(n.id, 500);
  append(out, "Content-Type: application/json");
  append(out,
         "Idempotency-Key: " + id); // the same over retries: the receiver can tell a repetition
  append(out, "webhook-id: " + id);
  append(out, "Expect:"); // no waiting for "100 Continue"
  if (!settings_.bearer_file.empty()) {
    const auto token = read_secret(settings_.bearer_file);
    if (!token) return fail(token.error().code, "bearer_file " + token.error().text);
    append(out, "Authorization: Bearer " + *token);
  }
  return out;
}

delivery webhook_sender::send(const notification& n) {
  const auto lines = headers(n);
  // Whoever repairs the file in time still gets the notification.
  if (!lines) return {delivery::outcome_t::retry, lines.error().text, std::nullopt};
  const std::string body = webhook_body(n, n.receiver, settings_.external_url);
  std::string answer;
  curl_.prepare(settings_.url, "http,https", settings_.ca_file, settings_.timeout);
  curl_.set(CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
  curl_.set(CURLOPT_HTTPHEADER, lines->get());
  curl_.set(CURLOPT_POST, 1L);
  curl_.set(CURLOPT_POSTFIELDS, body.data());
  curl_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_.set(CURLOPT_WRITEFUNCTION, &keep_answer);
  curl_.set(CURLOPT_WRITEDATA, &answer);
  if (!settings_.client_certificate.empty())
    curl_.set(CURLOPT_SSLCERT, settings_.client_certificate.c_str());
  if (!settings_.client_key.empty()) curl_.set(CURLOPT_SSLKEY, settings_.client_key.c_str());
  const CURLcode code = curl_.perform();
  return judge(code, answer);
}

delivery webhook_sender::judge(CURLcode code, const std::string& answer) {
  using enum delivery::outcome_t;
  long status = 0;
  curl_easy_getinfo(curl_.handle(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    return {refused, curl_.explain(code) + "; check url", std::nullopt};
  // Ended by us: the answer was longer than anyone reads, its status counts.
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && answer.size() >= answer_read_max))
    return {retry, curl_.explain(code), std::nullopt};

  std::string text = "HTTP " + std::to_string(status);
  if (const auto words = one_line(answer, answer_kept_max); !words.empty()) text += ": " + words;
  if (status >= 200 && status < 300) return {delivered, text, std::nullopt};
  if (status >= 300 && status < 400)
    return {refused, text + "; redirects are not followed, correct url", std::nullopt};
  if (status != 408 && status != 425 && status != 429 && status < 500)
    return {refused, text, std::nullopt};
  curl_off_t wait_s = 0; // from Retry-After in either form
  curl_easy_getinfo(curl_.handle(), CURLINFO_RETRY_AFTER, &wait_s);
  std::optional<duration> wait;
  if (wait_s > 0) wait = std::chrono::seconds{std::min<std::int64_t>(wait_s, retry_after_max_s)};
  return {retry, text, wait};
}

} // namespace

std::unique_ptr<sender> make_webhook_sender(webhook_settings settings) {
  return std::make_unique<webhook_sender>(std::move(settings));
}

} // namespace tocsin
