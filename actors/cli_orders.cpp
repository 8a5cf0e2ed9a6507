#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "actors/cli.hpp"
#include "io/http_client.hpp"

namespace tocsin::cli {

namespace {

using json = nlohmann::ordered_json;

std::string whoami() {
  for (const char* name : {"TOCSIN_WHO", "SUDO_USER", "USER", "LOGNAME"})
    if (const char* value = std::getenv(name); value && *value) return value;
  return {};
}

} // namespace

int complain_about(const http_answer& answer, const std::string& server) {
  const json j = json::parse(answer.body, nullptr, false);
  if (!j.is_object() || !j.contains("error")) {
    std::fprintf(stderr, "tocsin: %s answered %d with something that is no JSON; is it a tocsin?\n", server.c_str(), answer.status);
    return no_server;
  }
  std::fprintf(stderr, "tocsin: %s\n", j.at("error").dump().c_str());
  return answer.status == 400 || answer.status == 415 ? usage : answer.status >= 500 ? no_server : problem;
}

int give_order(const order_command& c) {
  json body{{"kind", c.kind}, {"who", c.who.empty() ? whoami() : c.who}};
  if (!c.target.empty()) body["target"] = c.target;
  if (!c.comment.empty()) body["comment"] = c.comment;
  if (!c.from.empty()) body["from"] = c.from;
  if (!c.until.empty()) body["until"] = c.until;
  if (!c.duration.empty()) body["for"] = c.duration;
  if (!c.matchers.empty()) body["matchers"] = c.matchers;
  const auto answer = http_post_json(c.server + "/api/v1/orders", body.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!answer) {
    std::fprintf(stderr, "tocsin: %s\n", answer.error().text.c_str());
    return no_server;
  }
  if (answer->status != 200) return complain_about(*answer, c.server);
  const json j = json::parse(answer->body, nullptr, false);
  std::printf("%s %s\n", j.value("obeyed", "").c_str(), j.value("target", "").c_str());
  if (j.contains("overlaps")) std::fprintf(stderr, "tocsin: it overlaps: %s\n", j.value("overlaps", "").c_str());
  return done;
}

int print_report(const query_command& c) {
  const auto answer = http_get(c.server + "/api/v1/report?format=" + c.output);
  if (!answer) {
    std::fprintf(stderr, "tocsin: %s\n", answer.error().text.c_str());
    return no_server;
  }
  if (answer->status != 200) return complain_about(*answer, c.server);
  std::fputs(answer->body.c_str(), stdout);
  return done;
}

} // namespace tocsin::cli
