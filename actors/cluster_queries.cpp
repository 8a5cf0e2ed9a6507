#include "actors/cluster_queries.hpp"

#include <algorithm>
#include <tuple>

#include "actors/cluster_link.hpp"
#include "codecs/equipment_json.hpp"
#include "codecs/json_views.hpp"

namespace tocsin {

namespace {

/// {"a":1} -> {"node":"n","a":1}
std::string with_node(const std::string& json, const std::string& node) {
  std::string out = "{\"node\":";
  append_json_string(out, node);
  if (json.size() > 2) out += ',';
  return out.append(json, 1);
}

void add_source(query_part& part, const source_status& s, const std::vector<source_quality>& qualities) {
  std::string json = "{";
  const auto text = [&](const char* key, const std::string& value) {
    json.append(1, '"').append(key).append("\":");
    append_json_string(json, value);
    json += ',';
  };
  text("name", s.name);
  text("kind", s.kind);
  text("state", s.state);
  text("detail", s.detail);
  json += "\"records\":" + std::to_string(s.records) + ",\"errors\":" + std::to_string(s.errors) + ",\"ignored\":" + std::to_string(s.ignored) +
          ",\"bytes\":" + std::to_string(s.bytes) + ",\"reconnects\":" + std::to_string(s.reconnects) + ",\"quality\":";
  const auto quality = std::ranges::find(qualities, s.name, &source_quality::source);
  if (quality == qualities.end()) json += "null";
  else append_json(json, *quality);
  part.items.push_back({s.name, unset, json + '}'});
}

void add_group(query_part& part, const group_status& g) {
  std::string json = "{\"name\":";
  append_json_string(json, g.name);
  json += ",\"members\":" + std::to_string(g.members) + ",\"silent\":" + std::to_string(g.silent) + ",\"open\":[";
  for (const incident& i : g.open) {
    if (json.back() == '}') json += ',';
    append_json(json, i);
  }
  part.items.push_back({g.name, unset, json + "]}"});
}

template <class Status>
void add(query_part& part, const Status& s, const std::string& subject, timestamp heard) {
  part.items.push_back({subject, heard, {}});
  append_json(part.items.back().json, s);
}

/// Of daemons and equipment there is one of each: whoever heard it last knows it best. Sources and groups are each node's own.
void put_in_order(std::vector<found_item>& items, bool one_of_each) {
  std::ranges::stable_sort(items, [](const found_item& a, const found_item& b) {
    return std::tuple{std::string_view{a.subject}, b.heard, std::string_view{a.node}} < std::tuple{std::string_view{b.subject}, a.heard, std::string_view{b.node}};
  });
  if (!one_of_each) return;
  const auto more = std::ranges::unique(items, {}, &found_item::subject);
  items.erase(more.begin(), more.end());
}

void add_answer(gathered& into, const peer_answer& from) {
  const auto silent = [&](std::string reason) { into.silent_nodes.push_back({from.who.node, from.who.address, std::move(reason)}); };
  if (!from.bytes) return silent(from.bytes.error().text);
  auto part = decode_part(*from.bytes);
  if (!part) return silent(part.error().text);
  into.all.total += part->total;
  into.all.known += part->known;
  for (found_item& item : part->items) {
    item.json = with_node(item.json, from.who.node);
    item.node = from.who.node;
    into.all.items.push_back(std::move(item));
  }
  if (part->silent_shards.empty()) return;
  std::string shards;
  for (const std::uint32_t s : part->silent_shards) shards += (shards.empty() ? "" : ", ") + std::to_string(s);
  silent("its shards " + shards + " did not answer");
}

} // namespace

query_part answer_query(const node& n, const cluster_query& q) {
  query_part part;
  switch (q.kind) {
  case query_kind::daemons: {
    const daemon_page page = n.daemons(q.name, q.detail, 0, static_cast<std::size_t>(q.most));
    for (const auto& d : page.daemons) add(part, *d, d->subject, d->last_heard);
    part.total = page.total;
    part.known = page.known;
    part.silent_shards = page.silent_shards;
    break;
  }
  case query_kind::daemon:
    if (const auto d = n.daemon(q.name, q.detail)) add(part, *d, d->subject, d->last_heard);
    break;
  case query_kind::equipment:
    for (const equipment_status& e : n.equipment(q.name)) add(part, e, e.equipment, e.last_at);
    break;
  case query_kind::sources: {
    const auto qualities = n.source_qualities();
    for (const source_status& s : n.sources()) add_source(part, s, qualities);
    break;
  }
  case query_kind::groups:
    for (const group_status& g : n.segments()) add_group(part, g);
    break;
  }
  return part;
}

result<std::string> answer_question(const node& n, std::string_view question) {
  auto q = decode_query(question);
  if (!q) return tl::make_unexpected(q.error());
  if (!n.ready()) return fail(errc::refused, "its state is being restored");
  if (q->most > cluster_page_most) return fail(errc::too_large, "more than " + std::to_string(cluster_page_most) + " daemons at once; ask for less");
  return encode(answer_query(n, *q));
}

gathered gather(const node& n, const cluster_query& q, bool local) {
  cluster_link* others = n.others();
  const auto under_way = others && !local ? others->ask(encode(q), cluster_deadline) : nullptr;
  gathered out{answer_query(n, q), {}};
  if (others)
    for (found_item& item : out.all.items) {
      item.json = with_node(item.json, n.name());
      item.node = n.name();
    }
  if (under_way)
    for (const peer_answer& a : under_way->wait(cluster_deadline)) add_answer(out, a);
  put_in_order(out.all.items, q.kind != query_kind::sources && q.kind != query_kind::groups);
  return out;
}

void append_silent_nodes(std::string& out, const std::vector<silent_node>& all) {
  out += "\"silent_nodes\":[";
  for (const silent_node& s : all) {
    out += out.back() == '}' ? ",{\"node\":" : "{\"node\":";
    if (s.node.empty()) out += "null";
    else append_json_string(out, s.node);
    out += ",\"address\":";
    append_json_string(out, s.address);
    out += ",\"reason\":";
    append_json_string(out, s.reason);
    out += '}';
  }
  out += ']';
}

std::string names_of(const std::vector<silent_node>& all) {
  std::string out;
  for (const silent_node& s : all)
    out += (out.empty() ? "" : ", ") + (s.node.empty() ? s.address : s.node + " (" + s.address + ')') + ": " + s.reason;
  return out;
}

} // namespace tocsin
