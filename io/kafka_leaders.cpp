#include "io/kafka_leaders.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/clock.hpp"

namespace tocsin {

namespace {
constexpr auto settle_for = std::chrono::seconds{5};
constexpr auto answers_within = std::chrono::milliseconds{1500}; ///< fetches are answered ten times a second

const nlohmann::json* member(const nlohmann::json& in, const char* name) {
  if (!in.is_object()) return nullptr;
  const auto at = in.find(name);
  return at == in.end() ? nullptr : &*at;
}

std::int64_t number(const nlohmann::json& in, const char* name, std::int64_t otherwise) {
  const auto* found = member(in, name);
  return found && found->is_number_integer() ? found->get<std::int64_t>() : otherwise;
}
} // namespace

bool kafka_leaders::hear(rd_kafka_resp_err_t code, bool owns) {
  const bool away = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
                    code == RD_KAFKA_RESP_ERR__RESOLVE || code == RD_KAFKA_RESP_ERR__AUTHENTICATION;
  if (away) { // until the statistics say otherwise
    up_ = false;
    for (led& l : leaders_) l.up = false;
  }
  cut_off_ = cut_off_ || (away && owns);
  return away;
}

bool kafka_leaders::answers(std::int64_t broker) const {
  const auto at = brokers_.find(broker);
  return at != brokers_.end() && at->second.up && monotonic_clock() - at->second.heard < answers_within;
}

bool kafka_leaders::read(std::string_view text, bool owns) {
  const auto all = nlohmann::json::parse(text, nullptr, false);
  const auto *brokers = member(all, "brokers"), *topics = member(all, "topics");
  if (!brokers || !topics) return false;
  // One that is asked and says nothing is away, too, long before its connection is given up.
  for (const auto& b : *brokers) {
    broker_life& life = brokers_[number(b, "nodeid", -1)];
    life.up = b.value("state", "") == "UP";
    const std::int64_t answered = number(b, "rx", 0);
    if (number(b, "waitresp_cnt", 0) == 0 || std::exchange(life.answers, answered) != answered) life.heard = monotonic_clock();
  }
  committed_.clear();
  const auto before = std::exchange(leaders_, {});
  bool every = true, broke = false;
  for (const auto& t : *topics) {
    const auto* partitions = member(t, "partitions");
    if (!partitions) continue;
    for (const auto& p : *partitions) {
      const auto id = static_cast<std::int32_t>(number(p, "partition", -1));
      if (id < 0) continue; // a placeholder
      const bool ours = p.value("desired", false), up = answers(number(p, "leader", -1)) && !given_up_;
      leaders_.push_back({t.value("topic", ""), id, ours, up});
      if (!ours) continue;
      every = every && up;
      // One that is new is not connected yet: nobody was cut off.
      const led& now = leaders_.back();
      broke = broke || (!up && std::ranges::any_of(before, [&](const led& l) { return l.ours && l.up && l.partition == id && l.topic == now.topic; }));
      committed_.push_back({t.value("topic", ""), id, -1, -1, number(p, "committed_offset", -1)});
    }
  }
  up_ = !given_up_ && every && !committed_.empty();
  cut_off_ = cut_off_ || (broke && owns);
  if (!up_ || !std::exchange(cut_off_, false)) return false;
  settles_until_ = monotonic_clock() + settle_for;
  return true;
}

bool kafka_leaders::up(std::string_view topic, std::int32_t partition) const {
  return std::ranges::any_of(leaders_, [&](const led& l) { return l.ours && l.up && l.partition == partition && l.topic == topic; });
}

bool kafka_leaders::answers_for(std::string_view topic, std::int32_t partition) const {
  return std::ranges::any_of(leaders_, [&](const led& l) { return l.up && l.partition == partition && l.topic == topic; });
}

bool kafka_leaders::settling() const { return monotonic_clock() < settles_until_; }

} // namespace tocsin
