#include "actors/cluster_desk.hpp"

#include <algorithm>

#include "actors/supervisor.hpp"
#include "core/limits.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr duration desk_looks_every = 50ms, desk_waits_least = 1ms, hello_every = 5s;
constexpr std::size_t unwritten_max = 10'000; ///< entries of the desk itself; partitions hold theirs back
} // namespace

void cluster_shared::publish(const cluster_fold& f) {
  view fresh;
  for (const auto& [number, p] : f.partitions()) {
    cluster_partition& to = fresh.partitions[number];
    to.owner = p.owner;
    to.incarnation = p.incarnation;
    to.epoch = p.epoch;
    to.covered = p.covered;
    to.until = p.until;
    to.said = p.said;
    to.blind = p.blind;
  }
  fresh.lead = f.leader();
  fresh.now = f.now();
  const std::lock_guard lock{guard_};
  view_ = std::move(fresh);
}

cluster_desk::cluster_desk(caf::actor_config& cfg, cluster_desk_options options)
    : event_based_actor(cfg), options_(std::move(options)), fold_(ahead_of_marks_max * drill().speed()), lead_(options_.node, options_.incarnation, options_.rank, options_.leading),
      ownership_(options_.node, options_.incarnation) {}

caf::behavior cluster_desk::make_behavior() {
  keep_exception_text(this);
  if (options_.fold) {
    reader in{*options_.fold};
    if (auto ok = fold_.load(in); !ok) log::error("snapshot_unusable", {{"reason", ok.error().text}});
    options_.fold.reset();
    passed_ = fold_.now();
    if (const auto us = fold_.nodes().find(options_.node); us != fold_.nodes().end()) options_.incarnation = std::max(options_.incarnation, us->second.incarnation + 1);
  }
  begin();
  return {
      [this](const log_read& batch) { read(batch); },
      [this](const group_assigned& a) {
        ownership_.assigned(a.partition, steady_of(this));
        look();
      },
      [this](const group_revoked& r) { return revoke(r); },
      [this](const snapshot_found& s) { take_over(s); },
      [this](const desk_look&) {
        look();
        const timestamp now = options_.shared->now(steady_of(this));
        const duration wait = led_ && now != unset && wake_ != never ? std::clamp<duration>(wait_between(now, wake_), desk_waits_least, desk_looks_every) : desk_looks_every;
        delayed_send(this, std::chrono::duration_cast<caf::timespan>(wait), desk_look{});
      },
      [this](const notification_settled& n) { write(delivered_entry{n.id, n.dead}); },
      [this](const step_done& d) { done(d); },
      [this](source_batch& b) {
        if (b.source == ~std::size_t{0}) report(b);
        else if (options_.grant_source) options_.grant_source(b.source); // it went into the input topic, and comes from there
      },
      [](const source_behind&) {},
      [](const source_ended&) {},
      [this](const source_trouble& t) {
        options_.metrics->decode_errors += t.errors->size();
        for (const decode_error& e : *t.errors)
          if (options_.recorder) send(options_.recorder, quarantined{time_now(this, options_.anchor), "source " + std::to_string(t.source), e});
      },
      [this](const operator_order& o) { return obey(o); },
      [this](const go_live& g) {
        snapshot_every_ = g.snapshot_every;
        if (snapshot_every_ > 0s) delayed_send(this, std::chrono::duration_cast<caf::timespan>(snapshot_every_), snapshot_due{});
      },
      [this](const flush&) -> caf::result<caf::unit_t> {
        if (steps_.empty()) return caf::unit;
        idle_.push_back(make_response_promise<caf::unit_t>());
        return idle_.back();
      },
      [this](snapshot_due due) {
        snapshot(due.at_once);
        if (due.at_once) write(hello_entry{options_.address, options_.http, true});
        else if (snapshot_every_ > 0s) delayed_send(this, std::chrono::duration_cast<caf::timespan>(snapshot_every_), snapshot_due{});
      },
      [this](const new_rules& n) {
        for (auto& [number, o] : owned_)
          if (o.host) send(o.host, n);
        send(options_.groups, n);
      },
  };
}

void cluster_desk::begin() {
  set_down_handler([this](caf::down_msg& d) {
    for (const auto& [number, o] : owned_)
      if (o.host && o.host.address() == d.source && options_.failed)
        options_.failed("partition " + std::to_string(number) + ": " + reason_text(system(), d.reason));
  });
  send(options_.groups, caf::actor_cast<caf::actor>(this));
  send(this, desk_look{});
}

void cluster_desk::on_exit() {
  options_.groups = options_.recorder = nullptr;
  options_.write = nullptr;
  options_.find_snapshot = nullptr;
  options_.host = nullptr;
  options_.grant = nullptr;
  options_.grant_source = nullptr;
  options_.lead = nullptr;
  options_.peers = nullptr;
  options_.failed = nullptr;
  owned_.clear();
  steps_.clear();
  orders_.clear();
  idle_.clear();
}

