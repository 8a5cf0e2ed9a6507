// The part of the API about notifications: the outbox, dead letters sent again, and why somebody was told or not.
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>

#include "actors/api.hpp"
#include "actors/explanation.hpp"
#include "codecs/notification_json.hpp"
#include "core/saturating.hpp"
#include "io/clock.hpp"

namespace tocsin {

namespace {

using json = nlohmann::ordered_json;
constexpr duration redriven_by_default = 7 * 24h;

json view(const outbox_entry& e) {
  json out{{"id", e.id},
           {"receiver", e.receiver},
           {"state", e.state},
           {"severity", to_text(e.level)},
           {"created", to_rfc3339(e.created)},
           {"next_attempt", e.state == "waiting" ? json(to_rfc3339(e.next_attempt)) : json{}},
           {"attempts", e.attempts},
           {"last_answer", e.last_answer}};
  const auto n = parse_notification(e.body);
  out["reason"] = n ? json(n->reason) : json{};
  out["incident"] = n ? json(n->about.id) : json{};
  out["title"] = n ? json(n->about.title) : json{};
  return out;
}

http_response list_notifications_json(const node& n, const http_request& q) {
  std::size_t most = 1000;
  if (!number_of(q, "limit", most) || most == 0 || most > page_most)
    return problem(400, "limit is a whole number from 1 to 10000");
  const std::string state = q.parameter("state");
  if (!state.empty() && state != "waiting" && state != "delivered" && state != "dead")
    return problem(400, "state is waiting, delivered or dead");
  if (!n.disk()) return problem(503, "nothing is kept: data_dir is empty");
  const auto found = n.disk()->outbox(state, q.parameter("receiver"), most);
  if (!found) return problem(500, found.error().text);
  json out{{"notifications", json::array()}};
  for (const outbox_entry& e : *found) out["notifications"].push_back(view(e));
  return json_answer(out);
}

struct range {
  std::string receiver;
  timestamp from, until;
};

/// nlohmann throws when a value is of another type than asked for; here it becomes a refusal.
result<range> read_range(const std::string& body, timestamp now) {
  const json j = json::parse(body, nullptr, false);
  if (!j.is_object()) return fail(errc::malformed, "the body must be one JSON object; see /api/v1/openapi.yaml");
  for (const auto& [key, value] : j.items()) {
    if (key != "receiver" && key != "from" && key != "until")
      return fail(errc::invalid, "unknown key '" + key + "'; known are receiver, from and until");
    if (!value.is_string()) return fail(errc::invalid, key + " must be a text");
  }
  range out{j.value("receiver", ""), earlier(now, redriven_by_default), later(now, 1ns)};
  for (auto [key, to] : {std::pair{"from", &out.from}, std::pair{"until", &out.until}}) {
    if (!j.contains(key)) continue;
    const auto t = parse_rfc3339(j.at(key).get<std::string>());
    if (!t) return tl::make_unexpected(t.error());
    *to = *t;
  }
  if (out.until <= out.from) return fail(errc::invalid, "until must be later than from");
  return out;
}

http_response redrive_json(node& n, const http_request& q) {
  if (auto refused = refuse_order(q)) return *refused;
  const auto what = read_range(q.body, wall_clock());
  if (!what) return problem(400, what.error().text);
  if (!n.disk()) return problem(503, "nothing is kept: data_dir is empty");
  const auto done = n.redrive(what->receiver, what->from, what->until);
  if (!done) return problem(done.error().code == errc::timeout ? 503 : 409, done.error().text);
  return json_answer(json{{"redriven", *done}});
}

} // namespace

http_response json_answer(const json& j, int status) {
  return {status, "application/json", j.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

http_response explain_incident_json(const node& n, const http_request& q, const std::string& id) {
  if (!n.disk()) return problem(503, "nothing is kept: data_dir is empty");
  const bool recompute = q.parameter("recompute") == "true";
  // The whole journal is read: one at a time, the others ask again.
  static std::mutex recomputing;
  std::unique_lock<std::mutex> lock{recomputing, std::defer_lock};
  if (recompute && !lock.try_lock()) return problem(503, "another verdict is being recomputed; ask again when it is done");
  const auto judged = n.in_force();
  const explain_question question{n.disk(), judged->rules, &judged->alerting, judged->vantage_names, n.standing(id), id,
                                  q.parameter("receiver"), recompute, wall_clock(), n.input()};
  // On a thread of its own: those of the HTTP server have 100 KiB of stack, too little to judge a journal.
  const auto text = std::async(std::launch::async, [&question] { return explain(question); }).get();
  if (!text) return problem(text.error().code == errc::missing ? 404 : 500, text.error().text);
  return {200, "application/json", *text + "\n"};
}

void add_notification_routes(http_server& server, node& n) {
  server.route("/api/v1/notifications", [&n](const http_request& q) { return list_notifications_json(n, q); });
  server.route("/api/v1/notifications/redrive", {"POST"}, [&n](const http_request& q) { return redrive_json(n, q); });
}

} // namespace tocsin
