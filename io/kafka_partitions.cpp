#include "io/kafka_partitions.hpp"

#include <algorithm>
#include <limits>

#include "io/clock.hpp"

namespace tocsin {

namespace {
constexpr std::size_t refill_most = 1024;
constexpr std::uint64_t wake_payload = 1;
} // namespace

void kafka_partitions::add(rd_kafka_t* client, const std::string& topic, std::int32_t partition, std::int64_t next) {
  remove(topic, partition);
  auto e = std::make_unique<entry>();
  e->topic = topic;
  e->partition = partition;
  e->next = next;
  e->queue.reset(rd_kafka_queue_get_partition(client, topic.c_str(), partition));
  if (!e->queue) return;
  rd_kafka_queue_forward(e->queue.get(), nullptr);
  rd_kafka_queue_io_event_enable(e->queue.get(), wake_fd_, &wake_payload, sizeof wake_payload);
  all_.push_back(std::move(e));
}

void kafka_partitions::drop(entry& e) {
  for (std::size_t i = e.next_held; i < e.held.size(); ++i) rd_kafka_message_destroy(e.held[i]);
  e.held.clear();
  e.next_held = 0;
  rd_kafka_queue_io_event_enable(e.queue.get(), -1, nullptr, 0);
}

void kafka_partitions::remove(std::string_view topic, std::int32_t partition) {
  std::erase_if(all_, [&](std::unique_ptr<entry>& e) {
    if (e->partition != partition || e->topic != topic) return false;
    drop(*e);
    return true;
  });
}

bool kafka_partitions::accept(kafka_message& m) {
  for (auto& e : all_)
    if (e->partition == m->partition && m->rkt && e->topic == rd_kafka_topic_name(m->rkt)) {
      const auto from = e->held.begin() + static_cast<std::ptrdiff_t>(e->next_held);
      e->held.insert(std::upper_bound(from, e->held.end(), m->offset, [](std::int64_t o, const rd_kafka_message_t* h) { return o < h->offset; }), m.get());
      (void)m.release();
      return true;
    }
  return false;
}

void kafka_partitions::clear() {
  release();
  for (auto& e : all_) drop(*e);
  all_.clear();
}

timestamp kafka_partitions::time_of(const rd_kafka_message_t& m) {
  const std::int64_t ms = rd_kafka_message_timestamp(&m, nullptr);
  constexpr std::int64_t latest_ms = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  return ms > 0 && ms < latest_ms ? from_nanoseconds(ms * 1'000'000) : wall_clock();
}

void kafka_partitions::refill(rd_kafka_t* client, entry& e, const trouble_callback& trouble) {
  e.held.resize(refill_most);
  e.next_held = 0;
  const ssize_t got = rd_kafka_consume_batch_queue(e.queue.get(), 0, e.held.data(), refill_most);
  e.held.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  std::erase_if(e.held, [&](rd_kafka_message_t* m) {
    const bool stale = m->err == RD_KAFKA_RESP_ERR_NO_ERROR && e.next >= 0 && m->offset < e.next;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR && !stale) return false;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) e.told_end = m->offset;
    else if (!stale && trouble) trouble(e.topic + '/' + std::to_string(e.partition), m->err);
    rd_kafka_message_destroy(m);
    return true;
  });
  if (e.next < 0 && !e.held.empty()) e.next = e.held.front()->offset;
  look_at_debt(client, e);
}

void kafka_partitions::look_at_debt(rd_kafka_t* client, entry& e) {
  std::int64_t low = -1, high = -1;
  if (rd_kafka_get_watermark_offsets(client, e.topic.c_str(), e.partition, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0)
    e.end = std::max(e.end, high);
  if (low > 0 && e.next >= 0 && e.next < low) { // retention overtook us
    gone_ = true;
    e.next = low;
  }
  if (e.next_held < e.held.size()) {
    e.owes = false;
    return;
  }
  // What follows may be markers of transactions, or not yet committed: then the broker's word counts.
  if (e.told_end >= 0) e.next = std::max(e.next, e.told_end);
  e.owes = e.next < 0 || e.end < 0 || (e.next < e.end && e.next != e.told_end);
}

std::size_t kafka_partitions::take(rd_kafka_t* client, std::size_t most, bool wait_for_all,
                                   const std::function<bool(const rd_kafka_message_t&, std::string_view, timestamp)>& visit,
                                   const trouble_callback& trouble) {
  for (auto& e : all_)
    if (e->next_held == e->held.size()) refill(client, *e, trouble);
  std::size_t taken = 0;
  has_rest_ = false;
  while (true) {
    entry* first = nullptr;
    timestamp first_at = never, second_at = never; // nothing may be taken that is later than the second
    for (auto& e : all_) {
      if (e->next_held < e->held.size()) {
        const timestamp at = time_of(*e->held[e->next_held]);
        if (!first || at < first_at) {
          if (first) second_at = std::min(second_at, first_at);
          first = e.get();
          first_at = at;
        } else {
          second_at = std::min(second_at, at);
        }
      } else if (e->owes && wait_for_all) {
        second_at = std::min(second_at, e->last); // what it owes is no earlier than what it gave
      }
    }
    if (!first) return taken;
    if (taken >= most) {
      has_rest_ = true;
      return taken;
    }
    if (first_at > second_at && second_at != never) return taken; // somebody owes us older ones
    while (taken < most && first->next_held < first->held.size()) {
      rd_kafka_message_t* m = first->held[first->next_held];
      const timestamp at = time_of(*m);
      if (at > second_at) break;
      if (!visit(*m, first->topic, at)) return taken;
      ++first->next_held;
      ++taken;
      taken_.emplace_back(m);
      first->next = m->offset + 1;
      first->last = at;
      first->moved = true;
      newest_ = newest_ == unset ? at : std::max(newest_, at);
    }
    if (first->next_held == first->held.size()) refill(client, *first, trouble);
  }
}

void kafka_partitions::release() { taken_.clear(); }

bool kafka_partitions::at_end(rd_kafka_t* client) {
  for (auto& e : all_) {
    if (e->next_held < e->held.size()) return false;
    look_at_debt(client, *e);
    if (e->owes) return false;
  }
  return true;
}

log_positions kafka_partitions::moved() {
  log_positions out;
  for (auto& e : all_)
    if (std::exchange(e->moved, false)) out.push_back({e->topic, e->partition, e->next});
  return out;
}

std::vector<partition_status> kafka_partitions::status(rd_kafka_t* client) const {
  std::vector<partition_status> out;
  for (auto& e : all_) {
    std::int64_t low = -1, high = -1;
    (void)rd_kafka_get_watermark_offsets(client, e->topic.c_str(), e->partition, &low, &high);
    out.push_back({e->topic, e->partition, e->next, std::max(e->end, high), -1});
  }
  return out;
}

} // namespace tocsin
