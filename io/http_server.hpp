// HTTP server on civetweb: exact paths and prefixes to handlers. Knows no domain.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tocsin {

struct http_request {
  std::string method, path, query, body;
  /// Value of a query parameter, percent-decoded; empty if absent.
  std::string parameter(std::string_view name) const;
};

struct http_response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

class http_server {
public:
  using handler = std::function<http_response(const http_request&)>;
  virtual ~http_server() = default; ///< stops and joins
  /// `path` ending in '/' serves the whole subtree. Call before start.
  virtual void route(std::string path, handler h) = 0;
  virtual result<void> start() = 0;
  virtual int port() const = 0; ///< the real one when 0 was asked for
};

/// `address` "127.0.0.1:8420"; port 0 picks a free one.
std::unique_ptr<http_server> make_http_server(std::string address, int threads);

} // namespace tocsin
