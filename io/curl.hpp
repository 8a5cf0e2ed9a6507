// What mail, webhook and schema registry share of libcurl: one handle, safe defaults, secrets from files.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

using curl_list = std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)>;
/// Adds a line; an empty list is a null pointer.
void append(curl_list& list, const std::string& line);

/// One easy handle, used by one thread at a time. Keeps its connection between uses.
class curl_session {
public:
  curl_session();
  ~curl_session();
  curl_session(const curl_session&) = delete;
  curl_session& operator=(const curl_session&) = delete;

  CURL* handle() const { return handle_; }
  template <class Value>
  void set(CURLoption option, Value value) {
    // An option this libcurl does not know would be a bug of ours, seen by every test.
    curl_easy_setopt(handle_, option, value);
  }
  /// Back to defaults: certificates checked (against `ca_file`, or the system's when it is empty),
  /// TLS 1.2 or later, no proxy from the environment, no redirect, no signal, everything within
  /// `timeout`.
  void prepare(const std::string& url, const char* protocols, const std::string& ca_file,
               duration timeout);
  /// Lets no connection be made to loopback, private and link-local addresses, whatever name leads to them: asked of
  /// the address itself, so that no second answer of the DNS gets round it.
  void forbid_private();
  CURLcode perform();
  /// What went wrong, for people, with the remedy where one is known; `ca_key`: the key that names the authorities.
  std::string explain(CURLcode code, const std::string& ca_key = "ca_file") const;

private:
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int watch(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  CURL* handle_;
  std::chrono::steady_clock::time_point deadline_{};
  std::string forbidden_; ///< the address that was not connected to, and why
  char text_[CURL_ERROR_SIZE] = "";
};

/// The content of a file that holds a password or token, without the line end. Never part of the
/// error.
result<std::string> read_secret(const std::string& path);

} // namespace tocsin
