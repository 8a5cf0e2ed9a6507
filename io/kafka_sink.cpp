#include "io/kafka_sink.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <limits>
#include <thread>

#include "io/clock.hpp"
#include "io/kafka_client.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

constexpr duration topics_within = 5s;
constexpr int poll_ms = 100;
constexpr const char* bytes_property = "queue.buffering.max.kbytes";
constexpr auto complain_every = std::chrono::seconds{10};

kafka_properties defaults_of(const kafka_output& k) {
  return {{"linger.ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(k.linger).count())},
          {"compression.codec", k.compression},
          {bytes_property, "1048576"},
          {"reconnect.backoff.max.ms", "2000"},
          {"client.id", "tocsin"}};
}

/// Ours: nothing is given up because brokers are away for long, and retries change neither order nor count.
kafka_properties ours_of(const kafka_output& k) {
  return {{"enable.idempotence", "true"},
          {"message.timeout.ms", "0"},
          {"partitioner", k.partitioner},
          {"queue.buffering.max.messages", std::to_string(k.queue_records)}};
}

/// Bytes that the client lets wait, after the properties of the connection.
std::uint64_t queue_bytes(const rd_kafka_conf_t* conf) {
  std::array<char, 32> text{};
  std::size_t size = text.size();
  std::uint64_t kbytes = 0;
  if (rd_kafka_conf_get(conf, bytes_property, text.data(), &size) == RD_KAFKA_CONF_OK) std::from_chars(text.data(), text.data() + size, kbytes);
  return kbytes * 1024;
}

class sink final : public kafka_sink {
public:
  sink(const kafka_output& k, std::vector<std::string> names, std::function<void(std::uint64_t)> delivered)
      : delivered_(std::move(delivered)), room_of_others_(k.queue_records - k.queue_records / 10) {
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (std::string& n : names) {
      auto t = std::make_unique<topic>();
      t->name = std::move(n);
      topics_.push_back(std::move(t));
    }
  }
  ~sink() override {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    if (!client_) return;
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_poll(client_.get(), 0); // frees what was to be known of them
  }

  result<void> open(const kafka_output& k);
  bool write(const std::string& name, const kafka_record& r, bool must, std::uint64_t mark) override;
  bool has_room() const override { return !dead_ && queued_ < room_of_others_ / 2 && queued_bytes_ < bytes_of_others_ / 2; }
  bool write_waiting(const std::string& name, const kafka_record& r, bool to_all) override;
  bool write_to_all(const std::string& name, const kafka_record& r) override;
  bool flush(duration most) override;
  kafka_sink_status status() const override;

private:
  struct topic {
    std::string name;
    std::atomic<std::uint64_t> delivered{0}, failed{0}, dropped{0};
    std::atomic<std::int32_t> partitions{0}; ///< 0 = not known yet
  };
  topic* find(const std::string& name);
  /// What is to be known of a record when it is delivered.
  struct sent {
    topic* to;
    std::uint64_t mark, bytes;
  };
  rd_kafka_resp_err_t produce(topic& t, const kafka_record& r, std::uint64_t mark = 0, std::int32_t partition = RD_KAFKA_PARTITION_UA);
  bool wait_to_produce(topic& t, const kafka_record& r, std::int32_t partition);
  void learn_partitions(topic& t, int within_ms);
  void complain(const char* event, const std::string& what);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self);
  static void on_error(rd_kafka_t*, int code, const char* why, void* self);

  const std::function<void(std::uint64_t)> delivered_;
  const std::uint64_t room_of_others_; ///< the rest is kept for what must be written
  std::uint64_t bytes_of_others_ = 0;  ///< the same in bytes
  std::vector<std::unique_ptr<topic>> topics_; ///< does not change; in order of name
  std::atomic<std::uint64_t> queued_{0}, queued_bytes_{0};
  std::atomic<bool> stopping_{false}, connected_{false}, dead_{false};
  std::atomic<std::int64_t> complained_{0};
  kafka_handle client_;
  std::thread thread_;
};

