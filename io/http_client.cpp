#include "io/http_client.hpp"

#include <curl/curl.h>

#include <cctype>
#include <memory>

namespace tocsin {

namespace {
constexpr std::size_t answer_bytes_max = 64 << 20;

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size * count > answer_bytes_max) return 0;
  body.append(bytes, size * count);
  return size * count;
}
} // namespace

namespace {
result<http_answer> perform(const std::string& url, const std::string* body, duration most) {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(), &curl_easy_cleanup};
  if (!curl) return fail(errc::io, "cannot set up an HTTP client");
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers{
      curl_slist_append(nullptr, "Content-Type: application/json"), &curl_slist_free_all};
  http_answer answer{0, {}};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 3L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(most).count()));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  if (body) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body->c_str());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  }
  if (const CURLcode rc = curl_easy_perform(curl.get()); rc != CURLE_OK)
    return fail(errc::unreachable, url + ": " + curl_easy_strerror(rc) + "; is `tocsin run` up? name another with --server");
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}
} // namespace

result<http_answer> http_get(const std::string& url, duration most) { return perform(url, nullptr, most); }
result<http_answer> http_post_json(const std::string& url, const std::string& body) { return perform(url, &body, 30s); }

std::string url_encoded(const std::string& text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == '~' || c == '/') out += static_cast<char>(c);
    else (out += '%') += {hex[c >> 4], hex[c & 15]};
  }
  return out;
}

} // namespace tocsin
