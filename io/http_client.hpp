// A small HTTP client for the command line: one answer, bounded, within a time.
#pragma once

#include <string>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

struct http_answer {
  int status;
  std::string body;
};

/// Follows nothing, uses no proxy. errc::unreachable names the address and the remedy.
result<http_answer> http_get(const std::string& url, duration most = 30s);
/// POST of a JSON body; not tried again.
result<http_answer> http_post_json(const std::string& url, const std::string& body);
/// Percent-encoded what is not plain in a path or a query (RFC 3986, unreserved); slashes stay.
std::string url_encoded(const std::string& text);

} // namespace tocsin
