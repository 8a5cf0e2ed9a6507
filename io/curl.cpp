// What mail and webhook share of libcurl.
#include "io/curl.hpp"

#include <csignal>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <new>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "core/address_kind.hpp"
#include "io/clock.hpp"

namespace tocsin {

namespace {

constexpr std::size_t secret_bytes_max = 8192;

/// OpenSSL writes to sockets the plain way: a peer that is gone must not end the process.
class sigpipe_held {
public:
  sigpipe_held() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~sigpipe_held() {
    const timespec at_once{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &at_once) == -1 && errno == EINTR) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  sigpipe_held(const sigpipe_held&) = delete;
  sigpipe_held& operator=(const sigpipe_held&) = delete;

private:
  sigset_t pipe_, before_;
  bool was_pending_;
};

long milliseconds(duration d) {
  return static_cast<long>(std::clamp<std::int64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(d).count(), 1, 3'600'000));
}

} // namespace

void append(curl_list& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc{};
  (void)list.release();
  list.reset(longer);
}

curl_session::curl_session() {
  static const CURLcode ready =
      curl_global_init(CURL_GLOBAL_DEFAULT); // once, however many threads come
  handle_ = ready == CURLE_OK ? curl_easy_init() : nullptr;
  if (handle_ == nullptr) throw std::bad_alloc{};
}

curl_session::~curl_session() {
  const sigpipe_held held; // says goodbye on open connections
  curl_easy_cleanup(handle_);
}

void curl_session::prepare(const std::string& url, const char* protocols,
                           const std::string& ca_file, duration timeout) {
  curl_easy_reset(handle_);
  text_[0] = '\0';
  forbidden_.clear();
  set(CURLOPT_ERRORBUFFER, text_);
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, protocols);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!ca_file.empty()) {
    set(CURLOPT_CAINFO, ca_file.c_str());
    set(CURLOPT_CAPATH, nullptr); // the own one instead of the system's, not besides
  }
  set(CURLOPT_TIMEOUT_MS, milliseconds(timeout));
  // The end of an SMTP transfer and its goodbye are outside that limit, at two minutes each.
  deadline_ = monotonic_clock() + timeout;
  set(CURLOPT_SERVER_RESPONSE_TIMEOUT, std::max(1L, milliseconds(timeout) / 1000));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &curl_session::watch);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(std::min<duration>(timeout, 10s)));
}

void curl_session::forbid_private() {
  set(CURLOPT_OPENSOCKETFUNCTION, &curl_session::open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
}

curl_socket_t curl_session::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  std::string_view kind = "an address of unknown family";
  char text[INET6_ADDRSTRLEN] = "?";
  if (address->family == AF_INET && address->addrlen >= sizeof(sockaddr_in)) {
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address->addr).sin_addr, bytes.size());
    kind = private_kind(bytes);
    inet_ntop(AF_INET, bytes.data(), text, sizeof text);
  } else if (address->family == AF_INET6 && address->addrlen >= sizeof(sockaddr_in6)) {
    std::array<std::uint8_t, 16> bytes;
    // curl's own struct ends before a long address does.
    const auto* raw = reinterpret_cast<const char*>(&address->addr) + offsetof(sockaddr_in6, sin6_addr);
    std::memcpy(bytes.data(), raw, bytes.size());
    kind = private_kind(bytes);
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  if (kind.empty()) return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  static_cast<curl_session*>(self)->forbidden_ = std::string{text} + " is " + std::string{kind};
  return CURL_SOCKET_BAD;
}

int curl_session::watch(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return monotonic_clock() >= static_cast<curl_session*>(self)->deadline_ ? 1 : 0;
}

CURLcode curl_session::perform() {
  const sigpipe_held held;
  return curl_easy_perform(handle_);
}

std::string curl_session::explain(CURLcode code, const std::string& ca_key) const {
  if (!forbidden_.empty() && code == CURLE_COULDNT_CONNECT)
    return forbidden_ + "; if it is meant, say allow_private: true in this receiver";
  std::string out = text_[0] != '\0' ? text_ : curl_easy_strerror(code);
  switch (code) {
  case CURLE_PEER_FAILED_VERIFICATION:
    return out + "; name the authority that signed its certificate in " + ca_key;
  case CURLE_ABORTED_BY_CALLBACK:
    return "no answer in time";
  case CURLE_SSL_CACERT_BADFILE:
    return out + "; check " + ca_key;
  case CURLE_SSL_CERTPROBLEM:
    return out + "; check client_certificate and client_key";
  case CURLE_USE_SSL_FAILED:
    return out +
           "; the server offers no STARTTLS: set security to tls, or to none on a trusted network";
  case CURLE_COULDNT_RESOLVE_HOST:
    return out + "; check the host name";
  default:
    return out;
  }
}

result<std::string> read_secret(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "re"),
                                                             &std::fclose};
  if (!file) return fail(errc::io, path + ": " + std::generic_category().message(errno));
  std::string secret(secret_bytes_max + 1, '\0');
  secret.resize(std::fread(secret.data(), 1, secret.size(), file.get()));
  if (std::ferror(file.get()) != 0)
    return fail(errc::io, path + ": " + std::generic_category().message(errno));
  if (secret.size() > secret_bytes_max)
    return fail(errc::too_large, path + ": too large for a password or token");
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (secret.empty()) return fail(errc::missing, path + ": empty");
  if (std::any_of(secret.begin(), secret.end(), is_control))
    return fail(errc::malformed,
                path + ": a password or token is one line without control characters");
  return secret;
}

} // namespace tocsin
