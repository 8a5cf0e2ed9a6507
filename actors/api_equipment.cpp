// /api/v1/equipment: units, and one unit with its channels.
#include "actors/api.hpp"
#include "codecs/equipment_json.hpp"

namespace tocsin {

http_response equipment_json(const node& n) {
  http_response r;
  r.body = "{\"equipment\":[";
  for (const equipment_status& e : n.equipment("")) {
    if (r.body.back() == '}') r.body += ",\n";
    append_json(r.body, e);
  }
  r.body += "]}\n";
  return r;
}

http_response one_equipment_json(const node& n, const http_request& q) {
  const std::string name = q.path.substr(std::string_view{"/api/v1/equipment/"}.size());
  const auto found = name.empty() ? std::vector<equipment_status>{} : n.equipment(name);
  if (found.empty()) return problem(404, "no equipment " + name + " has sent readings; GET /api/v1/equipment lists those that have");
  http_response r;
  append_json(r.body, found.front());
  r.body += '\n';
  return r;
}

} // namespace tocsin
