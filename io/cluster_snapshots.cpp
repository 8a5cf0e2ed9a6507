#include "io/cluster_snapshots.hpp"

#include <poll.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <variant>

#include "io/clock.hpp"
#include "io/kafka_reader.hpp"
#include "io/log.hpp"
#include "io/rv_socket.hpp"
#include "io/snapshot_chunks.hpp"

namespace tocsin {

namespace {

using clock_point = std::chrono::steady_clock::time_point;
constexpr duration snapshots_topic_within = 5s, snapshots_topic_again_within = 1s;
constexpr int poll_ms = 50;
constexpr std::size_t jobs_max = 10'000;
/// It reads only while partitions are taken over, one after the other: the question where the next one ends must not wait behind a fetch of the one
/// before.
const kafka_properties reader_changes{{"fetch.wait.max.ms", "5"}};

/// Chunks may come twice or late, which their sets tell: idempotence would only make purging hard.
kafka_properties producer_ours() { return {{"acks", "all"}, {"message.timeout.ms", "0"}}; }
kafka_properties producer_defaults() {
  return {{"compression.codec", "zstd"}, {"linger.ms", "1"}, {"queue.buffering.max.kbytes", "1048576"}, {"reconnect.backoff.max.ms", "2000"}, {"client.id", "tocsin"}};
}

kafka_topics wanted_topic(const kafka_output& k, const std::string& name, std::uint32_t partitions) {
  return {{name},
          partitions,
          k.create_topics,
          partitions,
          k.replication,
          {{"cleanup.policy", "compact"}, {"segment.ms", "600000"}, {"min.cleanable.dirty.ratio", "0.1"}},
          "snapshots lie where their input does: name another topic in cluster.snapshots, or delete this one and create it with " + std::to_string(partitions)};
}

struct write_job {
  std::string key;
  std::int64_t input_offset;
  std::string bytes;
  std::function<void(result<void>)> done;
};
struct read_job {
  std::function<void(result<cluster_snapshots_read>)> done;
};
struct job {
  std::int32_t partition;
  clock_point until;
  std::variant<write_job, read_job> what;
};

class kafka_cluster_snapshots final : public cluster_snapshots {
public:
  kafka_cluster_snapshots(const kafka_output& k, std::string topic, std::uint32_t partitions, std::uint32_t version)
      : settings_(k), topic_(std::move(topic)), partitions_(partitions), version_(version) {
    next_id_ = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  }
  ~kafka_cluster_snapshots() override;

  result<void> open();
  void write(std::int32_t partition, std::string key, std::int64_t input_offset, std::string bytes, duration most,
             std::function<void(result<void>)> done) override;
  void read(std::int32_t partition, duration most, std::function<void(result<cluster_snapshots_read>)> done) override;
  void stop() override;
  cluster_snapshots_status status() const override;

private:
  void enqueue(job j, std::size_t bytes);
  void run();
  result<void> prepared();
  result<void> write_now(const job& j, const write_job& w);
  result<cluster_snapshots_read> read_now(const job& j);
  bool send(std::int32_t partition, const std::string& key, std::string_view value, std::uint64_t of);
  result<void> await(clock_point until);
  static void tell(job& j, const error& why);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self);

  const kafka_output settings_;
  const std::string topic_;
  const std::uint32_t partitions_, version_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> jobs_;
  cluster_snapshots_status status_;
  std::atomic<bool> stopping_{false};
  std::mutex stop_mutex_;

  // What follows belongs to the thread.
  wake_up wake_;
  kafka_handle producer_;
  std::unique_ptr<kafka_reader> reader_;
  bool looked_ = false;
  std::uint64_t next_id_ = 0, writing_ = 0; ///< the set that is written
  std::size_t outstanding_ = 0;
  rd_kafka_resp_err_t failed_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string trouble_;
  std::map<std::int32_t, std::map<std::string, snapshot_slots>> slots_; ///< of partitions that were read
  std::thread thread_;
};

result<void> kafka_cluster_snapshots::open() {
  auto reader = kafka_reader::open(settings_.connection, reader_changes, wake_.fd(), [this](const std::string& text) { trouble_ = text; });
  if (!reader) return tl::make_unexpected(reader.error());
  reader_ = std::move(*reader);
  auto conf = kafka_config(settings_.connection, producer_defaults(), producer_ours());
  if (!conf) return tl::make_unexpected(conf.error());
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf->get(), on_delivery);
  auto producer = make_kafka(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!producer) return tl::make_unexpected(producer.error());
  producer_ = std::move(*producer);
  if (auto seen = prepare_topics(reader_->client(), wanted_topic(settings_, topic_, partitions_), snapshots_topic_within); seen) looked_ = true;
  else if (seen.error().code != errc::unreachable) return seen;
  else log::warning("kafka_unreachable", {{"brokers", settings_.connection.brokers}, {"reason", seen.error().text}});
  thread_ = std::thread{[this] { run(); }};
  return {};
}

