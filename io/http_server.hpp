// HTTP server on civetweb: exact paths and prefixes to handlers. Knows no domain.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace tocsin {

struct http_request {
  std::string method, path, query, body;
  /// Value of a query parameter, percent-decoded; empty if absent.
  std::string parameter(std::string_view name) const;
  std::string content_type, origin, host; ///< headers, empty if absent
};

struct http_response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers; ///< further ones, e.g. {"ETag", …}
};

class http_server {
public:
  using handler = std::function<http_response(const http_request&)>;
  virtual ~http_server() = default; ///< stops and joins
  /// `path` ending in '/' serves the whole subtree; the longest match wins, so a handler of "/" sees every path
  /// nobody else has and must answer 404 itself. Answers GET and HEAD (which the handler sees as GET), any other
  /// method gets 405. Handlers run on several threads at once; one that throws gives 500. An answer of 400 or more
  /// without a body gets {"error": …}. Call before start.
  virtual void route(std::string path, handler h) = 0;
  /// The same for the methods given ("GET" includes HEAD): GET, POST, PUT, PATCH, DELETE.
  virtual void route(std::string path, std::vector<std::string> methods, handler h) = 0;
  /// An error names the address and the remedy (port in use, not our address, …).
  virtual result<void> start() = 0;
  virtual int port() const = 0; ///< the real one when 0 was asked for
};

/// `address` "127.0.0.1:8420"; port 0 picks a free one.
std::unique_ptr<http_server> make_http_server(std::string address, int threads);

} // namespace tocsin
