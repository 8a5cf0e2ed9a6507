// The thread of an owned input: it alone serves, begins, takes, decodes and hands on.
#include "io/kafka_input.hpp"

#include <poll.h>

#include <algorithm>

#include "core/limits.hpp"
#include "io/kafka_input_impl.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr std::size_t samples_most = 8192; ///< Kafka records of one batch of readings, which are cheap
constexpr auto look_every = std::chrono::milliseconds{500};
constexpr auto known_within = 2 * look_every; ///< the statistics tell of its leader
constexpr auto near_enough = std::chrono::seconds{1}; ///< so little behind is not behind
} // namespace

kafka_input_thread::kafka_input_thread(source_settings settings, std::uint8_t vantage)
    : settings_(std::move(settings)), topic_(settings_.kafka.topics.front()), vantage_(vantage) {
  settings_.context.vantage = vantage;
  status_.name = settings_.name;
  status_.kind = "kafka";
  status_.state = "connecting";
  status_.detail = settings_.connection.brokers;
}

kafka_input_thread::~kafka_input_thread() { leave(); }

void kafka_input_thread::start(kafka_input_callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  thread_ = std::thread{[this] { run(); }};
}

void kafka_input_thread::begin(std::int32_t partition, std::int64_t offset, std::uint64_t mark) {
  {
    const std::lock_guard lock{orders_mutex_};
    if (const auto at = orders_.find(partition); at != orders_.end()) {
      at->second.begin = std::max<std::int64_t>(offset, earliest);
      at->second.mark = mark;
    }
  }
  wake_.signal();
}

void kafka_input_thread::grant(std::int32_t partition, std::size_t batches) {
  {
    const std::lock_guard lock{orders_mutex_};
    const auto at = orders_.find(partition);
    if (at == orders_.end()) return;
    const std::size_t before = std::exchange(at->second.credit, std::min(at->second.credit + batches, limits::credit_batches_max));
    if (before > 0) return;
  }
  wake_.signal();
}

void kafka_input_thread::commit(std::int32_t partition, std::int64_t next_offset) {
  const std::lock_guard lock{orders_mutex_};
  if (const auto at = orders_.find(partition); at != orders_.end()) at->second.commit = next_offset;
}

void kafka_input_thread::leave() {
  stopping_ = true;
  wake_.signal();
  if (thread_.get_id() == std::this_thread::get_id()) return; // the owner joins
  const std::lock_guard lock{stop_mutex_};
  if (thread_.joinable()) thread_.join();
}

source_status kafka_input_thread::status() const {
  const std::lock_guard lock{status_mutex_};
  return status_;
}

/// The same trouble again is no news.
void kafka_input_thread::trouble(const std::string& text) {
  ++failures_;
  if (text == trouble_) return;
  trouble_ = text;
  log::warning("source_failed", {{"source", settings_.name}, {"what", text}});
  if (callbacks_.trouble) callbacks_.trouble(text);
}

result<void> kafka_input_thread::open() {
  auto reader = kafka_reader::open(settings_.connection, {}, wake_.fd(), [this](const std::string& text) { trouble(text); });
  if (!reader) return tl::make_unexpected(reader.error());
  reader_ = std::move(*reader);
  return join();
}

/// Trying again cannot help: say so, and wait for the end.
void kafka_input_thread::refused(const error& why) {
  trouble(why.text);
  say_connected(false);
  {
    const std::lock_guard lock{status_mutex_};
    status_.state = "lost";
    status_.detail = why.text;
  }
  while (!stopping_) wait(false);
}

void kafka_input_thread::run() {
  if (auto opened = open(); !opened) return refused(opened.error());
  while (!stopping_) {
    serve_group();
    if (reader_->serve()) log::info("kafka_reconnected", {{"source", settings_.name}});
    obey();
    store_commits();
    bool rest = false;
    for (auto& [partition, o] : ours_)
      if (o.feed && !stopping_) rest |= take(partition, o);
    look();
    if (!stopping_) wait(rest);
  }
  say_goodbye();
}

void kafka_input_thread::obey() {
  for (auto& [partition, o] : ours_) {
    std::optional<std::int64_t> from;
    {
      const std::lock_guard lock{orders_mutex_};
      order& given = orders_[partition];
      from = std::exchange(given.begin, std::nullopt);
      if (from) o.mark = given.mark;
    }
    if (!from) continue;
    o.feed.reset(); // before the other: a partition can be started once
    o.feed = std::make_unique<kafka_feed>(*reader_, topic_, partition, *from);
    o.said_end = o.moved = false;
    o.newest = unset;
    o.begun = monotonic_clock();
    o.looked.reset();
  }
}

