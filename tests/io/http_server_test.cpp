// The HTTP server, asked by libcurl and, where no decent client would say it, by hand.
#include "io/http_server.hpp"

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <future>
#include <map>
#include <stdexcept>

#include "core/limits.hpp"
#include "io/listen_socket.hpp"
#include "support.hpp"

namespace tocsin::http_server_test {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

struct answer {
  long status = 0;
  std::string head, body;
  long connections = 0; ///< new ones it took
};

std::size_t append(char* bytes, std::size_t, std::size_t size, void* out) {
  static_cast<std::string*>(out)->append(bytes, size);
  return size;
}

/// A client that keeps its connection.
class client {
public:
  explicit client(int port)
      : base_("http://127.0.0.1:" + std::to_string(port)), handle_(curl_easy_init()) {}
  ~client() { curl_easy_cleanup(handle_); }

  answer ask(const std::string& method, const std::string& target, const std::string& body = "") {
    answer a;
    curl_easy_reset(handle_);
    curl_easy_setopt(handle_, CURLOPT_URL, (base_ + target).c_str());
    curl_easy_setopt(handle_, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle_, CURLOPT_PROXY, "");
    curl_easy_setopt(handle_, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &append);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &a.body);
    curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, &append);
    curl_easy_setopt(handle_, CURLOPT_HEADERDATA, &a.head);
    if (!body.empty()) {
      curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body.data());
      curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    }
    if (method == "HEAD")
      curl_easy_setopt(handle_, CURLOPT_NOBODY, 1L);
    else
      curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_perform(handle_); // a refused upload may end in an error, the status counts
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &a.status);
    curl_easy_getinfo(handle_, CURLINFO_NUM_CONNECTS, &a.connections);
    return a;
  }

private:
  std::string base_;
  CURL* handle_;
};

class http_serving : public testing::Test {
protected:
  http_serving() {
    server->route("/plain", [](const http_request&) {
      return http_response{200, "text/plain", "hello"};
    });
    server->route("/echo/", [](const http_request& r) {
      nlohmann::json j{{"method", r.method},
                       {"path", r.path},
                       {"a", r.parameter("a b")},
                       {"none", r.parameter("none")}};
      return http_response{200, "application/json", j.dump()};
    });
    server->route("/throws",
                  [](const http_request&) -> http_response { throw std::runtime_error{"secret"}; });
    server->route("/busy", [](const http_request&) { return http_response{503}; });
    server->route("/evil", [](const http_request&) {
      return http_response{200,
                           "text/plain\r\nX-Evil: 1",
                           "",
                           {{"X-Note", "a\r\nX-Evil: 2"}, {"Cache-Control", "max-age=5"}}};
    });
    server->route("/post", {"POST", "PUT"}, [](const http_request& r) {
      return http_response{201, "text/plain", r.method + std::to_string(r.body.size())};
    });
    const auto started = server->start();
    EXPECT_TRUE(started) << (started ? "" : started.error().text);
  }
  answer ask(const std::string& method, const std::string& target, const std::string& body = "") {
    return client{server->port()}.ask(method, target, body);
  }
  std::string by_hand(const std::string& request) {
    peer p{server->port()};
    EXPECT_TRUE(p.send(request));
    return p.receive_all();
  }
  std::unique_ptr<http_server> server = make_http_server("127.0.0.1:0", 2);
};

TEST_F(http_serving, a_route_answers_with_safe_headers) {
  const auto a = ask("GET", "/plain");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.body, "hello");
  EXPECT_THAT(a.head,
              AllOf(HasSubstr("Content-Type: text/plain\r\n"), HasSubstr("Content-Length: 5\r\n"),
                    HasSubstr("X-Content-Type-Options: nosniff\r\n"),
                    HasSubstr("Cache-Control: no-store\r\n"),
                    HasSubstr("Content-Security-Policy: default-src 'self'"),
                    HasSubstr(" GMT\r\n")));
}

