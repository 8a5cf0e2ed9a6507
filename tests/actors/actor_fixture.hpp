// Actors under CAF's deterministic scheduler: nothing runs until a test says so, and time is virtual.
#pragma once

#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/protocol.hpp"

namespace tocsin::test {

/// "seconds" of a test's own clock.
inline timestamp at(double seconds) {
  return from_milliseconds(1'700'000'000'000) + from_seconds(seconds);
}

/// A heartbeat every daemon could send. Texts live in `into`.
inline record heartbeat(record_batch& into, double seconds, std::string_view host,
                        std::string_view service = "7500") {
  record r;
  r.at = at(seconds);
  r.host = into.keep(host);
  r.service = into.keep(service);
  r.key_hash = hash_key(r.host, r.service);
  return r;
}

/// One heartbeat of each host at that time.
inline std::shared_ptr<record_batch> heartbeats(double seconds,
                                                std::initializer_list<const char*> hosts) {
  auto batch = std::make_shared<record_batch>();
  for (const char* host : hosts) batch->records.push_back(heartbeat(*batch, seconds, host));
  return batch;
}

/// A snapshot as it is read.
inline std::string joined(const snapshot_taken& taken) {
  std::vector<std::string> head;
  std::string all;
  for (std::string_view piece : taken.pieces(head)) all += piece;
  return all;
}

struct testing_config : caf::actor_system_config {
  testing_config() { set("scheduler.policy", caf::atom("testing")); }
};

// Actors made of functions are undefined behaviour in CAF 0.17 (it dereferences a null pointer), so
// even the small ones are classes.
template <class Message>
class collecting final : public caf::event_based_actor {
public:
  collecting(caf::actor_config& cfg, std::vector<Message>& into)
      : event_based_actor(cfg), into_(into) {}
  caf::behavior make_behavior() override {
    return {[this](const Message& m) { into_.push_back(m); }};
  }

private:
  std::vector<Message>& into_;
};

class actor_fixture : public ::testing::Test {
protected:
  /// Runs until no actor has anything to do; no time passes.
  void run() { scheduler().run(); }
  /// Lets time pass in one step and runs what becomes due.
  void pass(std::chrono::nanoseconds time) {
    scheduler().advance_time(time);
    run();
  }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }

  /// Asks and returns the answer, or fails the test with the error.
  template <class Answer, class... Question>
  Answer ask(const caf::actor& whom, Question&&... question) {
    Answer got{};
    auto pending = self->request(whom, caf::infinite, std::forward<Question>(question)...);
    run();
    pending.receive([&](Answer& answer) { got = std::move(answer); },
                    [&](caf::error& e) { ADD_FAILURE() << system.render(e); });
    return got;
  }
  /// Asks what must be refused; the text of the refusal.
  template <class Answer, class... Question>
  std::string refusal(const caf::actor& whom, Question&&... question) {
    std::string text;
    auto pending = self->request(whom, caf::infinite, std::forward<Question>(question)...);
    run();
    pending.receive([&](Answer&) { ADD_FAILURE() << "was answered"; },
                    [&](caf::error& e) { text = system.render(e); });
    return text;
  }
  /// An actor that keeps every message of one type.
  template <class Message>
  caf::actor collector(std::vector<Message>& into) {
    return system.spawn<collecting<Message>>(into);
  }

  testing_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
};

} // namespace tocsin::test
