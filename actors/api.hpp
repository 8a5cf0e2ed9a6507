// The HTTP face of a node: status page, health, metrics and the JSON API described in docs/openapi.yaml.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "actors/node.hpp"
#include "io/http_server.hpp"

namespace tocsin {

inline constexpr std::size_t page_most = 10'000; ///< things in one answer

void add_routes(http_server& server, node& n);
/// Orders of people, alarms and silences.
void add_order_routes(http_server& server, node& n);
/// What any node answers for all of them: daemons, equipment, sources, groups, the cluster.
void add_cluster_routes(http_server& server, node& n);
/// The outbox as people see it, and dead letters that are sent again; why somebody was told of an incident or not.
void add_notification_routes(http_server& server, node& n);
/// /api/v1/incidents/<id>/explain
http_response explain_incident_json(const node& n, const http_request& q, const std::string& id);
/// What every order must bring along: JSON, and not in the name of somebody who looks at a page of another site.
std::optional<http_response> refuse_order(const http_request& q);
/// A whole number among the query parameters; false when it is there and is none.
bool number_of(const http_request& q, const char* name, std::size_t& value);
/// {"error": text} with that status.
http_response problem(int status, std::string_view text);
http_response json_answer(const nlohmann::ordered_json& j, int status = 200);

} // namespace tocsin
