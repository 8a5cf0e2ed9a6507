#include "io/kafka_ordered_writer.hpp"

namespace tocsin {

namespace {
constexpr auto replaced_after = std::chrono::seconds{1};

kafka_properties defaults_of(const kafka_output& k) {
  return {{"linger.ms", "1"},
          {"compression.codec", k.compression},
          {"queue.buffering.max.kbytes", "1048576"},
          {"reconnect.backoff.max.ms", "2000"},
          {"client.id", "tocsin"}};
}

/// Ours: nothing is given up because brokers are away for long, and retries change neither order nor count. Our own bound is
/// reached first.
kafka_properties ours(std::size_t entries) {
  return {{"enable.idempotence", "true"}, {"acks", "all"}, {"message.timeout.ms", "0"}, {"queue.buffering.max.messages", std::to_string(entries + 1)}};
}
} // namespace

kafka_ordered_writer::kafka_ordered_writer(const kafka_output& k, std::string topic, std::int32_t partition, int wake_fd, callbacks told)
    : settings_(k), topic_(std::move(topic)), partition_(partition), wake_fd_(wake_fd), told_(std::move(told)) {}

result<std::unique_ptr<kafka_ordered_writer>> kafka_ordered_writer::open(const kafka_output& k, std::string topic, std::int32_t partition, int wake_fd,
                                                                         callbacks told) {
  std::unique_ptr<kafka_ordered_writer> made{new kafka_ordered_writer{k, std::move(topic), partition, wake_fd, std::move(told)}};
  if (auto connected = made->connect(); !connected) return tl::make_unexpected(connected.error());
  return made;
}

kafka_ordered_writer::~kafka_ordered_writer() {
  if (!client_) return;
  rd_kafka_queue_io_event_enable(events_.get(), -1, nullptr, 0);
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  events_.reset();
  client_.reset(); // before what it reads
}

result<void> kafka_ordered_writer::connect() {
  auto conf = kafka_config(settings_.connection, defaults_of(settings_), ours(limits_.entries));
  if (!conf) return tl::make_unexpected(conf.error());
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf->get(), on_delivery);
  rd_kafka_conf_set_error_cb(conf->get(), on_error);
  auto made = make_kafka(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!made) return tl::make_unexpected(made.error());
  const std::lock_guard lock{mutex_};
  client_ = std::move(*made);
  events_.reset(rd_kafka_queue_get_main(client_.get()));
  static constexpr std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(events_.get(), wake_fd_, &one, sizeof one);
  broken_ = false;
  for (std::size_t i = 0; i < kept_.size() && !broken_; ++i)
    if (!kept_[i].done) broken_ = !send(first_ + i);
  return {};
}

bool kafka_ordered_writer::write(std::string bytes, std::uint64_t mark) {
  const std::lock_guard lock{mutex_};
  if (bytes.size() > limits_.entry_bytes || kept_.size() >= limits_.entries || counts_.queued_bytes + bytes.size() > limits_.bytes) {
    ++counts_.dropped;
    return false;
  }
  counts_.queued_bytes += bytes.size();
  kept_.push_back({std::move(bytes), mark});
  if (client_ && !broken_) broken_ = !send(first_ + kept_.size() - 1);
  return true;
}

/// With the mutex. False: the producer takes no more.
bool kafka_ordered_writer::send(std::uint64_t number) {
  entry& e = kept_[number - first_];
  const auto code = rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(partition_),
                                      RD_KAFKA_V_VALUE(e.bytes.data(), e.bytes.size()), RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(number)), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) troubles_.push_back(topic_ + ": " + kafka_text(code) + "; it is written again");
  return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_ordered_writer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self) {
  auto& w = *static_cast<kafka_ordered_writer*>(self);
  const auto number = reinterpret_cast<std::uintptr_t>(m->_private);
  const std::lock_guard lock{w.mutex_};
  if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (!w.broken_ && m->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE && m->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
      w.broken_ = true;
      w.troubles_.push_back(w.topic_ + ": " + kafka_text(m->err) + "; it is written again");
    }
    return;
  }
  if (number < w.first_) return;
  w.kept_[number - w.first_].done = true;
  while (!w.kept_.empty() && w.kept_.front().done) {
    entry& e = w.kept_.front();
    if (e.mark != 0) w.marks_.push_back(e.mark);
    w.counts_.queued_bytes -= e.bytes.size();
    ++w.counts_.written;
    w.kept_.pop_front();
    ++w.first_;
  }
  if (w.kept_.empty()) w.empty_.notify_all();
}

void kafka_ordered_writer::on_error(rd_kafka_t* client, int code, const char* why, void* self) {
  auto& w = *static_cast<kafka_ordered_writer*>(self);
  std::string text = kafka_trouble(static_cast<rd_kafka_resp_err_t>(code), why);
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    char more[512];
    rd_kafka_fatal_error(client, more, sizeof more);
    text += std::string{"; "} + more + "; a new producer goes on";
  }
  const std::lock_guard lock{w.mutex_};
  w.broken_ = w.broken_ || code == RD_KAFKA_RESP_ERR__FATAL;
  w.troubles_.push_back(std::move(text));
}

/// The old one is gone for good before a new one sends: nothing of the old may come after something of the new.
void kafka_ordered_writer::replace() {
  kafka_handle old;
  {
    const std::lock_guard lock{mutex_};
    old = std::move(client_);
    events_.reset();
    ++counts_.replaced;
  }
  if (old) rd_kafka_purge(old.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  old.reset();
  retry_at_ = monotonic_clock() + replaced_after;
}

void kafka_ordered_writer::serve() {
  bool broken = false;
  if (client_) {
    while (rd_kafka_poll(client_.get(), 0) > 0) {
    }
    const std::lock_guard lock{mutex_};
    broken = broken_;
  }
  if (broken) replace();
  std::vector<std::string> troubles;
  if (!client_ && monotonic_clock() >= retry_at_) {
    if (auto connected = connect(); !connected) {
      troubles.push_back(connected.error().text);
      retry_at_ = monotonic_clock() + replaced_after;
    }
  }
  {
    const std::lock_guard lock{mutex_};
    troubles.insert(troubles.end(), troubles_.begin(), troubles_.end());
    troubles_.clear();
  }
  for (const std::uint64_t mark : std::exchange(marks_, {}))
    if (told_.written) told_.written(mark);
  for (std::string& text : troubles)
    if (told_.trouble) told_.trouble(std::move(text));
}

bool kafka_ordered_writer::flush(duration most) {
  std::unique_lock lock{mutex_};
  return empty_.wait_for(lock, most, [&] { return kept_.empty(); });
}

kafka_ordered_writer::counts kafka_ordered_writer::count() const {
  const std::lock_guard lock{mutex_};
  counts out = counts_;
  out.queued = kept_.size();
  return out;
}

} // namespace tocsin
