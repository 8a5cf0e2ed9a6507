// HTTP server on civetweb: exact paths and prefixes to handlers.
#include "io/http_server.hpp"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "codecs/json_views.hpp"
#include "core/limits.hpp"
#include "io/clock.hpp"
#include "io/listen_socket.hpp"
#include "io/log.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum class plus { is_plus, is_space };

std::string percent_decoded(std::string_view text, plus sign) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && sign == plus::is_space ? ' ' : text[i];
    }
  }
  return out;
}

std::string form_decoded(std::string_view text) { return percent_decoded(text, plus::is_space); }

/// A path that a handler may one day join to a directory.
bool is_sound(std::string_view path) {
  return path.starts_with('/') && path.find('\0') == std::string_view::npos &&
         path.find("/../") == std::string_view::npos && !path.ends_with("/..");
}

http_response failure(int status, std::string_view text) {
  http_response out{status};
  out.body = "{\"error\":";
  append_json_string(out.body, text);
  out.body += "}\n";
  return out;
}

/// A header value cannot begin another header.
std::string header_value(std::string_view text) { return one_line(text, 1024); }

class civetweb_server final : public http_server {
public:
  civetweb_server(std::string address, int threads)
      : address_(std::move(address)), threads_(std::clamp(threads, 1, 256)) {}
  ~civetweb_server() override { stop(); }

  void route(std::string path, handler h) override {
    route(std::move(path), {"GET"}, std::move(h));
  }
  void route(std::string path, std::vector<std::string> methods, handler h) override {
    if (std::find(methods.begin(), methods.end(), "GET") != methods.end())
      methods.emplace_back("HEAD");
    routes_[std::move(path)].push_back({std::move(methods), std::move(h)});
  }

  result<void> start() override;
  int port() const override { return port_; }

private:
  void stop();
  struct way {
    std::vector<std::string> methods;
    handler act;
  };
  using ways = std::vector<way>;

  static civetweb_server& of(const mg_connection* c) {
    return *static_cast<civetweb_server*>(mg_get_user_data(mg_get_context(c)));
  }
  static int on_request(mg_connection* c);
  static int on_error(mg_connection* c, int status, const char* text);
  static int on_message(const mg_connection* c, const char* text);

  const ways* find(std::string_view path) const;
  http_response answer(const http_request& request) const;
  /// Empty: the body is read; else what to answer instead.
  static std::optional<http_response> read_body(mg_connection* c, long long announced,
                                                std::string& body);
  static void write(mg_connection* c, const http_response& response, bool with_body, bool close);

  std::string address_;
  int threads_;
  int port_ = 0;
  mg_context* context_ = nullptr;
  std::map<std::string, ways, std::less<>> routes_;
};

const civetweb_server::ways* civetweb_server::find(std::string_view path) const {
  if (const auto exact = routes_.find(path); exact != routes_.end()) return &exact->second;
  for (auto slash = path.rfind('/'); slash != std::string_view::npos;
       slash = path.rfind('/', slash - 1)) {
    if (const auto tree = routes_.find(path.substr(0, slash + 1)); tree != routes_.end())
      return &tree->second;
    if (slash == 0) break;
  }
  return nullptr;
}

http_response civetweb_server::answer(const http_request& request) const {
  const ways* found = find(request.path);
  if (found == nullptr) return failure(404, "nothing at " + one_line(request.path, 200));
  std::string allowed;
  for (const auto& [methods, act] : *found) {
    for (const auto& method : methods) {
      if (method != request.method) {
        allowed += (allowed.empty() ? "" : ", ") + method;
        continue;
      }
      http_request seen = request;
      if (method == "HEAD") seen.method = "GET";
      try {
        return act(seen);
      } catch (const std::exception& e) {
        log::error("http_handler_failed", {{"path", request.path}, {"what", e.what()}});
      } catch (...) { // thread entry: civetweb above us is C
        log::error("http_handler_failed", {{"path", request.path}});
      }
      return failure(500, "internal error; the log has more");
    }
  }
  auto out = failure(405, "method " + one_line(request.method, 20) + " is not possible here, but " +
                              allowed);
  out.headers.emplace_back("Allow", allowed);
  return out;
}

std::optional<http_response> civetweb_server::read_body(mg_connection* c, long long announced,
                                                        std::string& body) {
  const auto too_large = [] {
    return failure(413, "the body is larger than " + std::to_string(limits::http_body_bytes_max) +
                            " bytes");
  };
  if (announced > static_cast<long long>(limits::http_body_bytes_max)) return too_large();
  std::array<char, 16 * 1024> piece;
  for (;;) {
    const int size = mg_read(c, piece.data(), piece.size());
    if (size < 0) return failure(400, "the body cannot be read");
    if (size == 0) break;
    body.append(piece.data(), static_cast<std::size_t>(size));
    if (body.size() > limits::http_body_bytes_max) return too_large();
  }
  if (announced >= 0 && static_cast<long long>(body.size()) < announced)
    return failure(400, "the body ends early");
  return std::nullopt;
}

