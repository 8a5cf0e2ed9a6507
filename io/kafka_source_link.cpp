// What librdkafka tells a Kafka source: assignments, errors, and statistics of the brokers.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "io/kafka_source_impl.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr int offsets_within_ms = 3000;
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

void kafka_source::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list, void* self) {
  static_cast<kafka_source*>(self)->rebalance(what, list);
}

int kafka_source::on_statistics(rd_kafka_t*, char* json, std::size_t size, void* self) {
  static_cast<kafka_source*>(self)->read_statistics({json, size});
  return 0; // librdkafka frees it
}

/// Everything that waits for us in the consumer's own queue; records have queues of their own.
void kafka_source::serve() {
  while (!stopping_) {
    kafka_message m{rd_kafka_consumer_poll(client_.get(), 0)};
    if (!m) return;
    hear(std::move(m));
  }
}

void kafka_source::hear(kafka_message message) {
  const rd_kafka_message_t& m = *message;
  if (m.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
  if (m.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    partitions_.accept(message); // else it is another member's by now
    return;
  }
  const bool cut_off = m.err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || m.err == RD_KAFKA_RESP_ERR__TRANSPORT ||
                       m.err == RD_KAFKA_RESP_ERR__RESOLVE || m.err == RD_KAFKA_RESP_ERR__AUTHENTICATION;
  if (cut_off) leaders_up_ = false; // until the statistics say otherwise
  cut_off_ = cut_off_ || (cut_off && assigned_);
  ++failures_;
  std::string text = kafka_text(m.err);
  if (m.payload) text += ": " + std::string{static_cast<const char*>(m.payload), m.len};
  if (m.err == RD_KAFKA_RESP_ERR__FATAL || m.err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID || m.err == RD_KAFKA_RESP_ERR__FENCED) {
    text += "; another process is member '" + settings_.kafka.member + "' of this group: give each its own, then restart this one";
    leaders_up_ = false;
    fenced_ = true;
  }
  if (text == trouble_) return;
  trouble_ = text;
  log::warning("source_failed", {{"source", settings_.name}, {"what", text}});
  const std::lock_guard lock{status_mutex_};
  status_.detail = std::move(text);
}

void kafka_source::rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list) {
  ++rebalances_;
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    assigned(list);
  } else {
    if (what != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
      log::warning("source_failed", {{"source", settings_.name}, {"what", kafka_text(what)}});
    revoked(list);
  }
  assigned_ = !partitions_.empty();
  log::info("kafka_rebalance", {{"source", settings_.name},
                                {"what", what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? "assigned" : "revoked"},
                                {"partitions", std::to_string(list->cnt)},
                                {"ours", std::to_string(partitions_.status(client_.get()).size())}});
}

void kafka_source::assigned(rd_kafka_topic_partition_list_t* list) {
  asks_offsets_ = true;
  for (int i = 0; i < list->cnt; ++i) {
    rd_kafka_topic_partition_t& p = list->elems[i];
    p.offset = start_of(p.topic, p.partition);
    partitions_.add(client_.get(), p.topic, p.partition, p.offset >= 0 ? p.offset : -1);
  }
  if (!cooperative_) {
    rd_kafka_assign(client_.get(), list);
  } else if (rd_kafka_error_t* failed = rd_kafka_incremental_assign(client_.get(), list)) {
    log::error("source_failed", {{"source", settings_.name}, {"what", rd_kafka_error_string(failed)}});
    rd_kafka_error_destroy(failed);
  }
}

void kafka_source::revoked(rd_kafka_topic_partition_list_t* list) {
  store_kept(); // committed as they are given back
  for (int i = 0; i < list->cnt; ++i) {
    partitions_.remove(list->elems[i].topic, list->elems[i].partition);
    const std::lock_guard lock{book_mutex_};
    book_.forget(list->elems[i].topic, list->elems[i].partition);
  }
  if (!cooperative_) {
    partitions_.clear();
    rd_kafka_assign(client_.get(), nullptr);
  } else if (rd_kafka_error_t* failed = rd_kafka_incremental_unassign(client_.get(), list)) {
    rd_kafka_error_destroy(failed);
  }
}

/// What we keep of a partition counts more than what the group committed: it cannot be ahead of our state.
std::int64_t kafka_source::start_of(const std::string& topic, std::int32_t partition) {
  std::int64_t kept = -1;
  {
    const std::lock_guard lock{book_mutex_};
    for (const log_position& p : kept_)
      if (p.partition == partition && p.topic == topic) kept = p.next_offset;
  }
  if (kept < 0)
    return settings_.kafka.start == "earliest" ? RD_KAFKA_OFFSET_BEGINNING
           : settings_.kafka.start == "latest" ? RD_KAFKA_OFFSET_END
                                               : RD_KAFKA_OFFSET_INVALID; // the group's
  if (!asks_offsets_) return kept;
  std::int64_t low = 0, high = 0;
  const auto code = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), partition, &low, &high, offsets_within_ms);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) asks_offsets_ = false; // many partitions would take many times as long
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || (kept >= low && kept <= high)) return kept;
  // Too old, or the topic is another one by now: what lies between was never seen.
  skipped_ = true;
  log::error("kafka_records_gone", {{"source", settings_.name},
                                    {"where", topic + '/' + std::to_string(partition)},
                                    {"kept", std::to_string(kept)},
                                    {"first", std::to_string(low)},
                                    {"end", std::to_string(high)},
                                    {"remedy", "docs/operating.md, Kafka"}});
  return low;
}

/// Whether every partition of ours has a leader that answers, and what the group has committed.
void kafka_source::read_statistics(std::string_view text) {
  const auto all = nlohmann::json::parse(text, nullptr, false);
  const auto *brokers = member(all, "brokers"), *topics = member(all, "topics");
  if (!brokers || !topics) return;
  // One that is asked and says nothing is away, too, long before its connection is given up.
  for (const auto& b : *brokers) {
    broker_life& life = brokers_[number(b, "nodeid", -1)];
    life.up = b.value("state", "") == "UP";
    const std::int64_t answers = number(b, "rx", 0);
    if (number(b, "waitresp_cnt", 0) == 0 || std::exchange(life.answers, answers) != answers) life.heard = monotonic_clock();
  }
  const auto answers = [&](std::int64_t id) {
    const auto at = brokers_.find(id);
    return at != brokers_.end() && at->second.up && monotonic_clock() - at->second.heard < answers_within;
  };
  bool up = true;
  std::vector<partition_status> committed;
  for (const auto& t : *topics) {
    const auto* partitions = member(t, "partitions");
    if (!partitions) continue;
    for (const auto& p : *partitions) {
      const auto id = static_cast<std::int32_t>(number(p, "partition", -1));
      if (id < 0 || !p.value("desired", false)) continue; // -1 is a placeholder
      up = up && answers(number(p, "leader", -1));
      committed.push_back({t.value("topic", ""), id, -1, -1, number(p, "committed_offset", -1)});
    }
  }
  leaders_up_ = !fenced_ && up && !committed.empty();
  cut_off_ = cut_off_ || (!up && assigned_);
  // The producers were cut off as well: what they kept back comes to one partition earlier than to another.
  if (leaders_up_ && std::exchange(cut_off_, false)) {
    settles_until_ = monotonic_clock() + settle_for;
    log::info("kafka_reconnected", {{"source", settings_.name}});
  }
  committed_ = std::move(committed);
  update_status();
}

} // namespace tocsin
