#include "io/cluster_log.hpp"

#include <poll.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "io/kafka_ordered_writer.hpp"
#include "io/kafka_reader.hpp"
#include "io/log.hpp"
#include "io/rv_socket.hpp"

namespace tocsin {

namespace {

constexpr duration topic_within = 5s, topic_again_within = 1s;
constexpr std::size_t batch_entries = 1024;
static_assert(cluster_log::entry_bytes_max == kafka_ordered_writer::limits{}.entry_bytes);
constexpr int look_every_ms = 500;

kafka_topics wanted_topic(const kafka_output& k, const std::string& name) {
  return {{name},
          1,
          k.create_topics,
          1,
          k.replication,
          {{"cleanup.policy", "delete"}, {"retention.ms", std::to_string(30LL * 24 * 60 * 60 * 1000)}, {"retention.bytes", "-1"}},
          "the cluster's log needs exactly one, for one order: name another topic in cluster.log, or delete this one and create it with 1 partition"};
}

class kafka_cluster_log final : public cluster_log {
public:
  kafka_cluster_log(const kafka_output& k, std::string topic) : settings_(k), topic_(std::move(topic)) {}
  ~kafka_cluster_log() override { stop(); }

  result<void> open();
  result<std::pair<std::int64_t, std::int64_t>> kept(duration most) override;
  void start(std::int64_t from, cluster_log_callbacks callbacks) override;
  bool write(std::string bytes, std::uint64_t mark) override { return writer_->write(std::move(bytes), mark); }
  bool flush(duration most) override { return writer_->flush(most); }
  void stop() override;
  cluster_log_status status() const override;

private:
  void run();
  bool prepared();
  void take();
  void update_status();
  void trouble(const std::string& text);

  const kafka_output settings_;
  const std::string topic_;
  cluster_log_callbacks callbacks_;
  wake_up wake_;
  std::atomic<bool> stopping_{false};
  std::mutex stop_mutex_;
  std::thread thread_;
  mutable std::mutex status_mutex_;
  cluster_log_status status_;

