// What librdkafka tells a Kafka source: assignments, errors, and statistics of the brokers.
#include <algorithm>

#include "io/kafka_source_impl.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr int ends_within_ms = 3000;
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
  leaders_.hear(m.err, assigned_);
  ++failures_;
  auto [text, final] = complaint_of(m, settings_.kafka.member);
  if (final) leaders_.give_up();
  complain(std::move(text));
}

/// Why a broker cannot be reached; what is fatal comes as a message.
void kafka_source::on_error(rd_kafka_t*, int code, const char* why, void* self) {
  auto& s = *static_cast<kafka_source*>(self);
  const auto as = static_cast<rd_kafka_resp_err_t>(code);
  // That all are away says less than why one is.
  if (as == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !s.trouble_.empty()) return;
  ++s.failures_;
  s.complain(kafka_trouble(as, why));
}

/// The same trouble again is no news.
void kafka_source::complain(std::string text) {
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
  take_assignment(client_.get(), list, cooperative_, settings_.name);
}

void kafka_source::revoked(rd_kafka_topic_partition_list_t* list) {
  store_kept(); // committed as they are given back
  for (int i = 0; i < list->cnt; ++i) {
    partitions_.remove(list->elems[i].topic, list->elems[i].partition);
    const std::lock_guard lock{book_mutex_};
    book_.forget(list->elems[i].topic, list->elems[i].partition);
  }
  if (!cooperative_) partitions_.clear();
  give_back_assignment(client_.get(), list, cooperative_);
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
  const auto code = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), partition, &low, &high, ends_within_ms);
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

void kafka_source::read_statistics(std::string_view text) {
  if (leaders_.read(text, assigned_)) {
    log::info("kafka_reconnected", {{"source", settings_.name}});
    trouble_.clear();
    const std::lock_guard lock{status_mutex_};
    if (status_.state == "reading") status_.detail = settings_.connection.brokers;
  }
  update_status();
}

} // namespace tocsin