void cluster_desk::read(const log_read& batch) {
  const auto& all = *batch.entries;
  const std::size_t before = steps_.size();
  for (std::size_t i = 0; i < all.size(); ++i) take_in(all[i], batch.at_end && i + 1 == all.size());
  // Of the batch as a whole: what follows a mark in it does not make it older.
  lead_.folded(fold_, batch.at_end, steady_of(this));
  at_end_ = batch.at_end;
  if (at_end_ && !std::exchange(caught_up_, true)) {
    lead_ = {options_.node, options_.incarnation, options_.rank, options_.leading};
    lead_.folded(fold_, true, steady_of(this));
    ownership_.live(options_.incarnation);
  }
  if (steps_.size() > before) steps_.back().last_of_batch = true;
  else if (options_.grant) options_.grant();
  options_.shared->publish(fold_);
  tell_peers();
  look();
}

void cluster_desk::take_in(const cluster_log_entry& e, bool newest) {
  auto entry = decode_entry(e.bytes);
  ++options_.shared->entries;
  if (!entry) {
    if (++options_.shared->unreadable == 1 || entry.error().code == errc::version)
      log::error("cluster_entry_unreadable", {{"offset", std::to_string(e.offset)}, {"reason", entry.error().text}});
    return;
  }
  if (is_another_us(*entry)) return;
  const bool ours = entry->node == options_.node && entry->incarnation == options_.incarnation;
  const std::string by = entry->node;
  const auto* order = std::get_if<order_entry>(&entry->what);
  const std::uint64_t ordered = order && ours ? order->number : 0;
  const auto* said = std::get_if<said_entry>(&entry->what);
  const std::uint32_t partition = said ? said->partition : 0;
  const partition_folded reached{said ? said->covered : 0};
  const timestamp marked = fold_.marked(), steady = steady_of(this);
  auto s = fold_.apply(e.offset, std::move(*entry));
  options_.shared->overtaken += s.overtaken;
  // A mark that waited for us says nothing of what time it is.
  if (newest && fold_.marked() != marked) {
    if (ours) options_.shared->hear_own_mark(fold_.marked(), steady);
    else options_.shared->hear_mark(fold_.marked(), steady);
  }
  if (said && ours && !s.overtaken)
    if (const auto p = owned_.find(partition); p != owned_.end() && p->second.host) send(p->second.host, reached);
  if (!ours)
    for (const delivered_entry& d : s.delivered) send(options_.groups, notification_settled{d.notification, by, d.dead});
  if (auto waiting = orders_.extract(ordered)) step_orders_.push_back(std::move(waiting.mapped()));
  if (s.owners) after_owners_changed();
  pass(std::move(s));
}

/// The name is what partitions, lead and offsets hang on: of two nodes with one, the older one ends.
bool cluster_desk::is_another_us(const cluster_entry& e) {
  if (e.node != options_.node || e.incarnation <= options_.incarnation) return false;
  if (!caught_up_) { // a former life of ours, whose clock was ahead: this one comes after it all the same
    options_.incarnation = e.incarnation + 1;
    return false;
  }
  if (!std::exchange(failed_, true) && options_.failed)
    options_.failed("another node calls itself '" + options_.node + "' and was started after this one; give every node a cluster.node of its own");
  return true;
}

void cluster_desk::tell_peers() {
  if (!options_.peers || !caught_up_) return;
  std::vector<peer> known;
  for (const auto& [name, n] : fold_.nodes())
    if (!n.left && !n.address.empty()) known.push_back({name, n.address});
  if (known == peers_) return;
  peers_ = known;
  options_.peers(std::move(known));
}

void cluster_desk::after_owners_changed() {
  const auto todo = ownership_.folded(fold_, steady_of(this));
  for (std::uint32_t p : todo.stop) {
    log::warning("partition_overtaken", {{"partition", std::to_string(p)}, {"by", fold_.partitions().at(p).owner}});
    give_up(p);
  }
  for (std::uint32_t p : todo.start) {
    give_up(p);
    const std::int64_t epoch = fold_.partitions().at(p).epoch;
    owned_[p] = {{}, epoch};
    options_.find_snapshot(p, [self = caf::actor_cast<caf::actor>(this), p, epoch](std::shared_ptr<const std::string> bytes) {
      caf::anon_send(self, snapshot_found{p, epoch, std::move(bytes)});
    });
  }
}

void cluster_desk::take_over(const snapshot_found& s) {
  const auto p = owned_.find(s.partition);
  if (p == owned_.end() || p->second.epoch != s.epoch || p->second.host) return; // it is another's by now
  p->second.host = options_.host(this, fold_.partitions().at(s.partition), s.partition, options_.incarnation, s.bytes);
  monitor(p->second.host);
  options_.shared->set_host(s.partition, p->second.host);
  send(p->second.host, partition_begin{}); // not before: what is read for nobody is lost
}

void cluster_desk::give_up(std::uint32_t partition) {
  const auto p = owned_.find(partition);
  if (p == owned_.end()) return;
  if (p->second.host) {
    demonitor(p->second.host);
    send_exit(p->second.host, caf::exit_reason::user_shutdown);
  }
  options_.shared->drop_host(partition);
  owned_.erase(p);
}