TEST_F(http_serving, head_is_get_without_the_body) {
  const auto a = ask("HEAD", "/plain");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.body, "");
  EXPECT_THAT(a.head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(by_hand("HEAD /echo/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              testing::EndsWith("\r\n\r\n"));
}

TEST_F(http_serving, a_tree_sees_what_is_below_it_decoded) {
  const auto a = ask("GET", "/echo/rvd%2F10.0.0.1/7500?x=1&a%20b=c+d%26%C3%BC%zz&a+b=later");
  const auto j = nlohmann::json::parse(a.body);
  EXPECT_EQ(j["path"], "/echo/rvd/10.0.0.1/7500");
  EXPECT_EQ(j["a"], "c d&ü%zz");
  EXPECT_EQ(j["none"], "");
  EXPECT_EQ(nlohmann::json::parse(ask("GET", "/echo/").body)["path"], "/echo/");
  EXPECT_EQ(ask("GET", "/echo").status, 404) << "not below it";
}

TEST_F(http_serving, an_unknown_path_is_404_in_json) {
  const auto a = ask("GET", "/no/such%0d%0athing");
  EXPECT_EQ(a.status, 404);
  EXPECT_THAT(a.head, HasSubstr("application/json"));
  EXPECT_EQ(nlohmann::json::parse(a.body)["error"], "nothing at /no/such thing");
  EXPECT_EQ(ask("GET", "/plain/../../../../etc/passwd").status, 404);
  EXPECT_EQ(ask("GET", "/plain%00.html").status, 400);
  EXPECT_EQ(ask("GET", "/echo/%2e%2e/%2E./etc").status, 400);
}

TEST_F(http_serving, a_wrong_method_is_405_and_tells_the_right_ones) {
  const auto a = ask("DELETE", "/plain");
  EXPECT_EQ(a.status, 405);
  EXPECT_THAT(a.head, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_EQ(ask("GET", "/post").status, 405);
  EXPECT_EQ(ask("OPTIONS", "/plain").status, 405);
  EXPECT_EQ(ask("PUT", "/post", "abc").body, "PUT3");
}

TEST_F(http_serving, a_handler_that_throws_is_500_without_its_secrets) {
  const auto a = ask("GET", "/throws");
  EXPECT_EQ(a.status, 500);
  EXPECT_THAT(a.body, AllOf(HasSubstr("{\"error\":"), Not(HasSubstr("secret"))));
  EXPECT_EQ(ask("GET", "/plain").status, 200) << "the others go on";
}

TEST_F(http_serving, a_failure_without_words_gets_some) {
  const auto a = ask("GET", "/busy");
  EXPECT_EQ(a.status, 503);
  EXPECT_EQ(nlohmann::json::parse(a.body)["error"], "Service Unavailable");
}

TEST_F(http_serving, a_header_cannot_be_broken) {
  const auto a = ask("GET", "/evil");
  EXPECT_EQ(a.status, 200);
  EXPECT_THAT(a.head, AllOf(HasSubstr("X-Note: a X-Evil: 2\r\n"), Not(HasSubstr("\nX-Evil")),
                            HasSubstr("Cache-Control: max-age=5\r\n"), Not(HasSubstr("no-store"))));
}

TEST_F(http_serving, a_body_is_read_up_to_the_limit) {
  EXPECT_EQ(ask("POST", "/post", std::string(limits::http_body_bytes_max, 'x')).body,
            "POST1048576");
  const auto a = ask("POST", "/post", std::string(limits::http_body_bytes_max + 1, 'x'));
  EXPECT_EQ(a.status, 413);
  EXPECT_EQ(ask("GET", "/plain").status, 200);
  EXPECT_THAT(by_hand("POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "))
      << "announced is enough";
}

TEST_F(http_serving, a_chunked_body_has_the_same_limit) {
  std::string request =
      "POST /post HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(by_hand(request + "3\r\nabc\r\n0\r\n\r\n"), HasSubstr("POST3"));
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 17; ++i) request += chunk;
  peer p{server->port()};
  p.send(request); // may be cut off: the answer comes early
  EXPECT_THAT(p.receive_all(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(http_serving, a_body_that_never_comes_holds_nobody_else) {
  peer stalled{server->port()};
  ASSERT_TRUE(stalled.send("POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_EQ(ask("GET", "/plain").status, 200);
}

TEST_F(http_serving, garbage_is_refused_and_the_server_stays) {
  EXPECT_THAT(by_hand("\x16\x03\x01\x02garbage\r\n\r\n"),
              testing::AnyOf("", StartsWith("HTTP/1.1 400 ")));
  EXPECT_THAT(by_hand("GET /" + std::string(40'000, 'x') + " HTTP/1.1\r\n\r\n"),
              testing::AnyOf("", StartsWith("HTTP/1.1 4")));
  EXPECT_EQ(ask("GET", "/plain").status, 200);
}

TEST_F(http_serving, a_connection_is_kept) {
  client c{server->port()};
  EXPECT_EQ(c.ask("GET", "/plain").connections, 1);
  EXPECT_EQ(c.ask("HEAD", "/plain").connections, 0);
  EXPECT_EQ(c.ask("GET", "/nothing").connections, 0);
  EXPECT_EQ(c.ask("POST", "/post", "abc").connections, 0);
}

TEST_F(http_serving, many_at_once) {
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 8; ++i)
    clients.push_back(std::async(std::launch::async, [this] {
      int good = 0;
      for (int k = 0; k < 50; ++k) good += ask("GET", "/plain").body == "hello";
      return good;
    }));
  for (auto& c : clients) EXPECT_EQ(c.get(), 50);
}

TEST(http_start, a_port_in_use_is_named_with_what_to_do) {
  auto first = make_http_server("127.0.0.1:0", 1);
  ASSERT_TRUE(first->start());
  const std::string address = "127.0.0.1:" + std::to_string(first->port());
  const auto second = make_http_server(address, 1)->start();
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text,
              AllOf(HasSubstr(address), HasSubstr("in use"), HasSubstr("choose another port")));
  first.reset();
  auto third = make_http_server(address, 1);
  EXPECT_TRUE(third->start()) << "a restart finds its port";
}

TEST(http_start, an_address_that_cannot_be_is_named) {
  for (const auto& [address, word] :
       std::map<std::string, std::string>{{"8420", "host:port"},
                                          {":8420", "0.0.0.0:8420"},
                                          {"127.0.0.1:99999", "0 to 65535"},
                                          {"127.0.0.1:80x", "0 to 65535"},
                                          {"127.0.0.1,1.2.3.4:80", "no host has"},
                                          {"::1:80", "brackets"},
                                          {"192.0.2.1:8420", "address of this machine"},
                                          {"host.invalid:80", "check the host name"}}) {
    const auto started = make_http_server(address, 1)->start();
    ASSERT_FALSE(started) << address;
    EXPECT_THAT(started.error().text, AllOf(HasSubstr(address), HasSubstr(word)));
  }
}

} // namespace

} // namespace tocsin::http_server_test