kafka_cluster_snapshots::~kafka_cluster_snapshots() {
  stop();
  if (!producer_) return;
  rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void kafka_cluster_snapshots::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_.notify_all();
  }
  wake_.signal();
  if (thread_.get_id() == std::this_thread::get_id()) return; // the owner joins
  const std::lock_guard lock{stop_mutex_};
  if (thread_.joinable()) thread_.join();
}

void kafka_cluster_snapshots::tell(job& j, const error& why) {
  if (auto* w = std::get_if<write_job>(&j.what)) w->done(tl::make_unexpected(why));
  else std::get<read_job>(j.what).done(tl::make_unexpected(why));
}

void kafka_cluster_snapshots::enqueue(job j, std::size_t bytes) {
  error why{errc::refused, "snapshots of topic '" + topic_ + "' are not written any more: it was stopped"};
  {
    const std::lock_guard lock{mutex_};
    const bool full = jobs_.size() >= jobs_max || status_.queued_bytes + bytes > queued_bytes_max;
    if (full) why = {errc::too_large, "too many snapshots wait for topic '" + topic_ + "'; are the brokers slow?"};
    if (!stopping_ && !full && bytes <= snapshot_bytes_max) {
      status_.queued_bytes += bytes;
      ++status_.queued;
      jobs_.push_back(std::move(j));
      changed_.notify_all();
      return;
    }
    if (bytes > snapshot_bytes_max) why = {errc::too_large, "a snapshot of " + std::to_string(bytes) + " bytes is more than " + std::to_string(snapshot_bytes_max)};
    status_.failed += std::holds_alternative<write_job>(j.what);
  }
  tell(j, why);
}

void kafka_cluster_snapshots::write(std::int32_t partition, std::string key, std::int64_t input_offset, std::string bytes, duration most,
                                    std::function<void(result<void>)> done) {
  const std::size_t size = bytes.size();
  const auto until = monotonic_clock() + most;
  enqueue({partition, until, write_job{std::move(key), input_offset, std::move(bytes), std::move(done)}}, size);
}

void kafka_cluster_snapshots::read(std::int32_t partition, duration most, std::function<void(result<cluster_snapshots_read>)> done) {
  enqueue({partition, monotonic_clock() + most, read_job{std::move(done)}}, 0);
}

cluster_snapshots_status kafka_cluster_snapshots::status() const {
  const std::lock_guard lock{mutex_};
  return status_;
}

void kafka_cluster_snapshots::run() {
  for (;;) {
    std::unique_lock lock{mutex_};
    // The clients' own words are taken now and then also when there is nothing to do.
    changed_.wait_for(lock, std::chrono::seconds{1}, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty() && stopping_) return;
    if (jobs_.empty()) {
      lock.unlock();
      reader_->serve();
      rd_kafka_poll(producer_.get(), 0);
      continue;
    }
    job j = std::move(jobs_.front());
    jobs_.pop_front();
    const auto* w = std::get_if<write_job>(&j.what);
    const std::size_t size = w ? w->bytes.size() : 0;
    lock.unlock();
    const error ended{errc::refused, "snapshots of topic '" + topic_ + "': it was stopped"};
    result<void> written;
    result<cluster_snapshots_read> read;
    if (w) written = stopping_ ? result<void>{tl::make_unexpected(ended)} : write_now(j, *w);
    else read = stopping_ ? result<cluster_snapshots_read>{tl::make_unexpected(ended)} : read_now(j);
    lock.lock();
    --status_.queued;
    status_.queued_bytes -= size;
    if (w) (written ? status_.written : status_.failed) += 1;
    if (w && written) status_.written_bytes += size;
    if (!w && read) {
      ++status_.read;
      status_.torn += read->torn;
      status_.unknown_version += read->unknown_version;
    }
    lock.unlock();
    if (w) w->done(std::move(written));
    else std::get<read_job>(j.what).done(std::move(read));
  }
}

/// The topic may not have been there when we began.
result<void> kafka_cluster_snapshots::prepared() {
  if (looked_) return {};
  auto seen = prepare_topics(reader_->client(), wanted_topic(settings_, topic_, partitions_), snapshots_topic_again_within);
  looked_ = seen.has_value();
  return seen;
}

