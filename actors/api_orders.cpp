// The part of the API through which people give orders: acknowledge, shelve, silence; and what stands of them.
#include <nlohmann/json.hpp>

#include "actors/api.hpp"
#include "codecs/alarm_json.hpp"
#include "core/saturating.hpp"
#include "io/clock.hpp"
#include "io/report_mail.hpp"

namespace tocsin {

namespace {

using json = nlohmann::ordered_json;

json time_or_null(timestamp t) { return t == unset || t == never ? json{} : json(to_rfc3339(t)); }

json view(const alarm& a) {
  return {{"alarm", a.key},
          {"state", to_text(state_of(a))},
          {"active", a.active},
          {"severity", to_text(a.level)},
          {"subject", a.subject},
          {"kind", to_text(a.kind)},
          {"incident", a.incident},
          {"active_since", time_or_null(a.active_since)},
          {"over_since", time_or_null(a.over_since)},
          {"acknowledged_by", a.owner},
          {"acknowledged_at", time_or_null(a.acknowledged_at)},
          {"acknowledged_until", time_or_null(a.acknowledged_until)},
          {"comment", a.comment},
          {"shelved_by", a.shelved_by},
          {"shelved_until", time_or_null(a.shelved_until)},
          {"shelved_reason", a.shelved_reason},
          {"suppressed_by", a.suppressed_by},
          {"out_of_service_by", a.out_of_service_by},
          {"activations", a.activations},
          {"chattering", a.chattering}};
}

json view(const silence& s, timestamp now) {
  json matchers = json::array();
  for (const matcher& m : s.matchers) matchers.push_back(m.text());
  return {{"id", s.id},
          {"matchers", matchers},
          {"starts", time_or_null(s.starts)},
          {"ends", time_or_null(s.ends)},
          {"state", s.active(now) ? "active" : now < s.starts ? "pending" : "expired"},
          {"created_by", s.creator},
          {"comment", s.comment}};
}

result<timestamp> time_of(const json& order, const char* at_key, const char* for_key, timestamp otherwise, timestamp now) {
  const bool has_for = for_key && order.contains(for_key);
  if (order.contains(at_key) && has_for)
    return fail(errc::invalid, std::string{"give "} + at_key + " or " + for_key + ", not both");
  if (has_for) {
    auto d = parse_duration(order.at(for_key).get<std::string>());
    if (!d) return tl::make_unexpected(d.error());
    return later(now, *d);
  }
  if (!order.contains(at_key)) return otherwise;
  return parse_rfc3339(order.at(at_key).get<std::string>());
}

/// nlohmann throws when a value is of another type than asked for; here it becomes a refusal.
result<operator_command> read_order(const std::string& body, timestamp now) {
  const json j = json::parse(body, nullptr, false);
  if (!j.is_object()) return fail(errc::malformed, "the body must be one JSON object; see /api/v1/openapi.yaml");
  constexpr std::string_view known[] = {"kind", "target", "who", "comment", "from", "until", "for", "matchers"};
  for (const auto& [key, value] : j.items())
    if (std::ranges::find(known, key) == std::end(known)) return fail(errc::invalid, "unknown key '" + key + "'; see /api/v1/openapi.yaml");
  try {
    operator_command c{};
    const std::string kind = j.value("kind", "");
    const auto parsed = parse_command_kind(kind);
    if (!parsed || *parsed >= command_kind::receiver_failing) return fail(errc::invalid, "unknown kind '" + kind + "'; acknowledge, shelve, silence, … see /api/v1/openapi.yaml");
    c.kind = *parsed;
    c.target = j.value("target", "");
    c.who = j.value("who", "");
    c.comment = j.value("comment", "");
    c.matchers = j.value("matchers", std::vector<std::string>{});
    auto from = time_of(j, "from", nullptr, unset, now), until = time_of(j, "until", "for", never, now);
    if (!from) return tl::make_unexpected(from.error());
    if (!until) return tl::make_unexpected(until.error());
    c.from = *from;
    c.until = *until;
    if (c.kind == command_kind::silence && c.target.empty()) {
      constexpr char digits[] = "0123456789abcdef";
      std::uint64_t hash = hash_key(body, to_rfc3339(now));
      for (c.target = "S"; c.target.size() < 13; hash >>= 4) c.target += digits[hash & 15];
    }
    return c;
  } catch (const json::exception& e) {
    return fail(errc::invalid, std::string{"a value is of the wrong type: "} + e.what());
  }
}

/// A page of another site must not make a browser give orders in its user's name.
bool from_elsewhere(const http_request& q) {
  if (q.origin.empty() || q.origin == "null") return q.origin == "null";
  const auto at = q.origin.find("://");
  return at == std::string::npos || q.origin.substr(at + 3) != q.host;
}

/// Silences in force or to come that overlap with a new one, in words; "" = none.
std::string overlapping(const node& n, const operator_command& c) {
  const auto all = n.alarms();
  if (c.kind != command_kind::silence || !all) return {};
  silence fresh{c.target, {}, c.from == unset ? wall_clock() : c.from, c.until, c.who, c.comment};
  for (const std::string& text : c.matchers)
    if (auto m = parse_matcher(text)) fresh.matchers.push_back(std::move(*m));
  std::string out;
  for (const silence& s : all->silences) {
    if (s.id == c.target) continue;
    const bool inside = s.overlaps(fresh);
    if (!inside && !fresh.overlaps(s)) continue;
    out += (out.empty() ? "" : "; ") + std::string{"silence "} + s.id + " of " + s.creator + " until " + to_rfc3339(s.ends) +
           (inside ? " mutes all of this already" : " is a part of this");
  }
  return out;
}

http_response give_order(node& n, const http_request& q) {
  if (auto refused = refuse_order(q)) return *refused;
  const auto order = read_order(q.body, wall_clock());
  if (!order) return problem(400, order.error().text);
  if (auto done = n.obey(*order); !done) return problem(done.error().code == errc::timeout ? 503 : 409, done.error().text);
  json said{{"obeyed", to_text(order->kind)}, {"target", order->target}};
  if (const auto others = overlapping(n, *order); !others.empty()) said["overlaps"] = others;
  return json_answer(said);
}

http_response list_alarms_json(const node& n) {
  const auto all = n.alarms();
  if (!all) return problem(503, "no answer in time; the node is busy, try again");
  json out{{"alarms", json::array()}, {"receivers_in_flood", all->floods}};
  for (const alarm& a : all->alarms) out["alarms"].push_back(view(a));
  return json_answer(out);
}

http_response list_silences_json(const node& n) {
  const auto all = n.alarms();
  if (!all) return problem(503, "no answer in time; the node is busy, try again");
  json out{{"silences", json::array()}};
  const timestamp now = wall_clock();
  for (const silence& s : all->silences) out["silences"].push_back(view(s, now));
  return json_answer(out);
}

http_response report(const node& n, const http_request& q) {
  const auto figures = n.figures();
  if (!figures) return problem(503, "no answer in time; the node is busy, try again");
  const std::string format = q.parameter("format");
  if (format == "html") return {200, "text/html; charset=utf-8", report_html(*figures)};
  if (format == "text") return {200, "text/plain; charset=utf-8", report_text(*figures)};
  if (!format.empty() && format != "json") return problem(400, "format is json, text or html");
  http_response r;
  append_json(r.body, *figures);
  r.body += '\n';
  return r;
}

} // namespace

std::optional<http_response> refuse_order(const http_request& q) {
  if (from_elsewhere(q)) return problem(403, "orders are taken from this server's own pages and from programs only");
  if (!q.content_type.starts_with("application/json")) return problem(415, "send Content-Type: application/json");
  return std::nullopt;
}

void add_order_routes(http_server& server, node& n) {
  server.route("/api/v1/orders", {"POST"}, [&n](const http_request& q) { return give_order(n, q); });
  server.route("/api/v1/alarms", [&n](const http_request&) { return list_alarms_json(n); });
  server.route("/api/v1/report", [&n](const http_request& q) { return report(n, q); });
  server.route("/api/v1/silences", [&n](const http_request&) { return list_silences_json(n); });
}

} // namespace tocsin
