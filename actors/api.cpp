#include "actors/api.hpp"

#include <charconv>

#include "actors/status_page.hpp"
#include "codecs/json_views.hpp"

namespace tocsin {

namespace {

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
  add_cluster_routes(server, n);
  add_order_routes(server, n);
  add_notification_routes(server, n);
  server.route("/-/healthy", [](const http_request&) { return http_response{200, "text/plain; charset=utf-8", "Tocsin is healthy.\n"}; });
  server.route("/-/ready", [&n](const http_request&) {
    if (n.ready()) return http_response{200, "text/plain; charset=utf-8", "Tocsin is ready.\n"};
    return http_response{503, "text/plain; charset=utf-8", "Tocsin is not ready: its state is being restored.\n"};
  });
  server.route("/metrics", [&n](const http_request&) { return http_response{200, "text/plain; version=0.0.4; charset=utf-8", n.metrics()}; });
  server.route("/api/v1/incidents", [&n](const http_request& q) { return list_incidents_json(n, q); });
  server.route("/api/v1/incidents/", [&n](const http_request& q) { return one_incident_json(n, q); });
  server.route("/api/v1/openapi.yaml", [](const http_request&) { return http_response{200, "application/yaml", std::string{openapi_text()}}; });
  server.route("/style.css", [](const http_request&) { return http_response{200, "text/css; charset=utf-8", std::string{status_style()}}; });
  server.route("/", [&n](const http_request& q) {
    if (q.path != "/") return problem(404, "nothing at " + q.path + "; see /api/v1/openapi.yaml");
    return http_response{200, "text/html; charset=utf-8", status_page(n)};
  });
}

} // namespace tocsin
