#include "codecs/cluster_query.hpp"

#include "core/bytes.hpp"

namespace tocsin {

std::string encode(const cluster_query& q) {
  writer out;
  out.put(q.kind);
  out.put(std::string_view{q.name});
  out.put(std::string_view{q.detail});
  out.put(q.most);
  return out.take();
}

result<cluster_query> decode_query(std::string_view bytes) {
  reader in{bytes};
  const auto kind = in.get<std::uint8_t>();
  cluster_query q;
  q.name = in.get_text();
  q.detail = in.get_text();
  q.most = in.get<std::uint64_t>();
  if (!in.ok() || !in.empty()) return fail(errc::malformed, "the question's lengths do not fit its bytes");
  if (kind >= query_kinds) return fail(errc::unsupported, "a question of kind " + std::to_string(kind) + "; let all nodes run the same version");
  q.kind = static_cast<query_kind>(kind);
  return q;
}

std::string encode(const query_part& p) {
  writer out;
  out.put(p.total);
  out.put(p.known);
  out.put(static_cast<std::uint32_t>(p.silent_shards.size()));
  for (const std::uint32_t shard : p.silent_shards) out.put(shard);
  out.put(static_cast<std::uint32_t>(p.items.size()));
  for (const found_item& i : p.items) {
    out.put(std::string_view{i.subject});
    out.put(i.heard);
    out.put(std::string_view{i.json});
  }
  return out.take();
}

result<query_part> decode_part(std::string_view bytes) {
  reader in{bytes};
  query_part p;
  p.total = in.get<std::uint64_t>();
  p.known = in.get<std::uint64_t>();
  const auto shards = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < shards && in.ok(); ++i) p.silent_shards.push_back(in.get<std::uint32_t>());
  const auto items = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < items && in.ok(); ++i) {
    found_item item;
    item.subject = in.get_text();
    item.heard = in.get_time();
    item.json = in.get_text();
    if (!item.json.starts_with('{') || !item.json.ends_with('}')) return fail(errc::malformed, "the answer holds what is no JSON object");
    p.items.push_back(std::move(item));
  }
  if (!in.ok() || !in.empty()) return fail(errc::malformed, "the answer's lengths do not fit its bytes");
  return p;
}

} // namespace tocsin
