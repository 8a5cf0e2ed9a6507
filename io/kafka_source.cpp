// The thread of a Kafka source: it alone serves, takes, decodes, hands on and waits.
#include "io/kafka_source.hpp"

#include <poll.h>

#include <algorithm>

#include "core/limits.hpp"
#include "io/kafka_source_impl.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr std::size_t samples_most = 8192;     ///< Kafka records of one batch of readings, which are cheap
constexpr std::size_t errors_most = 1000;      ///< handed on at once
constexpr auto near_enough = std::chrono::seconds{1}; ///< so little behind is not behind
constexpr auto source_topics_within = std::chrono::seconds{5};
constexpr auto look_every_ms = 500;
/// Among the positions that are kept: whether we said last that we are blind. No topic is called so.
log_position blindness(bool blind) { return {"", -1, blind ? 1 : 0}; }
} // namespace

kafka_source::kafka_source(source_settings settings, std::uint8_t vantage, log_positions kept)
    : settings_(std::move(settings)), vantage_(vantage), kept_(std::move(kept)), partitions_(wake_.fd()),
      values_((settings_.context.vantage = vantage, settings_)), sight_(settings_.kafka.blind_after, steady_now()) {
  const auto blind = std::ranges::find_if(kept_, [](const log_position& p) { return p.partition < 0; });
  said_blind_ = blind != kept_.end() && blind->next_offset != 0;
  status_.name = settings_.name;
  status_.kind = "kafka";
  status_.state = "connecting";
  status_.detail = settings_.connection.brokers;
}

kafka_source::~kafka_source() {
  stop();
  finish();
}

void kafka_source::start(source_callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  thread_ = std::thread{[this] { run(); }};
}

void kafka_source::grant(std::size_t batches) {
  if (credit_.fetch_add(batches) == 0) wake_.signal();
}

void kafka_source::stop() {
  stopping_ = true;
  wake_.signal();
  if (thread_.get_id() == std::this_thread::get_id()) return; // from a callback: the owner joins
  const std::lock_guard lock{stop_mutex_};
  if (thread_.joinable()) thread_.join();
}

source_status kafka_source::status() const {
  const std::lock_guard lock{status_mutex_};
  return status_;
}

void kafka_source::set_state(std::string state, std::string detail) {
  const std::lock_guard lock{status_mutex_};
  status_.state = std::move(state);
  status_.detail = std::move(detail);
}

void kafka_source::update_status() {
  auto all = partitions_.status(client_.get());
  for (partition_status& p : all)
    for (const partition_status& c : leaders_.committed())
      if (c.partition == p.partition && c.topic == p.topic) p.committed = c.committed;
  const std::lock_guard lock{status_mutex_};
  status_.records = records_;
  status_.bytes = bytes_;
  status_.errors = values_.error_count() + failures_;
  status_.ignored = values_.ignored_count();
  status_.rebalances = rebalances_;
  status_.reconnects = lost_;
  status_.partitions = std::move(all);
}

