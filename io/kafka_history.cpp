#include "io/kafka_history.hpp"

#include <algorithm>
#include <deque>

#include "io/clock.hpp"
#include "io/kafka_client.hpp"
#include "io/kafka_consumer.hpp"
#include "io/kafka_partition_queue.hpp"
#include "io/kafka_values.hpp"

namespace tocsin {

namespace {

using clock_point = std::chrono::steady_clock::time_point;
constexpr int poll_ms = 50;
constexpr std::int64_t near_by = 2'000; ///< so many records are read sooner than looked for
constexpr std::size_t decoded_at_once = 1'000;
constexpr std::string_view keys_of_hosts = "rvd/";

/// Each look is a jump, so little is fetched ahead.
kafka_properties defaults() {
  kafka_properties all = kafka_consumer_defaults();
  for (const char* p : {"fetch.wait.max.ms", "fetch.error.backoff.ms"}) all.emplace_back(p, "10");
  all.emplace_back("fetch.message.max.bytes", "262144");
  all.emplace_back("queued.min.messages", "5000");
  return all;
}
kafka_properties ours() { return {{"enable.partition.eof", "true"}, {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}}; }

/// One partition, at its last record. Where it begins and ends is found by reading: asked for offsets, librdkafka waits without end for a leader
/// that is away.
class partition_history {
public:
  partition_history(rd_kafka_t* client, const std::string& topic, std::int32_t partition, clock_point until)
      : topic_(rd_kafka_topic_new(client, topic.c_str(), nullptr)), partition_(partition), until_(until) {
    jump(RD_KAFKA_OFFSET_TAIL(1));
  }
  ~partition_history() {
    if (started_) rd_kafka_consume_stop(topic_.get(), partition_);
  }
  partition_history(const partition_history&) = delete;
  partition_history& operator=(const partition_history&) = delete;

  /// The next record; nothing at the end, or when it is too late or the broker says no (`why`).
  kafka_message next() {
    while (why_.empty()) {
      if (monotonic_clock() >= until_) {
        why_ = "the brokers did not answer in time";
        break;
      }
      kafka_message m{rd_kafka_consume(topic_.get(), partition_, poll_ms)};
      if (!m) continue;
      if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) break;
      if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (m->offset < wanted_) continue; // a batch is fetched as a whole, and what was fetched before a jump may still come
        return m;
      }
      if (m->err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE && m->err != RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION) why_ = kafka_text(m->err);
    }
    return nullptr;
  }

  void jump(std::int64_t offset) {
    if (started_) rd_kafka_consume_stop(topic_.get(), partition_);
    started_ = rd_kafka_consume_start(topic_.get(), partition_, offset) == 0;
    wanted_ = std::max<std::int64_t>(offset, 0);
    if (!started_) why_ = kafka_text(rd_kafka_last_error());
  }

  /// Goes near the first record that is not before `from`, but not past it. False: there is none.
  bool find(timestamp from) {
    const auto last = next();
    if (!last || kafka_partition_queue::time_of(*last) < from) return false;
    std::int64_t end = last->offset + 1;
    jump(RD_KAFKA_OFFSET_BEGINNING);
    const auto first = next();
    if (!first) return false;
    std::int64_t begin = first->offset;
    while (end - begin > near_by && why_.empty()) {
      const std::int64_t middle = begin + (end - begin) / 2;
      jump(middle);
      const auto m = next();
      if (!m || kafka_partition_queue::time_of(*m) >= from) end = middle;
      else begin = middle;
    }
    jump(begin);
    return why_.empty();
  }

  const std::string& why() const { return why_; }

private:
  kafka_topic topic_;
  std::int32_t partition_;
  clock_point until_;
  std::int64_t wanted_ = 0;
  bool started_ = false;
  std::string why_;
};

class history {
public:
  history(const source_settings& s, const kafka_history_question& q, const std::function<void(const record&, const kafka_history_place&)>& visit)
      : settings_(s), question_(q), visit_(visit), values_(s) {
    values_.keep_places();
  }

  void read(partition_history& from, std::int32_t partition, kafka_history_end& end) {
    if (from.find(question_.from))
      for (auto m = from.next(); m; m = from.next()) {
        const timestamp at = kafka_partition_queue::time_of(*m);
        if (at > question_.until) break;
        if (++looked_at_ > question_.most) {
          end.why = "there are more records than are looked at";
          break;
        }
        if (at >= question_.from && wanted(*m)) add(*m, partition, at);
      }
    give(partition);
    if (end.why.empty()) end.why = from.why();
    end.complete = end.why.empty();
  }

private:
  bool wanted(const rd_kafka_message_t& m) const {
    const std::string_view key{static_cast<const char*>(m.key), m.key_len};
    return !key.starts_with(keys_of_hosts) || question_.keys.contains(std::string{key});
  }

  void add(const rd_kafka_message_t& m, std::int32_t partition, timestamp at) {
    const std::string_view value{static_cast<const char*>(m.payload), m.len};
    values_.add({settings_.kafka.topics.front(), partition, m.offset, vantage_of(m, settings_.kafka.vantages)}, value, at, batch_);
    if (++added_ % decoded_at_once == 0) give(partition);
  }

  void give(std::int32_t partition) {
    values_.flush(batch_);
    const auto places = values_.take_places();
    std::size_t place = 0;
    for (std::uint32_t i = 0; i < batch_.records.size() && !places.empty(); ++i) {
      while (place + 1 < places.size() && places[place + 1].record <= i) ++place;
      visit_(batch_.records[i], {partition, places[place].offset});
    }
    (void)values_.take_errors();
    batch_ = {};
  }

  const source_settings& settings_;
  const kafka_history_question& question_;
  const std::function<void(const record&, const kafka_history_place&)>& visit_;
  kafka_values values_;
  record_batch batch_;
  std::uint64_t looked_at_ = 0, added_ = 0;
};

} // namespace

result<kafka_history_end> read_kafka_history(const source_settings& s, const kafka_history_question& q,
                                             const std::function<void(const record&, const kafka_history_place&)>& visit) {
  const clock_point until = monotonic_clock() + q.within;
  auto conf = kafka_config(s.connection, defaults(), ours());
  if (!conf) return tl::make_unexpected(conf.error());
  auto client = make_kafka(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::make_unexpected(client.error());
  kafka_history_end end;
  history all{s, q, visit};
  std::deque<partition_history> open; // all at once: librdkafka may leave a broker alone for a second that it has nothing else to ask of
  for (const std::int32_t p : q.partitions) open.emplace_back(client->get(), s.kafka.topics.front(), p, until);
  for (std::size_t i = 0; i < open.size() && end.complete; ++i) all.read(open[i], q.partitions[i], end);
  return end;
}

} // namespace tocsin
