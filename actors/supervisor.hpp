// Starts children, notices their end, starts them again with back-off, and gives up visibly when that does not help.
#pragma once

#include <caf/all.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tocsin {

struct child_spec {
  std::string name;
  std::function<caf::actor(caf::event_based_actor* parent)> start;
  /// A vital child is not started again alone: its end ends the supervisor, and the node with it, which
  /// comes back from its journal. The input path is vital: its parts only make sense together.
  bool vital = false;
};

struct restart_limits {
  std::chrono::milliseconds backoff_first{50}, backoff_most{5000}, stable{10000};
  std::size_t restarts_max = 5; ///< within the window; one more and the supervisor ends
  std::chrono::seconds window{60};
};

struct supervisor_options {
  std::vector<child_spec> children; ///< started in order, stopped in reverse
  restart_limits limits;
  std::function<void(const std::string& name, const caf::actor&)> started;      ///< also after a restart
  std::function<void(const std::string& name, const std::string& reason)> gave_up;
};

class supervisor final : public caf::event_based_actor {
public:
  supervisor(caf::actor_config& cfg, supervisor_options options);
  const char* name() const override { return "supervisor"; }
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct child {
    child_spec spec;
    caf::actor handle;
    std::uint64_t life = 0;
    unsigned attempts = 0;
    caf::actor_clock::time_point started;
  };
  void start_child(child& c);
  void down(caf::down_msg& d);
  void give_up(const std::string& name, const std::string& reason);

  supervisor_options options_;
  std::vector<child> children_;
  std::map<caf::actor_addr, std::size_t> numbers_;
  std::deque<caf::actor_clock::time_point> restarts_;
};

/// To a supervisor: start child `number` again, unless it lives a later life.
struct restart_child {
  std::size_t number;
  std::uint64_t life;
};

/// The text of an exit reason, including what an exception said.
std::string reason_text(const caf::actor_system& system, const caf::error& reason);

/// Keeps an exception's text in the exit reason; CAF 0.17 alone loses it.
void keep_exception_text(caf::scheduled_actor* self);

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::restart_child)
