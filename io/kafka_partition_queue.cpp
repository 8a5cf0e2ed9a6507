#include "io/kafka_partition_queue.hpp"

#include <algorithm>
#include <limits>

#include "io/clock.hpp"

namespace tocsin {

namespace {
constexpr std::size_t refill_most = 1024;
constexpr std::uint64_t wake_payload = 1;
} // namespace

kafka_partition_queue::kafka_partition_queue(std::string topic, std::int32_t partition, kafka_queue queue, std::int64_t next, int wake_fd)
    : topic_(std::move(topic)), partition_(partition), queue_(std::move(queue)), next_(next) {
  rd_kafka_queue_io_event_enable(queue_.get(), wake_fd, &wake_payload, sizeof wake_payload);
}

kafka_partition_queue::~kafka_partition_queue() {
  for (std::size_t i = next_held_; i < held_.size(); ++i) rd_kafka_message_destroy(held_[i]);
  rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
}

timestamp kafka_partition_queue::time_of(const rd_kafka_message_t& m) {
  const std::int64_t ms = rd_kafka_message_timestamp(&m, nullptr);
  constexpr std::int64_t latest_ms = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  return ms > 0 && ms < latest_ms ? drill().recorded(from_nanoseconds(ms * 1'000'000)) : wall_clock();
}

void kafka_partition_queue::accept(kafka_message m) {
  const auto from = held_.begin() + static_cast<std::ptrdiff_t>(next_held_);
  held_.insert(std::upper_bound(from, held_.end(), m->offset, [](std::int64_t o, const rd_kafka_message_t* h) { return o < h->offset; }), m.get());
  (void)m.release();
}

kafka_message kafka_partition_queue::pop() {
  kafka_message m{held_[next_held_++]};
  next_ = m->offset + 1;
  return m;
}

void kafka_partition_queue::refill(rd_kafka_t* client, const trouble_callback& trouble) {
  if (front()) return;
  held_.resize(refill_most);
  next_held_ = 0;
  const ssize_t got = rd_kafka_consume_batch_queue(queue_.get(), 0, held_.data(), refill_most);
  held_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  std::erase_if(held_, [&](rd_kafka_message_t* m) {
    const bool stale = m->err == RD_KAFKA_RESP_ERR_NO_ERROR && next_ >= 0 && m->offset < next_;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR && !stale) return false;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) told_end_ = m->offset;
    else if (!stale && trouble) trouble(place(), m->err);
    rd_kafka_message_destroy(m);
    return true;
  });
  if (next_ < 0 && !held_.empty()) next_ = held_.front()->offset;
  look(client);
}

void kafka_partition_queue::look(rd_kafka_t* client) {
  std::int64_t low = -1, high = -1;
  if (rd_kafka_get_watermark_offsets(client, topic_.c_str(), partition_, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0)
    end_ = std::max(end_, high);
  if (low > 0 && next_ >= 0 && next_ < low) { // retention overtook us
    gone_ = true;
    next_ = low;
  }
  if (front()) {
    owes_ = false;
    return;
  }
  // What follows may be markers of transactions, or not yet committed: then the broker's word counts.
  if (told_end_ >= 0) next_ = std::max(next_, told_end_);
  owes_ = next_ < 0 || end_ < 0 || (next_ < end_ && next_ != told_end_);
}

} // namespace tocsin
