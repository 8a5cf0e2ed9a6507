// An owned input as a member of its group: which partitions are ours, and what was read of them.
#include "io/kafka_input_impl.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr auto commit_within = std::chrono::milliseconds{500}, commit_again = std::chrono::milliseconds{20};
}

result<void> kafka_input_thread::join() {
  auto conf = kafka_config(settings_.connection, kafka_consumer_defaults(), kafka_consumer_ours(settings_.kafka));
  if (!conf) return tl::make_unexpected(conf.error());
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_rebalance_cb(conf->get(), on_rebalance);
  rd_kafka_conf_set_stats_cb(conf->get(), on_statistics);
  auto made = make_kafka(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!made) return tl::make_unexpected(made.error());
  member_ = std::move(*made);
  rd_kafka_poll_set_consumer(member_.get());
  cooperative_ = settings_.kafka.assignor == "cooperative-sticky";
  const kafka_queue events{rd_kafka_queue_get_consumer(member_.get())};
  static constexpr std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(events.get(), wake_.fd(), &one, sizeof one);
  const kafka_list wanted{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(wanted.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(member_.get(), wanted.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(errc::refused, "source '" + settings_.name + "': " + kafka_text(code));
  return {};
}

void kafka_input_thread::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list, void* self) {
  static_cast<kafka_input_thread*>(self)->rebalance(what, list);
}

int kafka_input_thread::on_statistics(rd_kafka_t*, char* json, std::size_t size, void* self) {
  auto& t = *static_cast<kafka_input_thread*>(self);
  (void)t.group_leaders_.read({json, size}, false);
  return 0; // librdkafka frees it
}

/// Rebalances happen in here. Records come only of a partition that was fetched before its pause was seen; they are not wanted.
void kafka_input_thread::serve_group() {
  while (!stopping_) {
    const kafka_message m{rd_kafka_consumer_poll(member_.get(), 0)};
    if (!m) return;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) continue;
    const kafka_complaint said = complaint_of(*m, settings_.kafka.member);
    trouble(said.text);
    if (!said.final) continue;
    fenced_ = true; // who took our name has our partitions
    while (!ours_.empty()) revoked(ours_.begin()->first, true);
  }
}

void kafka_input_thread::rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list) {
  ++rebalances_;
  const bool gives = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  const bool lost = rd_kafka_assignment_lost(member_.get()) != 0;
  joined_ = gives || !lost;
  if (!gives && what != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) trouble(kafka_text(what));
  log::info("kafka_rebalance", {{"source", settings_.name},
                                {"what", gives ? "assigned" : lost ? "lost" : "revoked"},
                                {"partitions", std::to_string(list->cnt)},
                                {"ours", std::to_string(ours_.size())}});
  if (gives) return assigned(list);
  for (int i = 0; i < list->cnt; ++i) revoked(list->elems[i].partition, lost);
  if (!lost) commit_stored();
  give_back_assignment(member_.get(), list, cooperative_);
  const std::lock_guard lock{orders_mutex_};
  for (int i = 0; i < list->cnt; ++i) orders_.erase(list->elems[i].partition);
}

/// The member's own position is at the end, where nothing is to be fetched, and paused.
void kafka_input_thread::assigned(rd_kafka_topic_partition_list_t* list) {
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = RD_KAFKA_OFFSET_END;
  take_assignment(member_.get(), list, cooperative_, settings_.name);
  rd_kafka_pause_partitions(member_.get(), list);
  std::vector<std::int32_t> fresh;
  {
    const std::lock_guard lock{orders_mutex_};
    for (int i = 0; i < list->cnt; ++i) {
      const std::int32_t partition = list->elems[i].partition;
      if (!ours_.try_emplace(partition, settings_).second) continue;
      orders_[partition] = {};
      fresh.push_back(partition);
    }
  }
  for (const std::int32_t partition : fresh)
    if (callbacks_.assigned) callbacks_.assigned(partition);
}

void kafka_input_thread::revoked(std::int32_t partition, bool lost) {
  const auto at = ours_.find(partition);
  if (at == ours_.end()) return;
  at->second.feed.reset();
  if (callbacks_.revoked) callbacks_.revoked(partition, lost);
  if (!lost) store_commits();
  gone_errors_ += at->second.values.error_count();
  gone_ignored_ += at->second.values.ignored_count();
  ours_.erase(at);
}

/// librdkafka commits it within a second.
void kafka_input_thread::store_commits() {
  const kafka_list list{rd_kafka_topic_partition_list_new(1)};
  {
    const std::lock_guard lock{orders_mutex_};
    for (auto& [partition, o] : orders_)
      if (const auto next = std::exchange(o.commit, std::nullopt)) rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = *next;
  }
  if (list->cnt > 0) (void)rd_kafka_offsets_store(member_.get(), list.get()); // one that is not ours any more is another's business
}

/// librdkafka would commit when the partitions are given back or the group is left, and take a refusal for an answer: for a moment the group refuses, until all its
/// members have heard who owns what.
void kafka_input_thread::commit_stored() {
  const kafka_queue answers{rd_kafka_queue_new(member_.get())};
  const auto until = monotonic_clock() + commit_within; // of all tries: the group waits for us
  const auto left = [until] { return static_cast<int>(std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(until - monotonic_clock()).count())); };
  while (left() > 0) {
    if (rd_kafka_commit_queue(member_.get(), nullptr, answers.get(), nullptr, nullptr) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const kafka_event answer{rd_kafka_queue_poll(answers.get(), left())};
    if (!answer) break;
    if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS) return;
    const kafka_event none{rd_kafka_queue_poll(answers.get(), static_cast<int>(commit_again.count()))}; // nothing comes: a pause
  }
  trouble(topic_ + ": the group did not take how far it was read before it was given up; whoever follows goes by its snapshot");
}

void kafka_input_thread::say_goodbye() {
  while (!ours_.empty()) revoked(ours_.begin()->first, false);
  if (member_) commit_stored();
  {
    const std::lock_guard lock{orders_mutex_};
    orders_.clear();
  }
  close_kafka_consumer(std::move(member_), settings_.name);
  reader_.reset();
  const std::lock_guard lock{status_mutex_};
  status_.state = "ended";
  status_.partitions.clear();
}

} // namespace tocsin