result<void> sink::open(const kafka_output& k) {
  auto conf = kafka_config(k.connection, defaults_of(k), ours_of(k));
  if (!conf) return tl::make_unexpected(conf.error());
  bytes_of_others_ = queue_bytes(conf->get()) / 10 * 9;
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf->get(), on_delivery);
  rd_kafka_conf_set_error_cb(conf->get(), on_error);
  auto made = make_kafka(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!made) return tl::make_unexpected(made.error());
  client_ = std::move(*made);
  kafka_topics wanted{{}, 0, k.create_topics, k.partitions, k.replication};
  for (const auto& t : topics_) wanted.names.push_back(t->name);
  if (auto seen = prepare_topics(client_.get(), wanted, topics_within); seen) connected_ = true;
  else if (seen.error().code != errc::unreachable) return seen;
  else log::warning("kafka_unreachable", {{"brokers", k.connection.brokers}, {"reason", seen.error().text}});
  if (connected_)
    for (auto& t : topics_) learn_partitions(*t, poll_ms);
  thread_ = std::thread{[this] {
    while (!stopping_) rd_kafka_poll(client_.get(), poll_ms);
  }};
  return {};
}

sink::topic* sink::find(const std::string& name) {
  const auto at = std::ranges::lower_bound(topics_, name, {}, [](const auto& t) -> const std::string& { return t->name; });
  return at != topics_.end() && (*at)->name == name ? at->get() : nullptr;
}

rd_kafka_resp_err_t sink::produce(topic& t, const kafka_record& r, std::uint64_t mark, std::int32_t partition) {
  auto about = std::make_unique<sent>(&t, mark, r.key.size() + r.value.size());
  const std::uint64_t bytes = about->bytes;
  ++queued_;
  queued_bytes_ += bytes;
  const std::int64_t ms = r.at == unset ? 0 : std::max<std::int64_t>(0, to_nanoseconds(drill().machine(r.at)) / 1'000'000); // brokers keep by their own clock
  rd_kafka_headers_t* headers = r.vantage.empty() ? nullptr : rd_kafka_headers_new(1); // whoever takes the record frees them
  if (headers) rd_kafka_header_add(headers, vantage_header, -1, r.vantage.data(), static_cast<ssize_t>(r.vantage.size()));
  const auto code = rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(t.name.c_str()), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                      RD_KAFKA_V_KEY(r.key.empty() ? nullptr : const_cast<char*>(r.key.data()), r.key.size()),
                                      RD_KAFKA_V_VALUE(const_cast<char*>(r.value.data()), r.value.size()), RD_KAFKA_V_TIMESTAMP(ms),
                                      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(about.get()), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) (void)about.release(); // on_delivery has it
  else {
    --queued_;
    queued_bytes_ -= bytes;
    if (headers) rd_kafka_headers_destroy(headers);
  }
  return code;
}

bool sink::write(const std::string& name, const kafka_record& r, bool must, std::uint64_t mark) {
  topic* t = find(name);
  if (!t) return false;
  if (must || (queued_ < room_of_others_ && queued_bytes_ < bytes_of_others_)) {
    const auto code = produce(*t, r, mark);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    complain("kafka_dropped", name + ": " + kafka_text(code));
  } else {
    complain("kafka_dropped", name + ": " + std::to_string(queued_) + " records (" + std::to_string(queued_bytes_ >> 20) + " MiB) wait for the brokers");
  }
  ++t->dropped;
  return false;
}