/// One batch, if there is credit. True: there is more that could be taken at once.
bool kafka_input_thread::take(std::int32_t partition, owned& o) {
  o.feed->refill();
  if (const auto first = o.feed->skip_gone()) {
    log::error("kafka_records_gone", {{"source", settings_.name},
                                      {"where", topic_ + '/' + std::to_string(partition)},
                                      {"first", std::to_string(*first)},
                                      {"remedy", "docs/operating.md, Kafka"}});
    if (callbacks_.gone) callbacks_.gone(partition, *first);
  }
  bool credit;
  {
    const std::lock_guard lock{orders_mutex_};
    credit = orders_[partition].credit > 0;
  }
  if (o.feed->front() && !credit) return false;
  partition_batch out;
  out.partition = partition;
  out.mark = o.mark;
  out.first_offset = o.feed->next();
  collect(partition, o, out);
  out.next_offset = o.feed->next();
  out.at_end = o.feed->at_end();
  const bool something = out.next_offset > out.first_offset && out.first_offset >= 0;
  const bool news = something || (out.at_end && !o.said_end);
  o.said_end = out.at_end;
  if (auto errors = o.values.take_errors(); !errors.empty() && callbacks_.errors) callbacks_.errors(partition, std::move(errors));
  if (!news) return false;
  if (something) {
    o.moved = true;
    records_ += out.records.records.size() + out.records.samples.size();
    const std::lock_guard lock{orders_mutex_};
    auto& left = orders_[partition].credit;
    if (left > 0) --left; // moved behind markers only, without having any
    credit = left > 0;
  }
  if (callbacks_.records) callbacks_.records(std::move(out));
  return credit && o.feed->front() && !o.waits;
}

void kafka_input_thread::collect(std::int32_t partition, owned& o, partition_batch& out) {
  add_values(partition, o, out);
  o.values.flush(out.records);
  out.places = o.values.take_places();
}

void kafka_input_thread::add_values(std::int32_t partition, owned& o, partition_batch& out) {
  const std::size_t most = settings_.gives_samples() ? samples_most : limits::batch_records_max;
  std::string why;
  o.waits = false;
  for (std::size_t n = 0; n < most && o.feed->front(); ++n) {
    const std::string_view value{static_cast<const char*>(o.feed->front()->payload), o.feed->front()->len};
    if (!o.values.ready(value, why)) {
      o.waits = true;
      return trouble(why);
    }
    const kafka_message m = o.feed->pop();
    const timestamp at = kafka_partition_queue::time_of(*m);
    o.newest = std::max(o.newest, at);
    bytes_ += m->len;
    o.values.add({topic_, partition, m->offset, settings_.kafka.vantages.empty() ? vantage_ : vantage_of(*m, settings_.kafka.vantages)}, value, at, out.records);
    if (!o.feed->front()) o.feed->refill();
  }
}

/// What the driver's log_sight judges by.
void kafka_input_thread::look() {
  const bool due = monotonic_clock() >= look_at_;
  if (due) look_at_ = monotonic_clock() + look_every;
  bool all = true, any = false;
  for (auto& [partition, o] : ours_) {
    if (!o.feed) continue;
    any = true;
    const bool leader = reader_->leaders().up(topic_, partition) && !fenced_;
    all = all && (leader || monotonic_clock() - o.begun < known_within);
    const bool near = o.newest != unset && wall_clock() - o.newest < near_enough;
    log_sight::look now{leader && !reader_->leaders().settling(), o.feed->at_end() || near, o.moved};
    const bool changed = !o.looked || o.looked->connected != now.connected || o.looked->at_end != now.at_end;
    if (!due && !changed) continue;
    o.moved = false;
    o.looked = now;
    if (callbacks_.looked) callbacks_.looked(partition, now, o.mark);
  }
  say_connected(any ? all : joined_ && !fenced_);
  if (due) update_status();
}

void kafka_input_thread::say_connected(bool now) {
  if (said_connected_ == now) return;
  lost_ += said_connected_ && !now;
  said_connected_ = now;
  if (now) trouble_.clear();
  {
    const std::lock_guard lock{status_mutex_};
    status_.state = now ? "reading" : "lost";
    status_.detail = now ? settings_.connection.brokers : trouble_;
  }
  log::write(now ? log::level::info : log::level::warning, now ? "source_listening" : "source_lost",
             {{"source", settings_.name}, {"brokers", settings_.connection.brokers}, {"error", trouble_}});
  if (callbacks_.connected) callbacks_.connected(now);
}

void kafka_input_thread::update_status() {
  std::vector<partition_status> all;
  std::uint64_t errors = gone_errors_, ignored = gone_ignored_;
  for (const auto& [partition, o] : ours_) {
    partition_status p{topic_, partition, o.feed ? o.feed->next() : -1, o.feed ? o.feed->end() : -1, -1};
    for (const partition_status& c : group_leaders_.committed())
      if (c.partition == partition && c.topic == topic_) p.committed = c.committed;
    all.push_back(std::move(p));
    errors += o.values.error_count();
    ignored += o.values.ignored_count();
  }
  const std::lock_guard lock{status_mutex_};
  status_.records = records_;
  status_.bytes = bytes_;
  status_.errors = errors + failures_;
  status_.ignored = ignored;
  status_.rebalances = rebalances_;
  status_.reconnects = lost_;
  status_.partitions = std::move(all);
}

void kafka_input_thread::wait(bool rest) {
  pollfd one{wake_.fd(), POLLIN, 0};
  ::poll(&one, 1, rest ? 0 : static_cast<int>(look_every.count()));
  wake_.clear();
}

result<std::unique_ptr<kafka_owned_input>> make_kafka_owned_input(source_settings settings, std::uint8_t vantage) {
  if (settings.kafka.topics.size() != 1)
    return fail(errc::invalid, "source '" + settings.name + "': a cluster shares the partitions of one topic, not of " +
                                   std::to_string(settings.kafka.topics.size()) + "; name one in topics");
  return std::make_unique<kafka_input_thread>(std::move(settings), vantage);
}

} // namespace tocsin
