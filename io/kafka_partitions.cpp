#include "io/kafka_partitions.hpp"

#include <algorithm>

namespace tocsin {

namespace {
constexpr std::size_t bytes_most = 1 << 20; ///< taken at once: a value may hold thousands of readings, which a batch then holds
} // namespace

void kafka_partitions::add(rd_kafka_t* client, const std::string& topic, std::int32_t partition, std::int64_t next) {
  remove(topic, partition);
  kafka_queue queue{rd_kafka_queue_get_partition(client, topic.c_str(), partition)};
  if (!queue) return;
  rd_kafka_queue_forward(queue.get(), nullptr);
  all_.push_back(std::make_unique<entry>(topic, partition, std::move(queue), next, wake_fd_));
}

void kafka_partitions::remove(std::string_view topic, std::int32_t partition) {
  std::erase_if(all_, [&](std::unique_ptr<entry>& e) { return e->log.partition() == partition && e->log.topic() == topic; });
}

bool kafka_partitions::accept(kafka_message& m) {
  for (auto& e : all_)
    if (e->log.partition() == m->partition && m->rkt && e->log.topic() == rd_kafka_topic_name(m->rkt)) {
      e->log.accept(std::move(m));
      return true;
    }
  return false;
}

bool kafka_partitions::take_gone() {
  bool any = false;
  for (auto& e : all_) any |= e->log.take_gone();
  return any;
}

void kafka_partitions::clear() {
  release();
  all_.clear();
}

std::size_t kafka_partitions::take(rd_kafka_t* client, std::size_t most, bool wait_for_all,
                                   const std::function<bool(const rd_kafka_message_t&, std::string_view, timestamp)>& visit,
                                   const kafka_partition_queue::trouble_callback& trouble) {
  for (auto& e : all_) e->log.refill(client, trouble);
  std::size_t taken = 0, bytes = 0;
  has_rest_ = false;
  while (true) {
    entry* first = nullptr;
    timestamp first_at = never, second_at = never; // nothing may be taken that is later than the second
    for (auto& e : all_) {
      if (const rd_kafka_message_t* m = e->log.front()) {
        const timestamp at = kafka_partition_queue::time_of(*m);
        if (!first || at < first_at) {
          if (first) second_at = std::min(second_at, first_at);
          first = e.get();
          first_at = at;
        } else {
          second_at = std::min(second_at, at);
        }
      } else if (e->log.owes() && wait_for_all) {
        second_at = std::min(second_at, e->last); // what it owes is no earlier than what it gave
      }
    }
    if (!first) return taken;
    if (taken >= most || bytes >= bytes_most) {
      has_rest_ = true;
      return taken;
    }
    if (first_at > second_at && second_at != never) return taken; // somebody owes us older ones
    while (const rd_kafka_message_t* m = taken < most && bytes < bytes_most ? first->log.front() : nullptr) {
      const timestamp at = kafka_partition_queue::time_of(*m);
      if (at > second_at) break;
      if (!visit(*m, first->log.topic(), at)) return taken;
      bytes += m->len;
      taken_.push_back(first->log.pop());
      ++taken;
      first->last = at;
      first->moved = true;
      newest_ = newest_ == unset ? at : std::max(newest_, at);
    }
    first->log.refill(client, trouble);
  }
}

void kafka_partitions::release() { taken_.clear(); }

bool kafka_partitions::at_end(rd_kafka_t* client) {
  for (auto& e : all_) {
    if (e->log.front()) return false;
    e->log.look(client);
    if (e->log.owes()) return false;
  }
  return true;
}

log_positions kafka_partitions::moved() {
  log_positions out;
  for (auto& e : all_)
    if (std::exchange(e->moved, false)) out.push_back({e->log.topic(), e->log.partition(), e->log.next()});
  return out;
}

std::vector<partition_status> kafka_partitions::status(rd_kafka_t* client) const {
  std::vector<partition_status> out;
  for (auto& e : all_) {
    std::int64_t low = -1, high = -1;
    (void)rd_kafka_get_watermark_offsets(client, e->log.topic().c_str(), e->log.partition(), &low, &high);
    out.push_back({e->log.topic(), e->log.partition(), e->log.next(), std::max(e->log.end(), high), -1});
  }
  return out;
}

} // namespace tocsin
