#include "actors/api.hpp"

#include <algorithm>
#include <charconv>

#include "actors/status_page.hpp"
#include "codecs/equipment_json.hpp"
#include "codecs/json_views.hpp"

namespace tocsin {

namespace {

constexpr std::size_t page_most = 10'000;

bool is_daemon_state(std::string_view text) {
  for (std::uint8_t s = 0; s <= static_cast<std::uint8_t>(liveness_state::missing); ++s)
    if (to_text(static_cast<liveness_state>(s)) == text) return true;
  return false;
}

http_response list_daemons_json(const node& n, const http_request& q) {
  std::size_t from = 0, most = 1000;
  if (!number_of(q, "offset", from) || !number_of(q, "limit", most) || most == 0 || most > page_most || from > 10'000'000)
    return problem(400, "offset and limit are whole numbers; limit is 1 to 10000");
  const std::string state = q.parameter("state");
  if (!state.empty() && !is_daemon_state(state))
    return problem(400, "state is unknown, alive, late, lost, stopped or missing");
  const daemon_page page = n.daemons(q.parameter("host"), state, from, most);
  http_response r;
  r.body = "{\"daemons\":[";
  for (const auto& d : page.daemons) {
    if (r.body.back() == '}') r.body += ",\n";
    append_json(r.body, *d);
  }
  r.body += "],\"total\":" + std::to_string(page.total) + ",\"known\":" + std::to_string(page.known) + ",\"offset\":" +
            std::to_string(from) + ",\"silent_shards\":[";
  for (std::size_t i = 0; i < page.silent_shards.size(); ++i)
    r.body += (i ? "," : "") + std::to_string(page.silent_shards[i]);
  r.body += "]}\n";
  return r;
}

http_response one_daemon_json(const node& n, const http_request& q) {
  // /api/v1/daemons/<host>/<service>
  const std::string rest = q.path.substr(std::string_view{"/api/v1/daemons/"}.size());
  const auto slash = rest.rfind('/');
  if (slash == std::string::npos) return problem(400, "write /api/v1/daemons/<host>/<service>");
  const auto found = n.daemon(rest.substr(0, slash), rest.substr(slash + 1));
  if (!found) return problem(404, "no daemon " + rest + " has been seen; GET /api/v1/daemons lists those that have");
  http_response r;
  append_json(r.body, *found);
  r.body += '\n';
  return r;
}

http_response list_incidents_json(const node& n, const http_request& q) {
  std::size_t most = 1000;
  if (!number_of(q, "limit", most) || most == 0 || most > page_most) return problem(400, "limit is a whole number from 1 to 10000");
  const std::string state = q.parameter("state");
  if (!state.empty() && state != "open" && state != "closed") return problem(400, "state is open or closed");
  if (!n.disk()) return problem(503, "nothing is kept: data_dir is empty");
  auto found = n.disk()->incidents(state, most);
  if (!found) return problem(500, found.error().text);
  http_response r;
  r.body = "{\"incidents\":[";
  for (const stored_incident& i : *found) {
    if (r.body.back() == '}') r.body += ",\n";
    r.body += i.json;
  }
  r.body += "]}\n";
  return r;
}

http_response one_incident_json(const node& n, const http_request& q) {
  const std::string id = q.path.substr(std::string_view{"/api/v1/incidents/"}.size());
  if (id.ends_with("/explain")) return explain_incident_json(n, q, id.substr(0, id.size() - 8));
  if (!n.disk()) return problem(503, "nothing is kept: data_dir is empty");
  auto found = n.disk()->find_incident(id);
  if (!found) return problem(500, found.error().text);
  if (!*found) return problem(404, "no incident " + id + " is kept; GET /api/v1/incidents lists those that are");
  http_response r;
  r.body = "{\"incident\":" + (*found)->json + ",\"notifications\":";
  auto ledger = n.disk()->ledger(id);
  r.body += ledger ? *ledger : "[]";
  r.body += "}\n";
  return r;
}

http_response sources_json(const node& n) {
  http_response r;
  r.body = "{\"sources\":[";
  const auto qualities = n.source_qualities();
  for (const source_status& s : n.sources()) {
    if (r.body.back() == '}') r.body += ',';
    auto text = [&](const char* key, const std::string& value) {
      r.body += '"';
      r.body += key;
      r.body += "\":";
      append_json_string(r.body, value);
      r.body += ',';
    };
    r.body += '{';
    text("name", s.name);
    text("kind", s.kind);
    text("state", s.state);
    text("detail", s.detail);
    r.body += "\"records\":" + std::to_string(s.records) + ",\"errors\":" + std::to_string(s.errors) + ",\"ignored\":" +
              std::to_string(s.ignored) + ",\"bytes\":" + std::to_string(s.bytes) + ",\"reconnects\":" + std::to_string(s.reconnects) + ",\"quality\":";
    const auto quality = std::ranges::find(qualities, s.name, &source_quality::source);
    if (quality == qualities.end()) r.body += "null";
    else append_json(r.body, *quality);
    r.body += '}';
  }
  r.body += "]}\n";
  return r;
}

http_response groups_json(const node& n) {
  http_response r;
  r.body = "{\"groups\":[";
  for (const group_status& g : n.segments()) {
    if (r.body.back() == '}') r.body += ',';
    r.body += "{\"name\":";
    append_json_string(r.body, g.name);
    r.body += ",\"members\":" + std::to_string(g.members) + ",\"silent\":" + std::to_string(g.silent) + ",\"open\":[";
    for (const incident& i : g.open) {
      if (r.body.back() == '}') r.body += ',';
      append_json(r.body, i);
    }
    r.body += "]}";
  }
  r.body += "]}\n";
  return r;
}

} // namespace

bool number_of(const http_request& q, const char* name, std::size_t& value) {
  const std::string text = q.parameter(name);
  if (text.empty()) return true;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc{} && end == text.data() + text.size();
}

http_response problem(int status, std::string_view text) {
  http_response r{status, "application/json", "{\"error\":"};
  append_json_string(r.body, text);
  r.body += "}\n";
  return r;
}

void add_routes(http_server& server, node& n) {
  add_order_routes(server, n);
  add_notification_routes(server, n);
  server.route("/-/healthy", [](const http_request&) { return http_response{200, "text/plain; charset=utf-8", "Tocsin is healthy.\n"}; });
  server.route("/-/ready", [&n](const http_request&) {
    if (n.ready()) return http_response{200, "text/plain; charset=utf-8", "Tocsin is ready.\n"};
    return http_response{503, "text/plain; charset=utf-8", "Tocsin is not ready: its state is being restored.\n"};
  });
  server.route("/metrics", [&n](const http_request&) { return http_response{200, "text/plain; version=0.0.4; charset=utf-8", n.metrics()}; });
  server.route("/api/v1/daemons", [&n](const http_request& q) { return list_daemons_json(n, q); });
  server.route("/api/v1/daemons/", [&n](const http_request& q) { return one_daemon_json(n, q); });
  server.route("/api/v1/incidents", [&n](const http_request& q) { return list_incidents_json(n, q); });
  server.route("/api/v1/incidents/", [&n](const http_request& q) { return one_incident_json(n, q); });
  server.route("/api/v1/equipment", [&n](const http_request&) { return equipment_json(n); });
  server.route("/api/v1/equipment/", [&n](const http_request& q) { return one_equipment_json(n, q); });
  server.route("/api/v1/sources", [&n](const http_request&) { return sources_json(n); });
  server.route("/api/v1/groups", [&n](const http_request&) { return groups_json(n); });
  server.route("/api/v1/openapi.yaml", [](const http_request&) { return http_response{200, "application/yaml", std::string{openapi_text()}}; });
  server.route("/style.css", [](const http_request&) { return http_response{200, "text/css; charset=utf-8", std::string{status_style()}}; });
  server.route("/", [&n](const http_request& q) {
    if (q.path != "/") return problem(404, "nothing at " + q.path + "; see /api/v1/openapi.yaml");
    return http_response{200, "text/html; charset=utf-8", status_page(n)};
  });
}

} // namespace tocsin
