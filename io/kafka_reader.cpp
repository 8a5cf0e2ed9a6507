#include "io/kafka_reader.hpp"

#include "io/kafka_consumer.hpp"

namespace tocsin {

namespace {
constexpr int offsets_within_ms = 1000;

/// A position that is gone must be said, so librdkafka must not mend it.
kafka_properties ours() {
  return {{"enable.partition.eof", "true"}, {"auto.offset.reset", "error"}, {"enable.auto.commit", "false"}, {"statistics.interval.ms", "500"}};
}
} // namespace

kafka_feed::kafka_feed(kafka_reader& reader, std::string topic, std::int32_t partition, std::int64_t from)
    : reader_(reader), name_(std::move(topic)), partition_(partition),
      topic_(rd_kafka_topic_new(reader.client_.get(), name_.c_str(), nullptr)) {
  ++reader_.feeds_;
  begin(from);
}

kafka_feed::~kafka_feed() {
  rd_kafka_consume_stop(topic_.get(), partition_);
  --reader_.feeds_;
}

/// librdkafka leaves a broker that it has nothing else to ask of alone for up to a second, also when a partition is new: so it is
/// asked something once the partition is there.
void kafka_feed::begin(std::int64_t from) {
  const auto ends = reader_.ask_ends(name_, partition_);
  if (ends) {
    const bool lost = from > ends->second || (from >= 0 && from < ends->first);
    skips_ = skips_ || lost;
    if (lost || from < 0) from = ends->first;
  }
  kafka_queue queue{rd_kafka_queue_new(reader_.client_.get())};
  rd_kafka_queue_t* const raw = queue.get();
  queue_ = std::make_unique<kafka_partition_queue>(name_, partition_, std::move(queue), from, reader_.wake_fd_);
  if (ends) queue_->know_end(ends->second);
  if (rd_kafka_consume_start_queue(topic_.get(), partition_, from < 0 ? RD_KAFKA_OFFSET_BEGINNING : from, raw) != 0)
    return reader_.trouble_(queue_->place() + ": " + kafka_text(rd_kafka_last_error()));
  if (!ends) return;
  const kafka_list self{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(self.get(), name_.c_str(), partition_);
  rd_kafka_resume_partitions(reader_.client_.get(), self.get()); // changes nothing, and returns when the start was seen
  (void)reader_.ask_ends(name_, partition_);
}

void kafka_feed::refill() {
  queue_->refill(reader_.client_.get(), [this](const std::string& place, rd_kafka_resp_err_t code) {
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) out_of_range_ = true;
    else reader_.trouble_(place + ": " + kafka_text(code));
  });
}

bool kafka_feed::at_end() {
  if (front() || out_of_range_) return false;
  queue_->look(reader_.client_.get());
  return !queue_->owes();
}

std::optional<std::int64_t> kafka_feed::skip_gone() {
  if (skips_ && next() >= 0 && !out_of_range_) {
    skips_ = false;
    return next();
  }
  if (front()) return std::nullopt; // what is at hand comes first
  out_of_range_ = queue_->take_gone() || out_of_range_;
  if (!out_of_range_) return std::nullopt;
  rd_kafka_consume_stop(topic_.get(), partition_);
  out_of_range_ = false;
  skips_ = true;
  begin(earliest);
  return std::nullopt;
}

/// Where a partition begins and ends, if the brokers say so at once. Not asked when its leader is known to be away: librdkafka then
/// waits without end, whatever time it is given.
std::optional<kafka_reader::offsets> kafka_reader::ask_ends(const std::string& topic, std::int32_t partition) {
  back_ = serve();
  if (!leaders_.answers_for(topic, partition)) return std::nullopt;
  offsets ends;
  const auto code = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), partition, &ends.first, &ends.second, offsets_within_ms);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return ends;
  trouble_(topic + '/' + std::to_string(partition) + ": " + kafka_text(code));
  return std::nullopt;
}

result<std::unique_ptr<kafka_reader>> kafka_reader::open(const kafka_connection& c, const kafka_properties& changes, int wake_fd,
                                                         std::function<void(std::string)> trouble) {
  std::unique_ptr<kafka_reader> made{new kafka_reader{wake_fd, std::move(trouble)}};
  kafka_properties defaults = kafka_consumer_defaults();
  for (const auto& change : changes) defaults.push_back(change);
  auto conf = kafka_config(c, defaults, ours());
  if (!conf) return tl::make_unexpected(conf.error());
  rd_kafka_conf_set_opaque(conf->get(), made.get());
  rd_kafka_conf_set_error_cb(conf->get(), on_error);
  rd_kafka_conf_set_stats_cb(conf->get(), on_statistics);
  auto client = make_kafka(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::make_unexpected(client.error());
  made->client_ = std::move(*client);
  made->events_.reset(rd_kafka_queue_get_main(made->client_.get()));
  static constexpr std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(made->events_.get(), wake_fd, &one, sizeof one);
  return made;
}

kafka_reader::~kafka_reader() {
  if (events_) rd_kafka_queue_io_event_enable(events_.get(), -1, nullptr, 0);
}

bool kafka_reader::serve() {
  while (rd_kafka_poll(client_.get(), 0) > 0) {
  }
  if (back_) why_known_ = false;
  return std::exchange(back_, false);
}

void kafka_reader::on_error(rd_kafka_t*, int code, const char* why, void* self) {
  auto& r = *static_cast<kafka_reader*>(self);
  const auto as = static_cast<rd_kafka_resp_err_t>(code);
  r.leaders_.hear(as, r.feeds_ > 0);
  // That all are away says less than why one is.
  if (as == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && r.why_known_) return;
  r.why_known_ = true;
  r.trouble_(kafka_trouble(as, why));
}

int kafka_reader::on_statistics(rd_kafka_t*, char* json, std::size_t size, void* self) {
  auto& r = *static_cast<kafka_reader*>(self);
  r.back_ |= r.leaders_.read({json, size}, r.feeds_ > 0);
  return 0; // librdkafka frees it
}

} // namespace tocsin
