// Questions about subjects wherever they live: asked of all nodes at once, and put together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/node.hpp"
#include "codecs/cluster_query.hpp"

namespace tocsin {

inline constexpr auto cluster_deadline = std::chrono::seconds{2};
inline constexpr std::size_t cluster_page_most = 10'000; ///< offset + limit over several nodes: each sends so many, in one answer

struct silent_node {
  std::string node;    ///< "" = its name was never heard
  std::string address, reason;
};

struct gathered {
  query_part all;      ///< in order of subject; of two with one subject the newer; silent_shards: our own
  std::vector<silent_node> silent_nodes; ///< did not answer, or not with all they have
};

/// What this node alone knows.
query_part answer_query(const node& n, const cluster_query& q);
/// The same for another node: decoded, answered, encoded.
result<std::string> answer_question(const node& n, std::string_view question);
/// What all nodes know, within two seconds; `local`: only this one. Objects say their "node" when there are others.
gathered gather(const node& n, const cluster_query& q, bool local);

/// "silent_nodes":[{"node","address","reason"}]
void append_silent_nodes(std::string& out, const std::vector<silent_node>& all);
/// b, c (10.0.0.3:7411)
std::string names_of(const std::vector<silent_node>& all);

} // namespace tocsin