  std::unique_ptr<kafka_ordered_writer> writer_;
  std::unique_ptr<kafka_reader> reader_; ///< before its feed
  std::unique_ptr<kafka_feed> feed_;
  std::int64_t from_ = kafka_feed::earliest;
  bool looked_ = false, said_end_ = false;
  std::string last_trouble_;
};

result<void> kafka_cluster_log::open() {
  const auto told = [this](const std::string& text) { trouble(text); };
  auto reader = kafka_reader::open(settings_.connection, {}, wake_.fd(), told);
  if (!reader) return tl::make_unexpected(reader.error());
  reader_ = std::move(*reader);
  if (auto seen = prepare_topics(reader_->client(), wanted_topic(settings_, topic_), topic_within); seen) looked_ = true;
  else if (seen.error().code != errc::unreachable) return seen;
  else log::warning("kafka_unreachable", {{"brokers", settings_.connection.brokers}, {"reason", seen.error().text}});
  const auto written = [this](std::uint64_t mark) {
    if (callbacks_.written) callbacks_.written(mark);
  };
  auto writer = kafka_ordered_writer::open(settings_, topic_, 0, wake_.fd(), {written, told});
  if (!writer) return tl::make_unexpected(writer.error());
  writer_ = std::move(*writer);
  return {};
}

/// By reading, which ends in time also when the partition's leader is away.
result<std::pair<std::int64_t, std::int64_t>> kafka_cluster_log::kept(duration most) {
  const auto until = monotonic_clock() + most;
  std::optional<kafka_feed> first;
  for (;;) {
    (void)reader_->serve();
    if (!first && prepared()) first.emplace(*reader_, topic_, 0, kafka_feed::earliest);
    if (first) {
      first->refill();
      if (first->end() >= 0 && (first->front() || first->at_end())) return std::pair{first->next(), first->end()};
    }
    if (monotonic_clock() >= until) return fail(errc::unreachable, "topic '" + topic_ + "': the brokers do not say where it begins");
    pollfd one{wake_.fd(), POLLIN, 0};
    ::poll(&one, 1, look_every_ms);
    wake_.clear();
  }
}

void kafka_cluster_log::start(std::int64_t from, cluster_log_callbacks callbacks) {
  from_ = from;
  callbacks_ = std::move(callbacks);
  thread_ = std::thread{[this] { run(); }};
}

void kafka_cluster_log::stop() {
  stopping_ = true;
  wake_.signal();
  if (thread_.get_id() == std::this_thread::get_id()) return; // the owner joins
  const std::lock_guard lock{stop_mutex_};
  if (thread_.joinable()) thread_.join();
}

/// The same trouble again is no news.
void kafka_cluster_log::trouble(const std::string& text) {
  if (text == last_trouble_) return;
  last_trouble_ = text;
  log::warning("cluster_log_trouble", {{"topic", topic_}, {"what", text}});
  if (callbacks_.trouble) callbacks_.trouble(text);
}

/// Whether the topic is as it must be; asks until the brokers have answered.
bool kafka_cluster_log::prepared() {
  if (looked_) return true;
  auto seen = prepare_topics(reader_->client(), wanted_topic(settings_, topic_), topic_again_within);
  looked_ = seen.has_value();
  if (!seen) trouble(seen.error().text);
  return looked_;
}

void kafka_cluster_log::run() {
  while (!stopping_) {
    if (reader_->serve()) last_trouble_.clear();
    writer_->serve();
    if (!feed_ && prepared()) feed_ = std::make_unique<kafka_feed>(*reader_, topic_, 0, from_);
    if (feed_) take();
    update_status();
    if (stopping_ || (feed_ && feed_->front())) continue;
    pollfd one{wake_.fd(), POLLIN, 0};
    ::poll(&one, 1, look_every_ms);
    wake_.clear();
  }
  feed_.reset();
}

void kafka_cluster_log::take() {
  std::vector<cluster_log_entry> entries;
  std::uint64_t bytes = 0;
  feed_->refill();
  if (const auto first = feed_->skip_gone()) {
    log::error("cluster_log_gone", {{"topic", topic_}, {"first", std::to_string(*first)}});
    said_end_ = false;
    if (callbacks_.gone) callbacks_.gone(*first);
  }
  for (; entries.size() < batch_entries && feed_->front(); feed_->refill()) {
    const kafka_message m = feed_->pop();
    entries.push_back({m->offset, std::string{static_cast<const char*>(m->payload), m->len}});
    bytes += m->len;
  }
  const bool at_end = feed_->at_end();
  const bool news = !entries.empty() || (at_end && !said_end_);
  said_end_ = at_end;
  {
    const std::lock_guard lock{status_mutex_};
    status_.read += entries.size();
    status_.read_bytes += bytes;
  }
  if (news && callbacks_.read) callbacks_.read(std::move(entries), at_end);
}

void kafka_cluster_log::update_status() {
  const std::lock_guard lock{status_mutex_};
  status_.connected = feed_ && reader_->leaders().up();
  if (!feed_) return;
  status_.offset = feed_->next();
  status_.end = feed_->end();
}

cluster_log_status kafka_cluster_log::status() const {
  const auto c = writer_->count();
  const std::lock_guard lock{status_mutex_};
  cluster_log_status out = status_;
  out.queued = c.queued;
  out.queued_bytes = c.queued_bytes;
  out.written = c.written;
  out.dropped = c.dropped;
  out.rewritten = c.replaced;
  return out;
}

} // namespace

result<std::unique_ptr<cluster_log>> open_cluster_log(const kafka_output& settings, std::string topic) {
  auto made = std::make_unique<kafka_cluster_log>(settings, std::move(topic));
  if (auto opened = made->open(); !opened) return tl::make_unexpected(opened.error());
  return made;
}

} // namespace tocsin
