// What one node asks others on behalf of a person, and their parts of the answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

enum class query_kind : std::uint8_t { daemons, daemon, equipment, sources, groups };
inline constexpr std::uint8_t query_kinds = 5;

struct cluster_query {
  query_kind kind = query_kind::daemons;
  std::string name;        ///< host of daemons or of the daemon, or name of the equipment; "" = all
  std::string detail;      ///< state of daemons, service of the daemon; "" = all
  std::uint64_t most = 0;  ///< daemons: the first so many by subject
  friend bool operator==(const cluster_query&, const cluster_query&) = default;
};

struct found_item {
  std::string subject;     ///< what it is sorted by
  timestamp heard = unset; ///< of two with one subject the newer one counts
  std::string json;        ///< an object
  std::string node{};      ///< who knows it; not on the wire
  friend bool operator==(const found_item&, const found_item&) = default;
};

struct query_part {
  std::vector<found_item> items;
  std::uint64_t total = 0, known = 0;       ///< daemons that match; all
  std::vector<std::uint32_t> silent_shards; ///< did not answer in time: the part is incomplete
  friend bool operator==(const query_part&, const query_part&) = default;
};

std::string encode(const cluster_query& q);
result<cluster_query> decode_query(std::string_view bytes); ///< errc::malformed, errc::unsupported
std::string encode(const query_part& p);
result<query_part> decode_part(std::string_view bytes); ///< errc::malformed

} // namespace tocsin