caf::result<caf::unit_t> cluster_desk::revoke(const group_revoked& r) {
  ownership_.revoked(r.partition);
  const auto p = owned_.find(r.partition);
  if (p == owned_.end() || !p->second.host || r.lost) {
    give_up(r.partition);
    return caf::unit;
  }
  auto promise = make_response_promise<caf::unit_t>();
  auto over = [this, promise, partition = r.partition]() mutable {
    give_up(partition);
    promise.deliver(caf::unit);
  };
  request(p->second.host, std::chrono::seconds{8}, hand_over{})
      .then([over]() mutable { over(); },
            [over, partition = r.partition](caf::error&) mutable {
              log::warning("partition_not_handed_over", {{"partition", std::to_string(partition)}, {"remedy", "its next owner replays what the last snapshot lacks"}});
              over();
            });
  return promise;
}

void cluster_desk::pass(cluster_fold::step&& s) {
  if (s.until == unset || (s.said.empty() && s.until == passed_ && step_orders_.empty())) return;
  passed_ = s.until;
  options_.metrics->watermark_ns = to_nanoseconds(s.until);
  steps_.push_back({++number_, false, std::exchange(step_orders_, {})});
  options_.metrics->steps_in_flight = steps_.size();
  ++options_.metrics->steps;
  send(options_.groups, step_said{number_, 0, s.until, s.until, std::make_shared<effects>(std::move(s.said)), never});
}

void cluster_desk::done(const step_done& d) {
  while (!steps_.empty() && steps_.front().number <= d.number) {
    for (auto& p : steps_.front().done) p.deliver(caf::unit);
    if (steps_.front().last_of_batch && options_.grant) options_.grant();
    steps_.pop_front();
  }
  options_.metrics->steps_in_flight = steps_.size();
  wake_ = d.wake;
  if (steps_.empty())
    for (auto& p : std::exchange(idle_, {})) p.deliver(caf::unit);
}

void cluster_desk::look() {
  const timestamp steady = steady_of(this);
  const bool leads = caught_up_ && lead_.leads(fold_);
  if (leads) options_.shared->begin_time(std::max(time_now(this, options_.anchor), fold_.now()), steady);
  const timestamp now = options_.shared->now(steady);
  if (!caught_up_) return; // who we are follows from what stands in the log
  for (cluster_entry& claim : ownership_.look(steady)) write(std::move(claim.what));
  // Groups that are still busy will tell when they want to be woken.
  if (auto e = lead_.look(fold_, at_end_, now, steps_.empty() ? wake_ : never, steady)) write(std::move(e->what));
  options_.shared->delivers = caught_up_ && lead_.may_deliver(fold_, steady);
  if (leads != led_) {
    options_.shared->leads = led_ = leads;
    log::info(leads ? "leads_the_cluster" : "leads_no_more", {{"node", options_.node}});
    if (options_.lead) options_.lead(leads);
  }
  if (hello_ == unset || steady - hello_ >= hello_every) {
    hello_ = steady;
    write(hello_entry{options_.address, options_.http, false});
  }
  flush_unwritten();
}

void cluster_desk::write(decltype(cluster_entry::what) what) {
  if (unwritten_.size() >= unwritten_max) {
    ++options_.shared->unwritten;
    return;
  }
  unwritten_.push_back(encode({options_.node, options_.incarnation, std::move(what)}));
  flush_unwritten();
}

void cluster_desk::flush_unwritten() {
  while (!unwritten_.empty() && options_.write(unwritten_.front())) unwritten_.pop_front();
}

/// Symptoms of equipment: no partition of the input holds what they follow from. The rest is of sources that are read elsewhere.
void cluster_desk::report(const source_batch& b) {
  for (const record& r : b.batch->records)
    if (r.kind == record_kind::equipment_said) write(report_entry{std::string{r.peer}});
}

caf::result<caf::unit_t> cluster_desk::obey(const operator_order& o) {
  if (unwritten_.size() >= unwritten_max) return caf::make_error(caf::sec::invalid_argument, "the brokers take nothing, and too much waits for them; try again when they are back");
  if (fold_.now() == unset) return caf::make_error(caf::sec::invalid_argument, "nobody leads the cluster yet, so that it has no time; try again in some seconds");
  ++options_.metrics->orders;
  auto promise = make_response_promise<caf::unit_t>();
  orders_.emplace(++order_number_, promise);
  write(order_entry{o.bytes, order_number_});
  return promise;
}

void cluster_desk::snapshot(bool at_once) {
  if (!options_.recorder || passed_ == unset || (fold_.next_offset() == snapshot_offset_ && !at_once)) return;
  snapshot_offset_ = fold_.next_offset();
  const take_snapshot cut{number_, passed_, at_once};
  send(options_.recorder, cut);
  writer own;
  fold_.save(own);
  // In line with the steps: the groups stand exactly where the log was read to.
  send(options_.groups, snapshot_part{cut, 0, nullptr});
  send(options_.groups, snapshot_part{cut, 0, std::make_shared<const std::string>(own.take())});
}

} // namespace tocsin