void civetweb_server::write(mg_connection* c, const http_response& given, bool with_body,
                            bool close) {
  const char* reason = mg_get_response_code_text(c, given.status);
  http_response named;
  const http_response* response = &given;
  if (given.status >= 400 && given.body.empty()) {
    named = failure(given.status, reason);
    named.headers = given.headers;
    response = &named;
  }
  std::string head = "HTTP/1.1 " + std::to_string(response->status) + " " + reason + "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  add("Date", internet_date(machine_clock(), "GMT"));
  add("Content-Type", header_value(response->content_type));
  add("Content-Length", std::to_string(response->body.size()));
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("Referrer-Policy", "no-referrer");
  add("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'");
  // What is wrong changes by the second: only a handler that knows better may let it be kept.
  const auto is_cache = [](const auto& h) {
    return mg_strcasecmp(h.first.c_str(), "Cache-Control") == 0;
  };
  if (std::none_of(response->headers.begin(), response->headers.end(), is_cache))
    add("Cache-Control", "no-store");
  for (const auto& [name, value] : response->headers) add(header_value(name), header_value(value));
  if (close) add("Connection", "close");
  head += "\r\n";
  if (with_body) head += response->body;
  mg_write(c, head.data(), head.size());
}

int civetweb_server::on_request(mg_connection* c) {
  const mg_request_info& info = *mg_get_request_info(c);
  http_request request;
  request.method = info.request_method;
  request.path = percent_decoded(info.local_uri ? info.local_uri : "", plus::is_plus);
  request.query = info.query_string ? info.query_string : "";
  const auto header = [c](const char* name) {
    const char* value = mg_get_header(c, name);
    return std::string{value ? value : ""};
  };
  request.content_type = header("Content-Type");
  request.origin = header("Origin");
  request.host = header("Host");
  const char* connection = mg_get_header(c, "Connection");
  bool close = std::string_view{info.http_version} != "1.1" ||
               (connection != nullptr && mg_strcasecmp(connection, "close") == 0);
  std::optional<http_response> refused;
  if (!is_sound(request.path))
    refused = failure(400, "the path is malformed");
  else
    refused = read_body(c, info.content_length, request.body);
  close = close || refused.has_value(); // what is left of the body must not be taken for a request
  if (close) mg_disable_connection_keep_alive(c);
  write(c, refused ? *refused : of(c).answer(request), request.method != "HEAD", close);
  return 200; // "answered": only the access log, which is off, would use the number
}

int civetweb_server::on_error(mg_connection* c, int status, const char*) {
  mg_disable_connection_keep_alive(c);
  write(c, http_response{status}, true, true);
  return 0;
}

int civetweb_server::on_message(const mg_connection*, const char* text) {
  log::debug("http_server", {{"message", text}});
  return 1;
}

result<void> civetweb_server::start() {
  const auto split = split_address(address_);
  if (!split) return tl::make_unexpected(split.error());
  if (split->host.find(':') != std::string::npos && mg_check_feature(MG_FEATURES_IPV6) == 0)
    return fail(errc::unsupported,
                "cannot listen on " + address_ + ": this build has no IPv6; use an IPv4 address");
  // civetweb only says that it failed; this finds out why, and lets go of the port again.
  if (const auto probe = listen_on(address_); !probe) return tl::make_unexpected(probe.error());

  static const unsigned features = mg_init_library(0);
  (void)features;
  const std::string threads = std::to_string(threads_);
  // clang-format off
  const char* options[] = {
      "listening_ports", address_.c_str(),
      "num_threads", threads.c_str(),
      "request_timeout_ms", "10000",
      "enable_keep_alive", "yes",
      "keep_alive_timeout_ms", "500", // an idle connection holds a thread; half a second serves bursts
      "tcp_nodelay", "1",
      "max_request_size", "16384",
      "enable_auth_domain_check", "no",
      "enable_directory_listing", "no",
      "decode_url", "no",             // by us: it would cut a path at a zero byte
      nullptr};
  // clang-format on
  mg_callbacks callbacks{};
  callbacks.begin_request = &on_request;
  callbacks.http_error = &on_error;
  callbacks.log_message = &on_message;
  mg_init_data init{&callbacks, this, options};
  char text[256] = "";
  mg_error_data why{nullptr, text, sizeof text};
  context_ = mg_start2(&init, &why);
  if (context_ == nullptr) return fail(errc::io, "cannot serve HTTP on " + address_ + ": " + text);
  mg_server_port ports[1] = {};
  if (mg_get_server_ports(context_, 1, ports) < 1)
    return fail(errc::io, "cannot learn the port of " + address_);
  port_ = ports[0].port;
  return {};
}

/// civetweb looks for its end once in two seconds, unless someone knocks.
void civetweb_server::stop() {
  if (context_ == nullptr) return;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  std::thread knocker{[&] {
    std::unique_lock guard{mutex};
    while (!changed.wait_for(guard, 5ms, [&] { return stopped; })) knock_at(address_, port_);
  }};
  mg_stop(context_);
  {
    const std::lock_guard guard{mutex};
    stopped = true;
  }
  changed.notify_one();
  knocker.join();
}

} // namespace

std::string http_request::parameter(std::string_view name) const {
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (form_decoded(pair.substr(0, equals)) == name)
      return equals == std::string_view::npos ? "" : form_decoded(pair.substr(equals + 1));
  }
  return {};
}

std::unique_ptr<http_server> make_http_server(std::string address, int threads) {
  return std::make_unique<civetweb_server>(std::move(address), threads);
}

} // namespace tocsin