result<void> kafka_source::open() {
  auto conf = kafka_config(settings_.connection, kafka_consumer_defaults(), kafka_consumer_ours(settings_.kafka));
  if (!conf) return tl::make_unexpected(conf.error());
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_error_cb(conf->get(), on_error);
  rd_kafka_conf_set_rebalance_cb(conf->get(), on_rebalance);
  rd_kafka_conf_set_stats_cb(conf->get(), on_statistics);
  auto made = make_kafka(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!made) return tl::make_unexpected(made.error());
  client_ = std::move(*made);
  rd_kafka_poll_set_consumer(client_.get());
  cooperative_ = settings_.kafka.assignor == "cooperative-sticky";
  kafka_queue events{rd_kafka_queue_get_consumer(client_.get())};
  static constexpr std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(events.get(), wake_.fd(), &one, sizeof one);
  kafka_list wanted{rd_kafka_topic_partition_list_new(static_cast<int>(settings_.kafka.topics.size()))};
  for (const std::string& topic : settings_.kafka.topics) rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(client_.get(), wanted.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(errc::refused, "source '" + settings_.name + "': " + kafka_text(code));
  return {};
}

/// Trying again cannot help: say so, and that we are blind, and wait for the end.
void kafka_source::refused(const error& why) {
  set_state("lost", why.text);
  log::error("source_settings", {{"source", settings_.name}, {"error", why.text}});
  add_sight(record_kind::sight_lost, no_time, log_reader);
  if (callbacks_.behind) callbacks_.behind(false);
  while (!stopping_) {
    if (credit_ > 0) hand_on();
    wait(false);
  }
}

void kafka_source::run() {
  if (auto opened = open(); !opened) return refused(opened.error());
  while (!stopping_) {
    serve();
    store_kept();
    // What one partition gives while another cannot be read would carry time with it; one who is blind has nothing to lose.
    const bool takes = credit_ > 0 && ((leaders_.up() && !leaders_.settling()) || sight_.blind());
    if (takes) round();
    look();
    if (!stopping_) wait(takes && credit_ > 0 && partitions_.has_rest());
  }
}

void kafka_source::round() {
  const std::size_t most = settings_.gives_samples() ? samples_most : limits::batch_records_max;
  const std::size_t got = partitions_.take(
      client_.get(), most, !sight_.blind(),
      [this](const rd_kafka_message_t& m, std::string_view topic, timestamp at) {
        const std::string_view value{static_cast<const char*>(m.payload), m.len};
        if (!readable(value)) return false;
        bytes_ += m.len;
        values_.add({topic, m.partition, m.offset}, value, at, pending_);
        return true;
      },
      [this](const std::string& place, rd_kafka_resp_err_t code) {
        ++failures_;
        log::warning("source_failed", {{"source", settings_.name}, {"where", place}, {"what", kafka_text(code)}});
      });
  values_.flush(pending_);
  partitions_.release();
  moved_ |= got > 0;
  hand_on_errors();
  hand_on();
}

/// Whether its schema is there; what is missing for it is said, and no more once it is there.
bool kafka_source::readable(std::string_view value) {
  std::string why;
  const bool ready = values_.ready(value, why);
  if (!ready) {
    complain(std::move(why));
  } else if (no_schema_) {
    trouble_.clear();
    const std::lock_guard lock{status_mutex_};
    if (status_.state == "reading") status_.detail = settings_.connection.brokers;
  }
  no_schema_ = !ready;
  return ready;
}

void kafka_source::hand_on_errors() {
  auto errors = values_.take_errors();
  if (errors.size() > errors_most) errors.resize(errors_most);
  if (!errors.empty() && callbacks_.errors) callbacks_.errors(std::move(errors));
}

/// With the positions it leads to; those move also when no record could be made of what was read.
void kafka_source::hand_on() {
  log_positions covered = client_ ? partitions_.moved() : log_positions{};
  if (pending_.records.empty() && pending_.samples.empty() && covered.empty()) return;
  if (std::exchange(said_sight_, false)) covered.push_back(blindness(said_blind_));
  records_ += pending_.records.size() + pending_.samples.size();
  for (record& r : pending_.records) r.vantage = vantage_;
  std::uint64_t ticket;
  {
    const std::lock_guard lock{book_mutex_};
    ticket = book_.begin(covered);
  }
  --credit_;
  callbacks_.log_batch(std::exchange(pending_, {}), ticket, std::move(covered));
}

/// Decides whether time waits for us, and whether we see.
void kafka_source::look() {
  const bool at_end = partitions_.at_end(client_.get()) ||
                      (partitions_.newest() != unset && wall_clock() - partitions_.newest() < near_enough);
  if (partitions_.take_gone()) {
    skipped_ = true;
    log::error("kafka_records_gone", {{"source", settings_.name}, {"remedy", "docs/operating.md, Kafka"}});
  }
  const log_sight::change c = sight_.see({assigned_ && leaders_.up() && !leaders_.settling(), at_end, std::exchange(moved_, false)}, steady_now());
  if (c.lost || skipped_) {
    // At the time of the last record: from there on nothing was seen.
    const timestamp at = partitions_.newest() == unset ? no_time : partitions_.newest() + duration{1};
    add_sight(record_kind::sight_lost, at, skipped_ ? restart_gap : log_reader);
    skipped_ = false;
  }
  if (c.lost) {
    ++lost_;
    set_state("lost", trouble_.empty() ? "the log cannot be read" : trouble_);
    log::warning("source_lost", {{"source", settings_.name}, {"brokers", settings_.connection.brokers}, {"error", trouble_}});
  }
  if (c.regained) {
    if (said_blind_) add_sight(record_kind::sight_regained, wall_clock(), log_reader);
    set_state("reading", settings_.connection.brokers);
    trouble_.clear();
    log::info("source_listening", {{"source", settings_.name}, {"brokers", settings_.connection.brokers}});
  }
  if (!pending_.records.empty() && credit_ > 0) hand_on();
  // After the record that says so: time must not pass before it is in line.
  if (c.holds != holds_ && (c.holds || pending_.records.empty())) {
    holds_ = c.holds;
    if (callbacks_.behind) callbacks_.behind(holds_);
  }
}

void kafka_source::add_sight(record_kind kind, timestamp at, std::string_view peer) {
  if (settings_.gives_samples()) return; // nobody's silence is judged by it
  record r;
  r.kind = kind;
  r.at = at;
  r.timed_by = time_source::arrival;
  r.peer = peer;
  r.vantage = vantage_;
  pending_.records.push_back(r);
  said_blind_ = kind == record_kind::sight_lost;
  said_sight_ = true;
}

void kafka_source::kept(std::uint64_t ticket) {
  const std::lock_guard lock{book_mutex_};
  for (log_position& p : book_.done(ticket)) {
    std::erase_if(kept_, [&](const log_position& k) { return k.partition == p.partition && k.topic == p.topic; });
    kept_.push_back(p);
    if (p.partition < 0) continue;
    to_store_.push_back(std::move(p));
  }
}

/// librdkafka commits it within a second, at a rebalance, and at the end.
void kafka_source::store_kept() {
  log_positions now;
  {
    const std::lock_guard lock{book_mutex_};
    now.swap(to_store_);
  }
  if (now.empty()) return;
  kafka_list list{rd_kafka_topic_partition_list_new(static_cast<int>(now.size()))};
  for (const log_position& p : now) rd_kafka_topic_partition_list_add(list.get(), p.topic.c_str(), p.partition)->offset = p.next_offset;
  (void)rd_kafka_offsets_store(client_.get(), list.get()); // one that is not ours any more is another's business
}

void kafka_source::wait(bool rest) {
  pollfd one{wake_.fd(), POLLIN, 0};
  ::poll(&one, 1, rest ? 0 : look_every_ms);
  wake_.clear();
}

void kafka_source::finish() {
  if (!client_ || thread_.joinable()) return;
  store_kept();
  partitions_.clear();
  close_kafka_consumer(std::move(client_), settings_.name);
}

result<void> prepare_kafka_source(const source_settings& s, const kafka_output& creation) {
  auto conf = kafka_config(s.connection, kafka_consumer_defaults(), kafka_consumer_ours(s.kafka));
  if (!conf) return tl::make_unexpected(conf.error());
  std::string why; // of the brokers; outlives the client
  rd_kafka_conf_set_opaque(conf->get(), &why);
  rd_kafka_conf_set_error_cb(conf->get(), [](rd_kafka_t*, int code, const char* text, void* to) {
    auto& known = *static_cast<std::string*>(to);
    if (known.empty() || code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) known = kafka_trouble(static_cast<rd_kafka_resp_err_t>(code), text);
  });
  auto client = make_kafka(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::make_unexpected(client.error());
  const std::uint32_t fresh = s.kafka.partitions ? s.kafka.partitions : creation.partitions;
  const auto seen = prepare_topics(client->get(), {s.kafka.topics, s.kafka.partitions, creation.create_topics, fresh, creation.replication}, source_topics_within);
  if (!seen && seen.error().code == errc::unreachable) {
    rd_kafka_poll(client->get(), 0); // its errors
    log::warning("kafka_unreachable", {{"source", s.name}, {"reason", seen.error().text}, {"error", why}});
    return {};
  }
  return seen;
}

result<void> check_kafka_source_properties(const kafka_connection& c) { return check_kafka_properties(c, kafka_consumer_ours({})); }

std::unique_ptr<source> make_kafka_source(source_settings settings, std::uint8_t vantage, log_positions kept) {
  return std::make_unique<kafka_source>(std::move(settings), vantage, std::move(kept));
}

} // namespace tocsin