void sink::learn_partitions(topic& t, int within_ms) {
  const std::unique_ptr<rd_kafka_topic_t, kafka_free<rd_kafka_topic_destroy>> handle{rd_kafka_topic_new(client_.get(), t.name.c_str(), nullptr)};
  const struct rd_kafka_metadata* found = nullptr;
  if (!handle || rd_kafka_metadata(client_.get(), 0, handle.get(), &found, within_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  if (found->topic_cnt == 1 && found->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) t.partitions = found->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(found);
}

bool sink::write_to_all(const std::string& name, const kafka_record& r) {
  topic* t = find(name);
  if (!t) return false;
  if (t->partitions == 0 && connected_) learn_partitions(*t, poll_ms);
  bool taken = t->partitions > 0;
  if (!taken && produce(*t, r) != RD_KAFKA_RESP_ERR_NO_ERROR) ++t->dropped;
  if (!taken) return false;
  for (std::int32_t p = 0; p < t->partitions; ++p) taken &= produce(*t, r, 0, p) == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (!taken) ++t->dropped;
  return taken;
}

bool sink::write_waiting(const std::string& name, const kafka_record& r, bool to_all) {
  topic* t = find(name);
  if (!t) return false;
  if (!to_all) return wait_to_produce(*t, r, RD_KAFKA_PARTITION_UA);
  if (t->partitions == 0) learn_partitions(*t, poll_ms);
  bool taken = t->partitions > 0 || wait_to_produce(*t, r, RD_KAFKA_PARTITION_UA);
  for (std::int32_t p = 0; taken && p < t->partitions; ++p) taken = wait_to_produce(*t, r, p);
  return taken;
}

bool sink::wait_to_produce(topic& t, const kafka_record& r, std::int32_t partition) {
  for (;;) {
    const auto code = dead_ ? RD_KAFKA_RESP_ERR__FATAL : produce(t, r, 0, partition);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      complain("kafka_refused", t.name + ": " + kafka_text(code));
      ++t.failed;
      return false;
    }
    rd_kafka_poll(client_.get(), poll_ms); // until some are delivered
  }
}

bool sink::flush(duration most) {
  const auto end = monotonic_clock() + most;
  // It is served by our thread, too: only the count says that all reports came.
  while (queued_ > 0 && monotonic_clock() < end && !dead_) rd_kafka_flush(client_.get(), poll_ms);
  return queued_ == 0;
}

void sink::on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self) {
  auto& s = *static_cast<sink*>(self);
  const std::unique_ptr<sent> about{static_cast<sent*>(m->_private)};
  topic& t = *about->to;
  if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++t.delivered;
    s.connected_ = true;
    if (about->mark != 0 && s.delivered_) s.delivered_(about->mark);
  } else if (m->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE && m->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
    ++t.failed;
    s.complain("kafka_refused", t.name + ": " + kafka_text(m->err));
  }
  s.queued_bytes_ -= about->bytes;
  --s.queued_;
}

void sink::on_error(rd_kafka_t* client, int code, const char* why, void* self) {
  auto& s = *static_cast<sink*>(self);
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    char text[512];
    rd_kafka_fatal_error(client, text, sizeof text);
    s.dead_ = true;
    log::error("kafka_producer_fatal", {{"reason", text}, {"remedy", "restart tocsin; docs/operating.md, Kafka"}});
  }
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__FATAL) s.connected_ = false;
  s.complain("kafka_trouble", kafka_trouble(static_cast<rd_kafka_resp_err_t>(code), why));
}

/// Not for every record.
void sink::complain(const char* event, const std::string& what) {
  const std::int64_t current = monotonic_clock().time_since_epoch().count();
  std::int64_t last = complained_;
  if (last != 0 && current - last < std::chrono::steady_clock::duration{complain_every}.count()) return;
  if (complained_.compare_exchange_strong(last, current)) log::warning(event, {{"what", what}});
}

kafka_sink_status sink::status() const {
  kafka_sink_status out;
  for (const auto& t : topics_) out.topics.push_back({t->name, t->delivered, t->failed, t->dropped});
  out.queued = queued_;
  out.queued_bytes = queued_bytes_;
  out.connected = connected_;
  return out;
}

} // namespace

result<std::unique_ptr<kafka_sink>> open_kafka_sink(const kafka_output& settings, std::vector<std::string> topics, std::function<void(std::uint64_t)> delivered) {
  auto made = std::make_unique<sink>(settings, std::move(topics), std::move(delivered));
  if (auto opened = made->open(settings); !opened) return tl::make_unexpected(opened.error());
  return made;
}

result<void> check_kafka_sink_properties(const kafka_output& settings) { return check_kafka_properties(settings.connection, ours_of(settings)); }

} // namespace tocsin