result<void> kafka_cluster_snapshots::write_now(const job& j, const write_job& w) {
  const std::string place = topic_ + '/' + std::to_string(j.partition) + ": snapshot '" + w.key + "'";
  const auto known = slots_.find(j.partition);
  if (known == slots_.end()) return fail(errc::invalid, place + ": the partition must be read before it is written; or its last whole snapshot might be lost");
  if (auto seen = prepared(); !seen) return seen;
  snapshot_slots& slots = known->second[w.key];
  const unsigned slot = 1 - slots.whole;
  const snapshot_set set = describe_snapshot(version_, ++next_id_, w.input_offset, w.bytes);
  writing_ = set.id;
  outstanding_ = 0;
  failed_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (std::uint32_t i = 0; i < set.count; ++i)
    if (!send(j.partition, snapshot_chunk_key(w.key, slot, i), snapshot_chunk(set, i, w.bytes), set.id)) break;
  auto sent = await(j.until);
  if (!sent) {
    // The next one must not wait behind it. What goes out all the same is known by its set.
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    slots.extent[slot] = std::max(slots.extent[slot], set.count);
    return fail(sent.error().code, place + ": " + sent.error().text + "; the one before it stays");
  }
  for (std::uint32_t i = set.count; i < slots.extent[slot]; ++i) (void)send(j.partition, snapshot_chunk_key(w.key, slot, i), {}, 0);
  slots.extent[slot] = set.count;
  slots.whole = slot;
  return {};
}

bool kafka_cluster_snapshots::send(std::int32_t partition, const std::string& key, std::string_view value, std::uint64_t of) {
  const auto code = rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key.data(), key.size()),
                                      RD_KAFKA_V_VALUE(value.empty() ? nullptr : const_cast<char*>(value.data()), value.size()),
                                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(of)), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) failed_ = code;
  else if (of != 0) ++outstanding_;
  return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

result<void> kafka_cluster_snapshots::await(clock_point until) {
  while (outstanding_ > 0 && failed_ == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (stopping_) return fail(errc::refused, "it was stopped");
    if (monotonic_clock() >= until) return fail(errc::timeout, std::to_string(outstanding_) + " chunks are not with the brokers in time");
    rd_kafka_poll(producer_.get(), poll_ms);
  }
  if (failed_ != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(errc::refused, kafka_text(failed_));
  return {};
}

void kafka_cluster_snapshots::on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self) {
  auto& s = *static_cast<kafka_cluster_snapshots*>(self);
  if (reinterpret_cast<std::uintptr_t>(m->_private) != s.writing_) return; // of one that was given up
  --s.outstanding_;
  if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) s.failed_ = m->err;
}

result<cluster_snapshots_read> kafka_cluster_snapshots::read_now(const job& j) {
  const std::string place = topic_ + '/' + std::to_string(j.partition);
  if (j.partition < 0 || static_cast<std::uint32_t>(j.partition) >= partitions_) return fail(errc::invalid, place + ": there is no such partition");
  trouble_.clear();
  snapshot_assembler all{version_};
  {
    std::optional<kafka_feed> feed;
    for (;;) {
      reader_->serve();
      if (auto seen = prepared(); !seen && seen.error().code != errc::unreachable) return tl::make_unexpected(seen.error());
      if (looked_ && !feed) feed.emplace(*reader_, topic_, j.partition, kafka_feed::earliest);
      if (feed) {
        feed->refill();
        (void)feed->skip_gone(); // what retention takes while we read is seen by what is missing
        for (; feed->front(); feed->refill()) {
          const kafka_message m = feed->pop();
          all.add({static_cast<const char*>(m->key), m->key_len}, {static_cast<const char*>(m->payload), m->len});
        }
        if (feed->at_end()) break;
      }
      if (stopping_) return fail(errc::refused, place + ": it was stopped");
      if (monotonic_clock() >= j.until)
        return fail(errc::timeout, place + ": its end was not reached in time" + (trouble_.empty() ? "" : "; " + trouble_));
      pollfd one{wake_.fd(), POLLIN, 0};
      ::poll(&one, 1, poll_ms);
      wake_.clear();
    }
  }
  auto slots = all.slots();
  auto out = all.finish();
  slots_[j.partition] = std::move(slots);
  if (!out.remark.empty()) log::warning("snapshots_not_whole", {{"where", place}, {"what", out.remark}});
  return out;
}

} // namespace

result<std::unique_ptr<cluster_snapshots>> open_cluster_snapshots(const kafka_output& settings, std::string topic, std::uint32_t partitions,
                                                                  std::uint32_t version) {
  auto made = std::make_unique<kafka_cluster_snapshots>(settings, std::move(topic), partitions, version);
  if (auto opened = made->open(); !opened) return tl::make_unexpected(opened.error());
  return made;
}

} // namespace tocsin
