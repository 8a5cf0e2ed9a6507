// What the tests of senders share: a notification, certificates, and servers as child processes.
#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/sender.hpp"
#include "support.hpp"

namespace tocsin::test {

inline constexpr const char* python = "/usr/bin/python3";

inline timestamp at(const char* text) { return *parse_rfc3339(text); }

inline notification a_notification() {
  incident i{};
  i.id = "inc-7f3a";
  i.revision = 1;
  i.state = incident_state::opened;
  i.level = severity::critical;
  i.title = "10.98.163.137 on service 7500 is silent";
  i.because = {cause_kind::heartbeat_lost, "rvd/10.98.163.137/7500", 0.934};
  i.members = {"rvd/10.98.163.137/7500"};
  i.member_count = 1;
  i.group = "segment/7500/;239.1.1.1";
  i.since = at("2026-11-21T07:21:00Z");
  i.at = at("2026-11-21T07:25:03.5Z");
  i.facts = {{"last_heard", at("2026-11-21T07:21:00Z")},
             {"missed_heartbeats", std::int64_t{3}},
             {"period_s", 90.01234},
             {"stopped_on_purpose", false},
             {"version", std::string{"8.7.0"}}};
  notification n;
  n.at = i.at;
  n.id = "inc-7f3a.1@ops";
  n.receiver = "ops";
  n.reason = "opened";
  n.about = i;
  return n;
}

inline notification closed(notification n) {
  n.id = "inc-7f3a.2@ops";
  n.reason = "closed";
  n.about.revision = 2;
  n.about.state = incident_state::closed;
  n.about.until = n.at = n.about.at = at("2026-11-21T08:33:05Z");
  return n;
}

/// An authority "ca", a server certificate for 127.0.0.1, a client's, and "stranger", another
/// authority.
class certificates {
public:
  certificates() {
    const std::string make =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 ";
    const auto run = [&](const std::string& name, const std::string& more) {
      const std::string command =
          make + "-keyout '" + key(name) + "' -out '" + file(name) + "' " + more + " 2>/dev/null";
      if (std::system(command.c_str()) != 0) ADD_FAILURE() << "openssl failed: " << command;
    };
    run("ca", "-subj /CN=test-authority");
    run("stranger", "-subj /CN=stranger");
    const std::string signed_by_us =
        "-CA '" + file("ca") + "' -CAkey '" + key("ca") +
        "' -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1 ";
    run("server", signed_by_us + "-subj /CN=localhost");
    run("client", signed_by_us + "-subj /CN=tocsin-node");
  }
  std::string file(const std::string& name) const { return directory_.file(name + ".pem"); }
  std::string key(const std::string& name) const { return directory_.file(name + ".key"); }
  static const certificates& all() {
    static const certificates one;
    return one;
  }

private:
  temporary_directory directory_;
};

/// A Python server next to this file: says its port first, then a JSON object per line.
class server_process {
public:
  server_process(const std::string& script, const std::vector<std::string>& options)
      : child_([&] {
          std::vector<std::string> command{python, "-B", TOCSIN_SOURCE_DIR "/tests/io/" + script};
          command.insert(command.end(), options.begin(), options.end());
          return command;
        }()) {
    const auto line = child_.line();
    if (!line) ADD_FAILURE() << script << " did not start";
    port = line ? *line : "0";
  }
  nlohmann::json next() {
    const auto line = child_.line();
    if (!line) ADD_FAILURE() << "nothing was received";
    return line ? nlohmann::json::parse(*line) : nlohmann::json{};
  }
  /// Whether nothing has come so far.
  bool is_quiet() { return !child_.line(test_clock::now()); }
  std::string port;

private:
  child child_;
};

inline bool python_has(const char* module) {
  const std::string command = std::string{python} + " -c 'import " + module + "' 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

} // namespace tocsin::test
