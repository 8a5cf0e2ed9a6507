#include "node.hpp"

#include <algorithm>

#include "core/scenario.hpp"

namespace tocsin::simulation {

namespace {
constexpr duration blind_after = 90s, settle = 3s, progress_every = 5s, snapshot_every = 15s, hello_every = 5s, save_every = 20s;
constexpr std::size_t unwritten_max = 5000;
} // namespace

node::node(world& w, std::uint32_t number, const judgement& by)
    : w_(w), number_(number), name_("n" + std::to_string(number)), rules_(by.rules), receivers_(by.receivers), vantages_(by.vantages), next_look_(w.now()) {}

timestamp node::steady() const { return w_.now() + steady_origin_; }

void node::start() {
  steady_origin_ = duration{static_cast<std::int64_t>(w_.random().below(1'000'000'000'000))};
  const double rank = static_cast<double>(number_) / w_.of().nodes;
  life_ = std::make_unique<life>(life{++lives_, {}, {rules_, receivers_}, {}, {name_, lives_, rank}, {name_, lives_}, {}, {}, 0, 0, disk_.outbox, {}, false, false, unset, unset, unset, unset});
  life_->groups.set_vantage_names(vantages_, true);
  if (!disk_.fold.empty()) {
    reader f{disk_.fold}, g{disk_.groups};
    if (!life_->fold.load(f) || !life_->groups.load(g)) w_.violated(name_ + " cannot load what it saved");
  }
  w_.note(name_ + " starts, life " + std::to_string(lives_));
}

void node::kill() {
  w_.note(name_ + " is killed");
  life_.reset();
}

void node::look() {
  next_look_ = w_.now() + duration{static_cast<std::int64_t>(40 + w_.random().below(60)) * 1'000'000};
  const bool dead = w_.has(trouble::kill, number_) || w_.has(trouble::blackout, number_), down = dead || w_.has(trouble::leave, number_);
  if (!alive()) {
    if (!down) start();
    return;
  }
  if (w_.has(trouble::pause, number_)) return;
  if (w_.has(trouble::slow, number_) && w_.random().below(4) != 0) return;
  if (dead) return kill();
  if (w_.has(trouble::leave, number_)) {
    for (bool some = true; some;) {
      some = !life_->partitions.empty();
      if (some) let_go(life_->partitions.begin()->first, true);
    }
    send_written();
    if (w_.may_write(number_)) w_.leave(number_);
    return kill();
  }
  read_log();
  // Whoever writes the input was cut off as well, perhaps, and has more.
  if (!w_.may_read(number_)) life_->cut_off = true;
  else if (std::exchange(life_->cut_off, false)) life_->settles_until = steady() + settle;
  member_of_group();
  watch_inputs();
  timestamp due = life_->groups.next_deadline();
  if (!life_->clock.known() && at_end() && life_->lead.leads(life_->fold)) {
    const auto skew = static_cast<std::int64_t>(w_.random().below(400)) - 200;
    life_->clock.begin(std::max(w_.now() + duration{skew * 1'000'000}, life_->fold.now()), steady());
  }
  const timestamp now = life_->clock.known() ? life_->clock.now(steady()) : unset;
  const bool reads = at_end() && w_.may_read(number_);
  if (auto e = life_->lead.look(life_->fold, reads, now, due, steady())) write(std::move(*e));
  if (life_->hello == unset || steady() - life_->hello >= hello_every) {
    life_->hello = steady();
    write({name_, lives_, hello_entry{}});
  }
  send_written();
  deliver();
  if (life_->saved == unset || steady() - life_->saved >= save_every) save();
}

bool node::at_end() const {
  const auto next = static_cast<std::size_t>(life_->fold.next_offset());
  return next >= w_.log().size() || w_.log()[next].there > w_.now();
}

void node::read_log() {
  if (!w_.may_read(number_)) return;
  for (;;) {
    const auto next = static_cast<std::size_t>(life_->fold.next_offset());
    if (next >= w_.log().size() || w_.log()[next].there > w_.now()) break;
    take_in(static_cast<std::int64_t>(next), w_.log()[next].bytes);
  }
}

void node::take_in(std::int64_t offset, const std::string& bytes) {
  life& l = *life_;
  auto e = decode_entry(bytes);
  if (!e) return w_.violated("an entry cannot be read: " + e.error().text);
  const bool ours = e->node == name_ && e->incarnation == lives_;
  const timestamp before = l.fold.now(), marked = l.fold.marked();
  auto step = l.fold.apply(offset, std::move(*e));
  if (step.until < before) w_.violated("time goes back in the log");
  story s;
  l.groups.apply(step.said, s);
  if (step.until != unset) l.groups.advance(step.until, s);
  for (effect& one : step.said)
    if (auto* said = std::get_if<symptom>(&one.what)) s.symptoms.push_back(std::move(*said));
  tell(s);
  for (const delivered_entry& d : step.delivered) l.outbox.erase(d.notification);
  const bool now = at_end();
  l.lead.folded(l.fold, now, steady());
  // A mark that waited for us says nothing of what time it is.
  if (now && l.fold.marked() != marked) ours ? l.clock.keep_up(l.fold.marked(), steady()) : l.clock.hear(l.fold.marked(), steady());
  if (step.owners) claims_changed();
}

void node::tell(story& s) {
  life& l = *life_;
  for (notification& n : s.notifications) l.outbox.emplace(n.id, n);
  std::ranges::move(s.symptoms, std::back_inserter(l.told.symptoms));
  std::ranges::move(s.incidents, std::back_inserter(l.told.incidents));
  std::ranges::move(s.notifications, std::back_inserter(l.told.notifications));
}

void node::claims_changed() {
  life& l = *life_;
  const auto todo = l.owned_by_us.folded(l.fold, steady());
  for (std::uint32_t p : todo.stop) {
    w_.note(name_ + " learns that partition " + std::to_string(p) + " is another's");
    l.partitions.erase(p);
  }
  for (std::uint32_t p : todo.start) {
    auto& fresh = l.partitions[p] = std::make_unique<owned>(p, w_.of().partitions, rules_, vantages_.size(), blind_after, steady());
    std::string trouble;
    fresh->watch.claimed(l.fold.partitions().at(p), w_.newest(p), trouble);
    if (!trouble.empty()) w_.violated(trouble);
  }
}

void node::write(cluster_entry e) {
  life_->unwritten.push_back({++life_->numbers, encode(e)});
  if (life_->unwritten.size() > unwritten_max) w_.violated(name_ + " has more waiting for the brokers than it may");
}

void node::send_written() {
  if (!w_.may_write(number_) || (w_.has(trouble::slow, number_) && w_.random().below(3) != 0)) return;
  life& l = *life_;
  // A flush that breaks off anywhere.
  auto most = w_.random().below(8) == 0 ? w_.random().below(l.unwritten.size() + 1) : l.unwritten.size();
  for (; most > 0; --most) {
    w_.append(std::move(l.unwritten.front().bytes));
    l.written = l.unwritten.front().number;
    l.unwritten.pop_front();
  }
}

void node::member_of_group() {
  life& l = *life_;
  const auto what = w_.poll(number_, !l.joined);
  if (w_.may_read(number_) && w_.may_write(number_)) l.joined = true;
  if (what.lost) {
    for (std::uint32_t p = 0; p < w_.of().partitions; ++p) l.owned_by_us.revoked(p);
    l.partitions.clear();
    l.joined = false;
    return;
  }
  for (std::uint32_t p : what.revoked) let_go(p, true);
  for (std::uint32_t p : what.assigned) l.owned_by_us.assigned(p, steady());
  for (cluster_entry& e : l.owned_by_us.look(steady())) write(std::move(e));
}

void node::let_go(std::uint32_t partition, bool clean) {
  life_->owned_by_us.revoked(partition);
  const auto found = life_->partitions.find(partition);
  if (found == life_->partitions.end()) return;
  owned& p = *found->second;
  if (clean && p.watch.state() == partition_watch::phase::sighted) {
    say(p, true);
    write({name_, lives_, release_entry{partition, p.watch.epoch()}});
    send_written();
    if (life_->unwritten.empty()) w_.keep(partition, p.watch.save());
  }
  life_->partitions.erase(found);
}

void node::watch_inputs() {
  for (auto& [number, p] : life_->partitions) {
    read_input(*p);
    say(*p, p->progress == unset || steady() - p->progress >= progress_every);
    take_snapshot(*p);
  }
}

void node::read_input(owned& p) {
  const std::uint32_t number = p.watch.partition();
  const bool reads = w_.may_read(number_);
  bool moved = false;
  const std::int64_t end = w_.input_end(number);
  if (reads) {
    const std::int64_t from = std::max<std::int64_t>(p.watch.next_offset(), 0);
    const std::int64_t to = std::min(end, from + 50);
    if (from < to) {
      record_batch batch;
      std::vector<std::int64_t> offsets;
      for (std::int64_t i = from; i < to; ++i) {
        const input_record& in = w_.input(number)[static_cast<std::size_t>(i)];
        batch.records.push_back(in.what());
        batch.bytes.insert(batch.bytes.end(), in.one->bytes.begin(), in.one->bytes.end());
        offsets.push_back(i);
      }
      p.watch.feed(batch, offsets, to);
      moved = true;
    }
  }
  const bool settling = life_->settles_until != unset && steady() < life_->settles_until;
  const bool ended = reads && !settling && std::max<std::int64_t>(p.watch.next_offset(), 0) >= end;
  const auto change = p.sight.see({reads, ended, moved}, steady());
  if (!life_->clock.known()) return;
  const timestamp now = life_->clock.now(steady());
  if (ended && p.watch.state() == partition_watch::phase::replaying) {
    p.watch.reached_end(now);
    w_.note(name_ + " sees partition " + std::to_string(number) + " at offset " + std::to_string(p.watch.next_offset()));
  }
  if (change.lost) p.watch.sight(false, now);
  if (change.regained) p.watch.sight(true, now);
  if (!change.holds) p.watch.advance(now);
}

void node::say(owned& p, bool progress) {
  if (progress) p.progress = steady();
  auto said = p.watch.take_said(progress);
  if (!said) return;
  for (said_entry& one : cut(std::move(*said), 0, unset)) write({name_, lives_, std::move(one)});
  p.said = life_->numbers;
}

void node::take_snapshot(owned& p) {
  if (!p.snapshot_bytes.empty() && life_->written >= p.snapshot_after) {
    w_.keep(p.watch.partition(), std::exchange(p.snapshot_bytes, {}));
    p.snapshot = steady();
  }
  if (p.watch.state() != partition_watch::phase::sighted || !p.snapshot_bytes.empty()) return;
  if (p.snapshot != unset && steady() - p.snapshot < snapshot_every) return;
  say(p, true);
  p.snapshot_bytes = p.watch.save();
  p.snapshot_after = p.said;
}

void node::deliver() {
  life& l = *life_;
  if (!l.lead.may_deliver(l.fold, steady()) || l.outbox.empty()) return;
  if (l.sending != unset && steady() - l.sending < 150ms) return; // a receiver takes its time
  l.sending = steady();
  const notification& n = l.outbox.begin()->second;
  if (w_.random().below(10) == 0) return; // it failed
  w_.inbox.push_back({w_.now(), n.id, n, name_});
  w_.note(name_ + " notifies " + n.id + " " + n.about.title);
  if (w_.random().below(20) == 0) return; // it came, but its answer did not
  write({name_, lives_, delivered_entry{n.id, false}});
  l.outbox.erase(l.outbox.begin());
}

void node::save() {
  life_->saved = steady();
  if (w_.has(trouble::store_fails, number_)) return;
  writer f, g;
  life_->fold.save(f);
  life_->groups.save(g);
  disk_ = {f.take(), g.take(), life_->outbox};
}

std::string node::desk() const {
  writer out;
  life_->fold.save(out);
  life_->groups.save(out);
  return out.take();
}

std::vector<std::uint32_t> node::watched() const {
  std::vector<std::uint32_t> out;
  for (const auto& [number, p] : life_->partitions)
    if (p->watch.state() == partition_watch::phase::sighted) out.push_back(number);
  return out;
}

bool node::caught_up() const { return life_->fold.next_offset() >= static_cast<std::int64_t>(w_.log().size()); }

} // namespace tocsin::simulation
