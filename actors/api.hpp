// The HTTP face of a node: status page, health, metrics and the JSON API described in docs/openapi.yaml.
#pragma once

#include "actors/node.hpp"
#include "io/http_server.hpp"

namespace tocsin {

void add_routes(http_server& server, const node& n);

} // namespace tocsin
