#include "io/kafka_consumer.hpp"

#include "io/clock.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr auto goodbye_within = std::chrono::seconds{5};
}

kafka_properties kafka_consumer_defaults() {
  // Why these: docs/decisions/0015. With a queue for each partition the bytes are per partition.
  return {{"queued.min.messages", "1000000"}, {"queued.max.messages.kbytes", "32768"}, {"fetch.wait.max.ms", "100"},
          {"fetch.error.backoff.ms", "100"},  {"session.timeout.ms", "10000"},         {"heartbeat.interval.ms", "2000"},
          {"reconnect.backoff.max.ms", "2000"}, {"client.id", "tocsin"}, {"allow.auto.create.topics", "true"}};
}

kafka_properties kafka_consumer_ours(const kafka_input& k) {
  kafka_properties all{{"group.id", k.group},
                       {"enable.auto.offset.store", "false"},
                       {"enable.auto.commit", "true"},
                       {"auto.commit.interval.ms", "1000"},
                       {"enable.partition.eof", "true"},
                       {"auto.offset.reset", k.start == "latest" ? "latest" : "earliest"},
                       {"partition.assignment.strategy", k.assignor},
                       {"statistics.interval.ms", "500"}};
  if (!k.member.empty()) all.emplace_back("group.instance.id", k.member);
  return all;
}

void take_assignment(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* list, bool cooperative, const std::string& who) {
  if (!cooperative) {
    rd_kafka_assign(client, list);
  } else if (rd_kafka_error_t* failed = rd_kafka_incremental_assign(client, list)) {
    log::error("source_failed", {{"source", who}, {"what", rd_kafka_error_string(failed)}});
    rd_kafka_error_destroy(failed);
  }
}

void give_back_assignment(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* list, bool cooperative) {
  if (!cooperative) {
    rd_kafka_assign(client, nullptr);
  } else if (rd_kafka_error_t* failed = rd_kafka_incremental_unassign(client, list)) {
    rd_kafka_error_destroy(failed);
  }
}

kafka_complaint complaint_of(const rd_kafka_message_t& m, const std::string& member) {
  kafka_complaint out{kafka_text(m.err)};
  if (m.payload) out.text += ": " + std::string{static_cast<const char*>(m.payload), m.len};
  if (m.err == RD_KAFKA_RESP_ERR__FATAL || m.err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID || m.err == RD_KAFKA_RESP_ERR__FENCED) {
    out.text += "; another process is member '" + member + "' of this group: give each its own, then restart this one";
    out.final = true;
  }
  return out;
}

void close_kafka_consumer(kafka_handle client, const std::string& who) {
  kafka_queue answers{rd_kafka_queue_new(client.get())};
  if (rd_kafka_error_t* failed = rd_kafka_consumer_close_queue(client.get(), answers.get())) {
    rd_kafka_error_destroy(failed);
  } else {
    const auto end = monotonic_clock() + goodbye_within;
    while (!rd_kafka_consumer_closed(client.get()) && monotonic_clock() < end) {
      const kafka_event event{rd_kafka_queue_poll(answers.get(), 100)};
      if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) rd_kafka_assign(client.get(), nullptr);
    }
  }
  if (!rd_kafka_consumer_closed(client.get())) {
    log::warning("source_hangs", {{"source", who}, {"what", "the Kafka consumer does not close; it is left behind"}});
    (void)answers.release();
    (void)client.release();
    return;
  }
  answers.reset();
  rd_kafka_destroy_flags(client.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

} // namespace tocsin
