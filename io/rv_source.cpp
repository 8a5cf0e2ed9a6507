// A Rendezvous daemon as a source: one thread, one socket, every wait with an end.
#include "io/rv_source_impl.hpp"

#include <algorithm>

#include "io/log.hpp"

namespace tocsin {

namespace {

constexpr duration reconnect_least = 1ms; ///< never a loop without any pause

decode_context with_vantage(decode_context context, std::uint8_t vantage) {
  context.vantage = vantage;
  return context;
}

} // namespace

rv_source::rv_source(source_settings settings, std::uint8_t vantage, rv_source_timing timing)
    : timing_(timing), settings_(std::move(settings)),
      decoder_(with_vantage(settings_.context, vantage)), random_(std::random_device{}()) {
  settings_.reconnect_min = std::max(settings_.reconnect_min, reconnect_least);
  settings_.reconnect_max = std::max(settings_.reconnect_max, settings_.reconnect_min);
  retry_delay_ = settings_.reconnect_min;
  status_.name = settings_.name;
  status_.kind = "rv";
  status_.state = "connecting";
  status_.detail = settings_.daemon;
}

void rv_source::start(source_callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  thread_ = std::thread{[this] { run(); }};
}

void rv_source::grant(std::size_t batches) {
  credit_.fetch_add(batches);
  wake_.signal();
}

void rv_source::stop() {
  stopping_ = true;
  wake_.signal();
  if (thread_.get_id() == std::this_thread::get_id()) return; // from a callback: the owner joins
  std::lock_guard lock{stop_mutex_};
  if (thread_.joinable()) thread_.join();
}

source_status rv_source::status() const {
  std::lock_guard lock{status_mutex_};
  return status_;
}

void rv_source::set_state(std::string state, std::string detail) {
  std::lock_guard lock{status_mutex_};
  status_.state = std::move(state);
  status_.detail = std::move(detail);
}

void rv_source::update_counts() {
  std::lock_guard lock{status_mutex_};
  status_.records = counts_.records;
  status_.errors = counts_.errors;
  status_.ignored = counts_.ignored;
  status_.bytes = counts_.bytes;
  status_.reconnects = counts_.reconnects;
}

result<host_and_port> rv_source::check_settings() const {
  for (const std::string& pattern : settings_.listen)
    if (auto ok = check_pattern(pattern); !ok) return tl::make_unexpected(std::move(ok.error()));
  return parse_daemon_address(settings_.daemon);
}

void rv_source::run() {
  const auto at = check_settings();
  if (!at) {
    // Trying again cannot help: say so and wait for the end.
    set_state("lost", at.error().text);
    log::error("source_settings", {{"source", settings_.name}, {"error", at.error().text}});
    say_blind();
    while (!stopping_) {
      hand_on();
      wait(-1, 0, steady::time_point::max());
    }
    return;
  }
  while (!stopping_) {
    // One batch may wait for credit, no more: a link that flaps must not pile up records.
    while (!hand_on() && !stopping_) wait(-1, 0, steady::time_point::max());
    if (stopping_) return;
    update_counts();
    set_state("connecting", settings_.daemon);
    link_began_ = monotonic_clock();
    const error why = run_link(*at);
    socket_ = file_handle{};
    if (stopping_) return;
    on_lost(why);
    wait_before_retry(why, monotonic_clock() - link_began_);
  }
}

void rv_source::decode(std::string_view frame, timestamp now) {
  ++frames_;
  const auto made = decoder_.decode(frame, pending_);
  const auto problem = made ? decoder_.take_problem() : std::optional{made.error()};
  if (problem) {
    ++counts_.errors;
    if (errors_.size() < rv_errors_per_poll_max)
      errors_.push_back(
          {frames_, problem->code, problem->text, std::string{frame.substr(0, 4096)}});
  }
  if (!made) return;
  // Of our own sight the link itself knows; whoever publishes such a thing must not be able to
  // blind us.
  const bool about_sight = *made && ((*made)->kind == record_kind::sight_lost ||
                                     (*made)->kind == record_kind::sight_regained);
  if (about_sight) pending_.records.pop_back();
  if (!*made || about_sight) {
    ++counts_.ignored;
    return;
  }
  record& r = **made;
  const bool by_message = settings_.time == "message" && r.sent_at != unset;
  r.at = by_message ? r.sent_at : now;
  r.timed_by = by_message ? time_source::message : time_source::arrival;
  ++counts_.records;
}

void rv_source::on_listening(const rv_session& session, timestamp now) {
  listening_ = true;
  blind_said_ = false;
  if (std::exchange(listened_before_, true)) ++counts_.reconnects;
  last_frame_ = monotonic_clock();
  const rv_init_response& daemon = session.daemon();
  if (settings_.context.daemon_host.empty()) {
    char dotted[16];
    decoder_.builder().set_daemon_host({dotted, write_dotted(daemon.address, dotted)});
  }
  const std::string own_status = "_RV.INFO.SYSTEM.HOST.STATUS." + host_id_text(daemon.address);
  watching_ =
      std::any_of(settings_.listen.begin(), settings_.listen.end(),
                  [&](const std::string& pattern) { return subject_matches(pattern, own_status); });
  add_sight(record_kind::sight_regained, now);
  set_state("listening", settings_.daemon + " as " + session.name());
  log::info(
      "source_listening",
      {{"source", settings_.name}, {"daemon", settings_.daemon}, {"session", session.name()}});
}

void rv_source::on_lost(const error& why) {
  say_blind();
  listening_ = false;
  set_state("lost", why.text);
  log::warning("source_lost",
               {{"source", settings_.name}, {"daemon", settings_.daemon}, {"error", why.text}});
}

/// Once per loss. Also when we never saw: after a restart nobody else would say that we are blind.
void rv_source::say_blind() {
  if (!std::exchange(blind_said_, true)) add_sight(record_kind::sight_lost, wall_clock());
}

void rv_source::add_sight(record_kind kind, timestamp now) {
  decoder_.builder().begin(kind);
  record* r = decoder_.builder().end(pending_);
  r->at = now;
  r->timed_by = time_source::arrival;
  ++counts_.records;
}

/// False: records wait for credit.
bool rv_source::hand_on() {
  if (pending_.records.empty()) return true;
  if (credit_ == 0) return false;
  --credit_;
  callbacks_.batch(std::exchange(pending_, {}));
  return true;
}

void rv_source::hand_on_errors() {
  const std::uint64_t slow = decoder_.builder().slow_consumers();
  if (slow != slow_told_) {
    slow_told_ = slow;
    set_state("listening", settings_.daemon + "; the daemon dropped messages for us " +
                               std::to_string(slow) +
                               " times (CLIENT.SLOWCONSUMER): we read too slowly");
    log::warning("source_slow_consumer",
                 {{"source", settings_.name}, {"times", std::to_string(slow)}});
  }
  if (!errors_.empty() && callbacks_.errors) callbacks_.errors(std::exchange(errors_, {}));
  errors_.clear();
}

/// Without credit the socket is left alone; the time that passes is ours, not the daemon's.
void rv_source::hold() {
  const auto before = monotonic_clock();
  wait(-1, 0, steady::time_point::max());
  const auto passed = monotonic_clock() - before;
  last_frame_ += passed;
  frame_began_ += passed;
}

void rv_source::wait_before_retry(const error& why, steady::duration lasted) {
  // A link that held is a fresh start; one that breaks at once is not.
  if (lasted >= steady_span(settings_.reconnect_max)) retry_delay_ = settings_.reconnect_min;
  if (why.code == errc::refused) retry_delay_ = settings_.reconnect_max;
  const double half = to_seconds(retry_delay_) / 2;
  const duration delay =
      from_seconds(half + half * std::uniform_real_distribution<>{0, 1}(random_));
  retry_delay_ = std::clamp(2 * retry_delay_, settings_.reconnect_min, settings_.reconnect_max);
  set_state("lost", why.text + "; next try in " +
                        to_text(std::chrono::ceil<std::chrono::milliseconds>(delay)));
  update_counts();
  const auto deadline = monotonic_clock() + steady_span(delay);
  while (!stopping_ && monotonic_clock() < deadline) {
    hand_on();
    wait(-1, 0, deadline);
  }
}

std::unique_ptr<source> make_rv_source(source_settings settings, std::uint8_t vantage) {
  return make_rv_source(std::move(settings), vantage, {});
}

std::unique_ptr<source> make_rv_source(source_settings settings, std::uint8_t vantage,
                                       rv_source_timing timing) {
  return std::make_unique<rv_source>(std::move(settings), vantage, timing);
}

} // namespace tocsin
