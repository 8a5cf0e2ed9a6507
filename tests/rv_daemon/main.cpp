// tocsin-test-rvd: a Rendezvous daemon that publishes the JSON lines it reads on standard input.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "rv_daemon/json_advisory.hpp"
#include "rv_daemon/rv_daemon.hpp"

namespace {

constexpr const char* usage =
    "usage: tocsin-test-rvd [--port N] [--service TEXT] [--network TEXT] [--status-every SECONDS] "
    "[--wait-for N]\n"
    "\n"
    "A Rendezvous daemon for tests and demonstrations on 127.0.0.1. Reads lines such as\n"
    "  {\"at\": 0, \"subject\": \"_RV.INFO.SYSTEM.HOST.STATUS.0A62A389\", \"message\": "
    "{\"hostaddr\": \"10.98.163.137\", \"up\": 990}}\n"
    "on standard input and publishes each at once to the clients that listen to its subject.\n"
    "\n"
    "  --port N                TCP port for clients; 0 = any free one (default 7500)\n"
    "  --service TEXT          service it names itself (default 7500)\n"
    "  --network TEXT          network it names itself (default none)\n"
    "  --status-every SECONDS  also publish a HOST.STATUS of its own (default 0 = never)\n"
    "  --wait-for N            do not read before N clients listen (default 0)\n"
    "  --linger                serve on after the end of input\n"
    "\n"
    "Prints \"listening on ADDRESS\" when ready. Ends at the end of input.\n";

int wrong_usage(const std::string& why) {
  std::cerr << "tocsin-test-rvd: " << why << "\n\n" << usage;
  return 2;
}

bool number(const std::string& text, int most, int& value) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc{} && end == text.data() + text.size() && value >= 0 && value <= most;
}

struct options {
  tocsin::test::rv_daemon_settings settings;
  int wait_for = 0;
  bool linger = false;
};

/// Reads standard input to its end; returns how many lines could not be published.
int publish_lines(tocsin::test::rv_daemon& daemon) {
  int bad = 0;
  std::uint64_t line_number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto advisory = tocsin::test::parse_json_advisory(line);
    const auto sent = advisory ? daemon.publish(advisory->subject, advisory->data)
                               : tl::make_unexpected(advisory.error());
    if (sent) continue;
    ++bad;
    std::cerr << "tocsin-test-rvd: line " << line_number << ": " << sent.error().text << '\n';
  }
  return bad;
}

} // namespace

int main(int argc, char** argv) {
  options o;
  o.settings.port = 7500;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help") return std::cout << usage, 0;
    if (option == "--linger") {
      o.linger = true;
      continue;
    }
    if (i + 1 == argc) return wrong_usage(option + " is unknown or lacks its value");
    const std::string value = argv[++i];
    int n = 0;
    if (option == "--service")
      o.settings.service = value;
    else if (option == "--network")
      o.settings.network = value;
    else if (option == "--port" && number(value, 65535, n))
      o.settings.port = static_cast<std::uint16_t>(n);
    else if (option == "--status-every" && number(value, 86400, n))
      o.settings.status_every = std::chrono::seconds{n};
    else if (option == "--wait-for" && number(value, 1000, n))
      o.wait_for = n;
    else
      return wrong_usage("'" + option + " " + value + "' is not understood");
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto daemon = tocsin::test::rv_daemon::start(o.settings);
  if (!daemon) {
    std::cerr << "tocsin-test-rvd: " << daemon.error().text << '\n';
    return 1;
  }
  std::cout << "listening on " << (*daemon)->address() << std::endl;
  const auto enough = [&](const tocsin::test::rv_daemon_stats& s) {
    return s.listening >= o.wait_for;
  };
  while (!(*daemon)->wait_until(enough, std::chrono::hours{1})) {
  }
  const int bad = publish_lines(**daemon);
  const auto all_sent = [](const tocsin::test::rv_daemon_stats& s) { return s.waiting == 0; };
  (*daemon)->wait_until(all_sent, std::chrono::seconds{10});
  if (o.linger)
    (*daemon)->wait_until([](const auto&) { return false; }, std::chrono::hours{24 * 365});
  return bad == 0 ? 0 : 1;
}
