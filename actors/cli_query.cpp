#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "actors/cli.hpp"
#include "io/http_client.hpp"

namespace tocsin::cli {

namespace {

using json = nlohmann::ordered_json; // as the server gives it

std::string text_of(const json& j, const char* key) {
  if (!j.contains(key) || j.at(key).is_null()) return "";
  const json& v = j.at(key);
  return v.is_string() ? v.get<std::string>() : v.dump();
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i >= width.size()) width.push_back(0);
      width[i] = std::max(width[i], row[i].size());
    }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(width[i] - row[i].size() + 2, ' ');
    }
    std::puts(line.c_str());
  }
}

void print_daemons(const json& all) {
  std::vector<std::vector<std::string>> rows{{"SUBJECT", "STATE", "LAST HEARD", "VERSION", "CLIENTS", "SYMPTOMS"}};
  for (const json& d : all.at("daemons")) {
    std::string symptoms;
    for (const json& s : d.value("symptoms", json::array())) symptoms += (symptoms.empty() ? "" : ",") + text_of(s, "kind");
    rows.push_back({text_of(d, "subject"), text_of(d, "state"), text_of(d, "last_heard"), text_of(d, "version"),
                    text_of(d, "clients"), symptoms});
  }
  print_table(rows);
}

void print_incidents(const json& all) {
  std::vector<std::vector<std::string>> rows{{"ID", "STATE", "SEVERITY", "SINCE", "TITLE"}};
  for (const json& i : all.at("incidents"))
    rows.push_back({text_of(i, "id"), text_of(i, "state"), text_of(i, "severity"), text_of(i, "since"), text_of(i, "title")});
  print_table(rows);
}

void print_one(const json& j, const std::string& indent = "") {
  for (const auto& [key, value] : j.items()) {
    if (value.is_object()) {
      std::printf("%s%s:\n", indent.c_str(), key.c_str());
      print_one(value, indent + "  ");
    } else if (value.is_array() && !value.empty() && value.front().is_object()) {
      std::printf("%s%s:\n", indent.c_str(), key.c_str());
      for (const json& each : value) std::printf("%s  - %s\n", indent.c_str(), each.dump().c_str());
    } else {
      std::printf("%s%s: %s\n", indent.c_str(), key.c_str(), value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
    }
  }
}

void print_alarms(const json& all) {
  std::vector<std::vector<std::string>> rows{{"ALARM", "STATE", "SEVERITY", "SINCE", "OWNER", "INCIDENT"}};
  for (const json& a : all.at("alarms")) {
    std::string owner = text_of(a, "acknowledged_by");
    if (owner.empty()) owner = text_of(a, "shelved_by");
    rows.push_back({text_of(a, "alarm"), text_of(a, "state"), text_of(a, "severity"), text_of(a, "active_since"), owner, text_of(a, "incident")});
  }
  print_table(rows);
  for (const json& r : all.value("receivers_in_flood", json::array()))
    std::printf("%s is in flood mode: it gets digests\n", r.get<std::string>().c_str());
}

void print_silences(const json& all) {
  std::vector<std::vector<std::string>> rows{{"ID", "STATE", "MATCHERS", "ENDS", "BY", "COMMENT"}};
  for (const json& s : all.at("silences")) {
    std::string matchers;
    for (const json& m : s.at("matchers")) matchers += (matchers.empty() ? "" : ", ") + m.get<std::string>();
    rows.push_back({text_of(s, "id"), text_of(s, "state"), matchers, text_of(s, "ends"), text_of(s, "created_by"), text_of(s, "comment")});
  }
  print_table(rows);
}

void print_cluster(const json& all) {
  std::vector<std::vector<std::string>> nodes{{"NODE", "ADDRESS", "STATE", "SINCE", "INCARNATION", "REASON"}};
  for (const json& n : all.at("nodes"))
    nodes.push_back({text_of(n, "node"), text_of(n, "address"), text_of(n, "state"), text_of(n, "since"), text_of(n, "incarnation"), text_of(n, "reason")});
  print_table(nodes);
  if (all.at("partitions").empty()) return;
  std::vector<std::vector<std::string>> partitions{{"PARTITION", "OWNER", "EPOCH", "STATE", "LAG", "SIGHTED"}};
  for (const json& p : all.at("partitions"))
    partitions.push_back({text_of(p, "partition"), text_of(p, "owner"), text_of(p, "epoch"), text_of(p, "state"), text_of(p, "lag"), text_of(p, "sighted")});
  const std::string leader = text_of(all, "leader");
  std::printf("\n%s\n\n", leader.empty() ? "nobody leads" : (leader + " leads").c_str());
  print_table(partitions);
}

/// What is missing is said beside the table.
void print_silent_nodes(const json& all) {
  for (const json& s : all.value("silent_nodes", json::array()))
    std::fprintf(stderr, "tocsin: incomplete: node %s at %s: %s\n", text_of(s, "node").c_str(), text_of(s, "address").c_str(), text_of(s, "reason").c_str());
}

std::string url_of(const query_command& c) {
  std::string url = c.server + "/api/v1/" + c.what;
  if (!c.id.empty()) {
    std::string id = c.id;
    if (c.what == "daemons" && id.starts_with("rvd/")) id.erase(0, 4);
    return url + "/" + url_encoded(id) + (c.local ? "?local=true" : "");
  }
  if (c.what != "daemons" && c.what != "incidents") return url;
  url += "?limit=" + std::to_string(c.most);
  if (!c.state.empty()) url += "&state=" + url_encoded(c.state);
  if (!c.host.empty()) url += "&host=" + url_encoded(c.host);
  if (c.local) url += "&local=true";
  return url;
}

} // namespace

int query(const query_command& c) {
  if (c.output != "table" && c.output != "json") {
    std::fprintf(stderr, "tocsin: -o is table or json, not '%s'\n", c.output.c_str());
    return usage;
  }
  auto answer = http_get(url_of(c));
  if (!answer) {
    std::fprintf(stderr, "tocsin: %s\n", answer.error().text.c_str());
    return no_server;
  }
  const json j = json::parse(answer->body, nullptr, false);
  if (j.is_discarded()) {
    std::fprintf(stderr, "tocsin: %s answered %d with something that is no JSON; is it a tocsin?\n", c.server.c_str(), answer->status);
    return no_server;
  }
  if (answer->status != 200) {
    std::fprintf(stderr, "tocsin: %s\n", text_of(j, "error").c_str());
    return answer->status == 404 ? problem : answer->status == 400 ? usage : no_server;
  }
  if (c.output == "json") std::fputs(answer->body.c_str(), stdout);
  else if (!c.id.empty()) print_one(j);
  else if (c.what == "daemons") print_daemons(j);
  else if (c.what == "cluster") print_cluster(j);
  else if (c.what == "alarms") print_alarms(j);
  else if (c.what == "silences") print_silences(j);
  else print_incidents(j);
  if (c.output == "table" && c.id.empty()) print_silent_nodes(j);
  return done;
}

} // namespace tocsin::cli
