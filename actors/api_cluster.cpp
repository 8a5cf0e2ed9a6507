// The routes that any node answers for the whole cluster: daemons, equipment, sources, groups, and the cluster itself.
#include <algorithm>
#include <cstdio>

#include "actors/api.hpp"
#include "actors/cluster_link.hpp"
#include "actors/cluster_queries.hpp"
#include "codecs/json_views.hpp"
#include "core/time.hpp"

namespace tocsin {

namespace {

bool is_daemon_state(std::string_view text) {
  for (std::uint8_t s = 0; s <= static_cast<std::uint8_t>(liveness_state::missing); ++s)
    if (to_text(static_cast<liveness_state>(s)) == text) return true;
  return false;
}

/// ?local=true: only what this node knows. False: it is neither true nor false.
bool local_of(const http_request& q, bool& local) {
  const std::string text = q.parameter("local");
  local = text == "true";
  return text.empty() || text == "true" || text == "false";
}

http_response wrong_local() { return problem(400, "local is true or false"); }

void append_items(std::string& out, const std::vector<found_item>& items, std::size_t from, std::size_t most) {
  const std::size_t end = std::min(items.size(), from + most);
  for (std::size_t i = from; i < end; ++i) {
    if (i > from) out += ",\n";
    out += items[i].json;
  }
}

/// {"name":[…],"silent_nodes":[…]}
http_response list_of(const node& n, const char* name, const cluster_query& what, bool local) {
  const gathered found = gather(n, what, local);
  http_response r;
  r.body = std::string{"{\""} + name + "\":[";
  append_items(r.body, found.all.items, 0, found.all.items.size());
  r.body += "],";
  append_silent_nodes(r.body, found.silent_nodes);
  r.body += "}\n";
  return r;
}

/// The one that is there; else 404, or 503 while it may be where nobody answers.
http_response one_of(const node& n, const cluster_query& what, bool local, const std::string& none) {
  const gathered found = gather(n, what, local);
  http_response r;
  if (!found.all.items.empty()) {
    r.body = found.all.items.front().json + '\n';
    return r;
  }
  if (found.silent_nodes.empty()) return problem(404, none);
  r = problem(503, "the nodes that answered do not know it; not asked: " + names_of(found.silent_nodes));
  r.body.resize(r.body.rfind('}'));
  r.body += ',';
  append_silent_nodes(r.body, found.silent_nodes);
  r.body += "}\n";
  return r;
}

http_response list_daemons_json(const node& n, const http_request& q) {
  std::size_t from = 0, most = 1000;
  bool local = false;
  if (!number_of(q, "offset", from) || !number_of(q, "limit", most) || most == 0 || most > page_most || from > 10'000'000)
    return problem(400, "offset and limit are whole numbers; limit is 1 to 10000");
  if (!local_of(q, local)) return wrong_local();
  const std::string state = q.parameter("state");
  if (!state.empty() && !is_daemon_state(state))
    return problem(400, "state is unknown, alive, late, lost, stopped or missing");
  local = local || !n.others();
  if (!local && from + most > cluster_page_most)
    return problem(400, "offset + limit over several nodes is at most " + std::to_string(cluster_page_most) + "; ask by host, or each node with local=true");
  const gathered found = gather(n, {query_kind::daemons, q.parameter("host"), state, from + most}, local);
  http_response r;
  r.body = "{\"daemons\":[";
  append_items(r.body, found.all.items, std::min(from, found.all.items.size()), most);
  r.body += "],\"total\":" + std::to_string(found.all.total) + ",\"known\":" + std::to_string(found.all.known) + ",\"offset\":" +
            std::to_string(from) + ",\"silent_shards\":[";
  for (std::size_t i = 0; i < found.all.silent_shards.size(); ++i)
    r.body += (i ? "," : "") + std::to_string(found.all.silent_shards[i]);
  r.body += "],";
  append_silent_nodes(r.body, found.silent_nodes);
  r.body += "}\n";
  return r;
}

http_response one_daemon_json(const node& n, const http_request& q) {
  // /api/v1/daemons/<host>/<service>
  const std::string rest = q.path.substr(std::string_view{"/api/v1/daemons/"}.size());
  const auto slash = rest.rfind('/');
  bool local = false;
  if (slash == std::string::npos) return problem(400, "write /api/v1/daemons/<host>/<service>");
  if (!local_of(q, local)) return wrong_local();
  return one_of(n, {query_kind::daemon, rest.substr(0, slash), rest.substr(slash + 1), 1}, local,
                "no daemon " + rest + " has been seen; GET /api/v1/daemons lists those that have");
}

http_response one_equipment_json(const node& n, const http_request& q) {
  const std::string name = q.path.substr(std::string_view{"/api/v1/equipment/"}.size());
  const std::string none = "no equipment " + name + " has sent readings; GET /api/v1/equipment lists those that have";
  bool local = false;
  if (!local_of(q, local)) return wrong_local();
  return name.empty() ? problem(404, none) : one_of(n, {query_kind::equipment, name, {}, 1}, local, none);
}

http_server::handler list_handler(const node& n, const char* name, query_kind kind) {
  return [&n, name, kind](const http_request& q) {
    bool local = false;
    if (!local_of(q, local)) return wrong_local();
    // With a cluster log every node knows all groups.
    return list_of(n, name, {kind, {}, {}, 0}, local || (kind == query_kind::groups && n.has_cluster_log()));
  };
}

void append_node(std::string& out, const peer& who, std::uint64_t incarnation, std::string_view state, timestamp since, const std::string& reason) {
  if (out.back() == '}') out += ",\n";
  out += "{\"node\":";
  if (who.node.empty()) out += "null";
  else append_json_string(out, who.node);
  out += ",\"address\":";
  append_json_string(out, who.address);
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(incarnation));
  out += ",\"incarnation\":" + (incarnation == 0 ? "null" : '"' + std::string{hex} + '"') + ",\"state\":\"" + std::string{state} +
         "\",\"since\":\"" + to_rfc3339(since) + "\",\"reason\":";
  if (reason.empty()) out += "null";
  else append_json_string(out, reason);
  out += '}';
}

http_response cluster_json(const node& n) {
  const cluster_link* others = n.others();
  if (!others) return problem(404, "this node is alone; its configuration has no cluster.node");
  http_response r;
  r.body = "{\"node\":";
  append_json_string(r.body, n.name());
  r.body += ",\"nodes\":[";
  append_node(r.body, {n.name(), n.address()}, others->incarnation(), "self", n.started(), "");
  for (const peer_view& p : others->peers()) append_node(r.body, p.who, p.incarnation, to_text(p.state), p.since, p.reason);
  const cluster_view seen = n.partitions();
  r.body += "],\"leader\":";
  if (seen.leader.empty()) r.body += "null";
  else append_json_string(r.body, seen.leader);
  r.body += ",\"time\":" + (seen.time == unset ? "null" : '"' + to_rfc3339(seen.time) + '"');
  r.body += ",\"log\":" + (seen.log_offset < 0 ? "null" : "{\"offset\":" + std::to_string(seen.log_offset) + ",\"lag\":" + std::to_string(seen.log_lag) + '}');
  r.body += ",\"partitions\":[";
  for (const partition_view& p : seen.partitions) {
    if (r.body.back() == '}') r.body += ",\n";
    r.body += "{\"partition\":" + std::to_string(p.partition) + ",\"owner\":";
    if (p.owner.empty()) r.body += "null";
    else append_json_string(r.body, p.owner);
    r.body += ",\"epoch\":" + std::to_string(p.epoch) + ",\"state\":";
    append_json_string(r.body, p.state);
    r.body += ",\"lag\":" + (p.lag < 0 ? "null" : std::to_string(p.lag)) + ",\"sighted\":" + (p.sighted ? "true" : "false") + '}';
  }
  r.body += "]}\n";
  return r;
}

} // namespace

void add_cluster_routes(http_server& server, node& n) {
  server.route("/api/v1/daemons", [&n](const http_request& q) { return list_daemons_json(n, q); });
  server.route("/api/v1/daemons/", [&n](const http_request& q) { return one_daemon_json(n, q); });
  server.route("/api/v1/equipment/", [&n](const http_request& q) { return one_equipment_json(n, q); });
  server.route("/api/v1/cluster", [&n](const http_request&) { return cluster_json(n); });
  server.route("/api/v1/equipment", list_handler(n, "equipment", query_kind::equipment));
  server.route("/api/v1/sources", list_handler(n, "sources", query_kind::sources));
  server.route("/api/v1/groups", list_handler(n, "groups", query_kind::groups));
}

} // namespace tocsin
