// One POST, and what its answer means for a notification.
#include "io/http_post.hpp"

#include <algorithm>

#include "io/clock.hpp"
#include "io/signature.hpp"
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

/// Whether the head of the answer came to its end: an empty line. libcurl takes one that breaks off for whole.
std::size_t watch_head(char* bytes, std::size_t, std::size_t size, void* out) {
  *static_cast<bool*>(out) = size > 0 && (bytes[0] == '\r' || bytes[0] == '\n');
  return size;
}

} // namespace

result<std::vector<std::string>> notification_headers(const webhook_settings& settings, const std::string& id,
                                                      timestamp at, const std::string& body) {
  const std::string plain_id = one_line(id, 500);
  at = at == unset ? machine_clock() : drill().machine(at); // receivers refuse what is old by their clock
  // The receiver can tell a repetition by these.
  std::vector<std::string> out{"Idempotency-Key: " + plain_id, "webhook-id: " + plain_id,
                               "webhook-timestamp: " + unix_seconds(at)};
  if (settings.secret_files.empty()) return out;
  std::vector<std::string> keys;
  for (const std::string& file : settings.secret_files) {
    auto key = read_signing_key(file);
    if (!key) return fail(key.error().code, "secret_files " + key.error().text);
    keys.push_back(std::move(*key));
  }
  out.push_back("webhook-signature: " + webhook_signature(keys, plain_id, at, body));
  return out;
}

delivery http_post::send(const webhook_settings& settings, const std::string& url, const std::string& type,
                         const std::vector<std::string>& more, const std::string& body) {
  curl_list lines{nullptr, &curl_slist_free_all};
  append(lines, "Content-Type: " + type);
  append(lines, "Expect:"); // no waiting for "100 Continue"
  for (const std::string& line : more) append(lines, line);
  if (!settings.bearer_file.empty()) {
    const auto token = read_secret(settings.bearer_file);
    // Whoever repairs the file in time still gets the notification.
    if (!token) return {delivery::outcome_t::retry, "bearer_file " + token.error().text, std::nullopt};
    append(lines, "Authorization: Bearer " + *token);
  }
  std::string answer;
  curl_.prepare(url, "http,https", settings.ca_file, settings.timeout);
  if (!settings.allow_private) curl_.forbid_private();
  curl_.set(CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
  curl_.set(CURLOPT_HTTPHEADER, lines.get());
  curl_.set(CURLOPT_POST, 1L);
  curl_.set(CURLOPT_POSTFIELDS, body.data());
  curl_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_.set(CURLOPT_WRITEFUNCTION, &keep_answer);
  curl_.set(CURLOPT_WRITEDATA, &answer);
  bool whole_head = false;
  curl_.set(CURLOPT_HEADERFUNCTION, &watch_head);
  curl_.set(CURLOPT_HEADERDATA, &whole_head);
  if (!settings.client_certificate.empty()) curl_.set(CURLOPT_SSLCERT, settings.client_certificate.c_str());
  if (!settings.client_key.empty()) curl_.set(CURLOPT_SSLKEY, settings.client_key.c_str());
  const CURLcode code = curl_.perform();
  if (code == CURLE_OK && !whole_head) return {delivery::outcome_t::retry, "the answer broke off in its head", std::nullopt};
  return judge(code, answer);
}

delivery http_post::judge(CURLcode code, const std::string& answer) {
  using enum delivery::outcome_t;
  long status = 0;
  curl_easy_getinfo(curl_.handle(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    return {refused, curl_.explain(code) + "; check url", std::nullopt};
  // Ended by us: the answer was longer than anyone reads, its status counts.
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && answer.size() >= answer_read_max))
    return {retry, curl_.explain(code), std::nullopt};

  delivery out{refused, "HTTP " + std::to_string(status), std::nullopt};
  if (const auto words = one_line(answer, answer_kept_max); !words.empty()) out.answer += ": " + words;
  if (status >= 200 && status < 300) {
    out.outcome = delivered;
    out.answered = true;
  } else if (status >= 300 && status < 400) {
    out.answer += "; redirects are not followed, correct url";
    out.answered = true;
  } else if (status == 410) {
    out.outcome = retry;
    out.disable = true;
    out.answer += "; the receiver is gone: it is told nothing until the configuration is read anew";
  } else if (status == 408 || status == 425 || status == 429 || status >= 500) {
    out.outcome = retry;
    out.answered = status == 425 || status == 429;
    curl_off_t wait_s = 0; // from Retry-After in either form
    curl_easy_getinfo(curl_.handle(), CURLINFO_RETRY_AFTER, &wait_s);
    if (wait_s > 0) out.retry_after = std::chrono::seconds{std::min<std::int64_t>(wait_s, retry_after_max_s)};
  } else {
    out.answered = true;
  }
  return out;
}

} // namespace tocsin
