#include "actors/recorder.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "actors/supervisor.hpp"
#include "codecs/json_views.hpp"
#include "codecs/notification_json.hpp"
#include "io/log.hpp"
#include "io/report_mail.hpp"
#include "io/snapshot_file.hpp"

namespace tocsin {

namespace {
constexpr auto again_after = std::chrono::seconds{1};          ///< a store that refused is asked again
constexpr std::size_t refused_at_once_max = 100;
constexpr auto commit_after = std::chrono::milliseconds{20}; ///< one transaction for all input of that time

/// Lives for one snapshot.
class snapshot_writer final : public caf::event_based_actor {
public:
  snapshot_writer(caf::actor_config& cfg, caf::actor answer, std::string path, std::uint64_t offset, std::shared_ptr<const snapshot_taken> what)
      : event_based_actor(cfg), answer_(std::move(answer)), path_(std::move(path)), offset_(offset), what_(std::move(what)) {}
  const char* name() const override { return "snapshot writer"; }
  caf::behavior make_behavior() override {
    std::vector<std::string> head;
    const auto pieces = what_->pieces(head);
    std::size_t size = 0;
    for (std::string_view p : pieces) size += p.size();
    const auto kept = write_snapshot_file(path_, pieces);
    send(answer_, snapshot_written{offset_, size, kept ? std::string{} : kept.error().text});
    what_ = nullptr;
    return {};
  }

private:
  caf::actor answer_;
  std::string path_;
  std::uint64_t offset_;
  std::shared_ptr<const snapshot_taken> what_;
};

/// The figures of the alarms as something to deliver.
notification report_of(const report_due& r) {
  notification n{};
  n.at = r.at;
  n.id = "W" + std::to_string(to_nanoseconds(r.at) / 1'000'000'000) + "@" + r.receiver;
  n.receiver = r.receiver;
  n.reason = "report";
  n.about.id = n.id;
  n.about.at = n.about.since = r.at;
  n.about.revision = 1;
  n.about.level = severity::info;
  n.about.title = report_subject(r.figures);
  n.about.because = {cause_kind::self_check, "report", 1};
  n.response = report_text(r.figures);
  n.page = report_html(r.figures);
  return n;
}
}

recorder::recorder(caf::actor_config& cfg, recorder_options options)
    : event_based_actor(cfg), options_(std::move(options)) {}

caf::behavior recorder::make_behavior() {
  keep_exception_text(this);
  return {
      [this](const journal_append& j) {
        if (!j.batch->records.empty()) journal(j.batch);
        if (j.covered) cover(j);
        if (j.number != 0)
          if (auto asker = caf::actor_cast<caf::actor>(current_sender())) send(asker, journaled{j.number});
      },
      [this](const story_told& s) { tell(s.what); },
      [this](const take_snapshot& cut) {
        if (mark_) write(std::exchange(mark_, nullptr));
        if (options_.disk) cuts_[cut.number] = options_.disk->next_offset();
      },
      [this](const snapshot_taken& s) { save(s); },
      [this](const quarantined& q) {
        if (!open_transaction()) return;
        if (auto outcome = options_.disk->quarantine(q.at, q.source, q.what); !outcome) complain("quarantine", outcome.error());
      },
      [this](const attempted& a) {
        record(a);
        if (a.state != "waiting" && options_.settled) options_.settled(a.id, a.state == "dead");
      },
      [this](const notification_settled& n) {
        const timestamp current = time_now(this, options_.anchor);
        record({n.id, n.dead ? "dead" : "delivered", "by node " + n.by, current, current});
      },
      [this](const lead_taken&) {
        commit();
        if (options_.lead_taken) options_.lead_taken();
        options_.metrics->notifications_waiting += refused_.notifications_waiting(); // it has counted what the store has
      },
      [this](const refill_please& r) -> caf::result<refill> { return waiting_for(r); },
      [this](const redrive_dead& r) -> caf::result<std::uint64_t> { return redrive(r); },
      [this](const commit_due&) {
        commit_armed_ = false;
        commit();
      },
      [this](const store_again&) {
        again_armed_ = false;
        put_refused();
        try_again_later();
      },
      [this](const caf::actor& notifier) { options_.notifier = notifier; },
      [this](const snapshot_written& w) { written(w); },
      [this](const flush& f) -> caf::result<caf::unit_t> {
        if (mark_) write(std::exchange(mark_, nullptr));
        commit();
        put_refused();
        if (!writing_ || !f.snapshots) return caf::unit;
        flushes_.push_back(make_response_promise<caf::unit_t>());
        return flushes_.back();
      },
  };
}

void recorder::on_exit() {
  commit();
  flushes_.clear();
  options_.kept = nullptr;
  options_.delivers = nullptr;
  options_.settled = nullptr;
  options_.lead_taken = nullptr;
  options_.notifier = nullptr;
}

bool recorder::open_transaction() {
  if (!options_.disk) return false;
  if (!open_) {
    if (auto outcome = options_.disk->begin(); !outcome) {
      complain("begin", outcome.error());
      return false;
    }
    open_ = true;
  }
  if (!commit_armed_) {
    commit_armed_ = true;
    delayed_send(this, commit_after, commit_due{});
  }
  return true;
}

bool recorder::commit() {
  if (!open_) return true;
  open_ = false;
  const auto outcome = options_.disk->commit();
  if (!outcome) complain("commit", outcome.error());
  else options_.metrics->journal_records += uncommitted_records_;
  uncommitted_records_ = 0;
  if (outcome && options_.kept)
    for (const auto& [source, ticket] : std::exchange(covered_, {})) options_.kept(source, ticket);
  return outcome.has_value();
}

void recorder::complain(const char* what, const error& e) {
  ++options_.metrics->journal_failures;
  const timestamp current = time_now(this, options_.anchor);
  if (complained_ != unset && current - complained_ < 10s) return;
  complained_ = current;
  log::error("store_refused", {{"operation", what}, {"reason", e.text}});
}

void recorder::journal(const batch_ptr& batch) {
  if (batch->records.size() == 1 && batch->records[0].kind == record_kind::time_mark) {
    mark_ = batch;
    return;
  }
  mark_ = nullptr; // these records are later than it
  write(batch);
}

void recorder::write(const batch_ptr& batch) {
  if (!open_transaction()) return;
  if (auto outcome = options_.disk->append(*batch, 0, batch->records.size()); !outcome) complain("append", outcome.error());
  else uncommitted_records_ += batch->records.size();
}

/// How far the log was read goes with what was read: both are there after a crash, or neither.
void recorder::cover(const journal_append& j) {
  covered_.emplace_back(j.source, j.ticket);
  if (!open_transaction() || j.source >= options_.source_names.size()) return;
  if (auto outcome = options_.disk->save_positions(options_.source_names[j.source], *j.covered); !outcome) complain("positions", outcome.error());
}

void recorder::tell(const story_ptr& told) {
  if (told->incidents.empty() && told->notifications.empty() && told->alarms.empty() && told->decisions.empty() && told->reports.empty()) return;
  // What we say must not outlive what made us say it: the passing of time is written first.
  if (mark_) write(std::exchange(mark_, nullptr));
  for (const incident& i : told->incidents)
    if (i.state != incident_state::updated)
      log::info(i.state == incident_state::opened ? "incident_opened" : "incident_closed",
                {{"incident", i.id}, {"severity", std::string{to_text(i.level)}}, {"title", i.title}});
  const bool durable = open_transaction();
  const bool taken = durable && put(*told);
  std::vector<deliver> fresh;
  for (const notification& n : told->notifications) enqueue(n, durable, fresh);
  for (const report_due& r : told->reports) enqueue(report_of(r), durable, fresh);
  const bool committed = commit();
  if (options_.disk && !(taken && committed)) remember(told, fresh);
  if (!options_.notifier || (options_.delivers && !options_.delivers())) return;
  for (deliver& d : fresh) {
    d.stored &= committed;
    send(options_.notifier, std::move(d));
  }
}

bool recorder::put(const story& told) {
  std::string json;
  for (const incident& i : told.incidents) {
    json.clear();
    append_json(json, i);
    if (auto outcome = options_.disk->upsert_incident(i, json); !outcome) return complain("incident", outcome.error()), false;
  }
  if (auto outcome = options_.disk->note(told.decisions, told.alarms); !outcome) return complain("note", outcome.error()), false;
  return true;
}

/// Until the store takes it. It may come behind what is newer, the store knows revisions.
void recorder::remember(const story_ptr& told, const std::vector<deliver>& fresh) {
  if (!refused_.remember(told, fresh)) ++options_.metrics->stories_dropped;
  options_.metrics->stories_waiting = refused_.size();
  try_again_later();
}

void recorder::try_again_later() {
  if (!refused_.empty() && !std::exchange(again_armed_, true)) delayed_send(this, again_after, store_again{});
}

/// Each in a transaction of its own: one that can never be stored must not take others, or the input, with it.
void recorder::put_refused() {
  if (refused_.empty()) return;
  commit();
  for (std::size_t left = std::min(refused_.size(), refused_at_once_max); left > 0; --left) {
    const bool taken = open_transaction() && put(refused_.oldest()) && put_notices();
    if (!commit() || !taken) {
      refused_.oldest_last();
      break;
    }
    refused_.drop_oldest();
  }
  options_.metrics->stories_waiting = refused_.size();
  if (refused_.empty()) log::info("store_caught_up", {});
}

bool recorder::put_notices() {
  const auto outcome = refused_.enqueue_oldest(*options_.disk);
  if (!outcome) complain("enqueue", outcome.error());
  return outcome.has_value();
}

/// Into the outbox, and among those to hand over, unless it was said in a former life.
void recorder::enqueue(const notification& n, bool durable, std::vector<deliver>& fresh) {
  bool stored = false;
  if (durable) {
    std::string json;
    append_json(json, n);
    auto is_new = options_.disk->enqueue({n.id, n.receiver, json, n.at, n.at, 0, "waiting", "", n.about.level});
    if (!is_new) complain("enqueue", is_new.error());
    else if (!*is_new) return;
    stored = is_new.has_value();
  }
  fresh.push_back({std::make_shared<const notification>(n), 0, unset, {}, stored});
}

/// Where there are files it is written on a thread of its own: megabytes must not hold up what is to be told.
void recorder::save(const snapshot_taken& s) {
  const auto at = cuts_.find(s.cut.number);
  if (!options_.disk || at == cuts_.end()) return;
  const std::uint64_t offset = at->second;
  cuts_.erase(cuts_.begin(), std::next(at));
  commit(); // whoever has the snapshot has the journal up to it
  const std::string folder = options_.disk->snapshot_folder();
  if (folder.empty()) {
    std::vector<std::string> head;
    std::string bytes;
    for (std::string_view p : s.pieces(head)) bytes += p;
    return keep_snapshot(offset, bytes.size(), bytes);
  }
  if (writing_) { // a slow disk: the newest counts
    next_ = std::make_shared<const snapshot_taken>(s);
    next_offset_ = offset;
    return;
  }
  write_file(std::make_shared<const snapshot_taken>(s), offset);
}

void recorder::write_file(std::shared_ptr<const snapshot_taken> s, std::uint64_t offset) {
  writing_ = true;
  spawn<snapshot_writer, caf::detached>(caf::actor_cast<caf::actor>(this), snapshot_file(options_.disk->snapshot_folder(), offset), offset,
                                        std::move(s));
}

void recorder::written(const snapshot_written& w) {
  writing_ = false;
  put_refused(); // whoever begins with the snapshot does not hear of them again
  if (w.refused.empty()) keep_snapshot(w.offset, w.bytes, {});
  else complain("snapshot", {errc::io, w.refused});
  if (auto next = std::exchange(next_, nullptr)) return write_file(std::move(next), next_offset_);
  for (auto& p : std::exchange(flushes_, {})) p.deliver(caf::unit);
}

void recorder::keep_snapshot(std::uint64_t offset, std::size_t size, const std::string& bytes) {
  if (!open_transaction()) return;
  if (auto outcome = options_.disk->save_snapshot({offset, bytes}); !outcome) return complain("snapshot", outcome.error());
  ++options_.metrics->snapshots;
  options_.metrics->snapshot_bytes = size;
  commit();
  // The journal is kept for replay as long as configured, and from the older snapshot on in any case.
  snapshot_offsets_[0] = std::exchange(snapshot_offsets_[1], offset);
  const timestamp current = time_now(this, options_.anchor);
  const auto aged = options_.disk->offset_at(current - options_.keep_journal);
  if (!aged) return complain("trim", aged.error());
  auto trimmed = options_.disk->trim(std::min(snapshot_offsets_[0], *aged), current - options_.keep_incidents);
  if (!trimmed) complain("trim", trimmed.error());
}

caf::result<refill> recorder::waiting_for(const refill_please& r) {
  if (!options_.disk) return refill{{}, true};
  commit(); // what is asked for may be in the open transaction
  auto rows = options_.disk->waiting_for(r.receiver, r.most);
  if (!rows) {
    complain("waiting_for", rows.error());
    return caf::make_error(caf::sec::runtime_error, rows.error().text);
  }
  refill out{{}, rows->size() < r.most};
  for (outbox_entry& e : *rows) {
    auto n = parse_notification(e.body);
    if (n) out.all.push_back({std::make_shared<const notification>(std::move(*n)), e.attempts, e.next_attempt, std::move(e.remaining)});
    else give_up(e.id, n.error());
  }
  add_refused(r, out);
  return out;
}

/// What memory alone has waits like what is on disk.
void recorder::add_refused(const refill_please& r, refill& out) const {
  std::vector<deliver> more = refused_.waiting_for(r.receiver);
  if (more.empty()) return;
  std::ranges::move(more, std::back_inserter(out.all));
  std::ranges::sort(out.all, [](const deliver& a, const deliver& b) {
    const notification &x = *a.what, &y = *b.what;
    return std::tuple{y.about.level, x.at, std::string_view{x.id}} < std::tuple{x.about.level, y.at, std::string_view{y.id}};
  });
  if (out.all.size() < r.most) return;
  out.complete = false;
  out.all.resize(r.most);
}

/// It would be asked for again and again.
void recorder::give_up(const std::string& id, const error& why) {
  log::error("outbox_entry_unreadable", {{"notification", id}, {"reason", why.text}});
  const timestamp current = time_now(this, options_.anchor);
  record({id, "dead", "unreadable on disk: " + why.text, current, current});
  ++options_.metrics->notifications_dead;
  --options_.metrics->notifications_waiting;
}

caf::result<std::uint64_t> recorder::redrive(const redrive_dead& r) {
  if (!options_.disk) return caf::make_error(caf::sec::invalid_argument, "nothing is kept: data_dir is empty");
  commit();
  auto count = options_.disk->redrive(r.receiver, r.from, r.until, time_now(this, options_.anchor));
  if (!count) {
    complain("redrive", count.error());
    return caf::make_error(caf::sec::invalid_argument, count.error().text);
  }
  options_.metrics->notifications_waiting += *count;
  if (*count && options_.notifier) send(options_.notifier, look_at_outbox{});
  return *count;
}

void recorder::record(const attempted& a) {
  if (refused_.record(a)) return;
  commit(); // of what was never put into the outbox nothing can be recorded: the input must not fall with it
  if (!open_transaction()) return;
  if (auto outcome = options_.disk->record_attempt(a.id, a.state, a.at, a.next_attempt, a.answer, a.remaining); !outcome)
    complain("attempt", outcome.error());
  // A delivered notification must not be repeated: known at once.
  commit();
}

} // namespace tocsin
