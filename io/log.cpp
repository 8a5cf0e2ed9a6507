// Structured log on standard error through spdlog, as text or JSON lines.
#include "io/log.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "codecs/json_views.hpp"
#include "io/clock.hpp"
#include "io/log_limiter.hpp"
#include "io/text.hpp"

namespace tocsin::log {

namespace {

constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v";
constexpr const char* json_pattern = R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

spdlog::level::level_enum to_spdlog(level l) {
  switch (l) {
  case level::debug:
    return spdlog::level::debug;
  case level::info:
    return spdlog::level::info;
  case level::warning:
    return spdlog::level::warn;
  case level::error:
    return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// Values with a space, quote, equals sign or anything unprintable are quoted: one line, one event.
void append_value(std::string& out, std::string_view value) {
  bool bare = !value.empty();
  for (std::string_view rest = value; bare && !rest.empty();) {
    const auto c = static_cast<unsigned char>(rest[0]);
    const std::size_t length = utf8_length(rest);
    bare = length > 1 ? c != 0xC2
                      : length == 1 && c > 0x20 && c != 0x7f && c != '"' && c != '=' && c != '\\';
    rest.remove_prefix(length ? length : 1);
  }
  if (bare)
    out += value;
  else
    append_json_string(out, value);
}

class journalist {
public:
  journalist() {
    const char* no_color = std::getenv("NO_COLOR");
    const bool plain = no_color != nullptr && *no_color != '\0';
    // Automatic: colours only on a terminal that knows them.
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_st>(
        plain ? spdlog::color_mode::never : spdlog::color_mode::automatic);
    logger_ = std::make_unique<spdlog::logger>("tocsin", std::move(sink));
    logger_->set_level(spdlog::level::info);
    logger_->flush_on(spdlog::level::trace);
    set_pattern();
  }

  ~journalist() {
    const std::lock_guard guard{mutex_};
    tell_suppressed(duration::max());
  }

  void set_level(level least) { logger_->set_level(to_spdlog(least)); }

  void set_json(bool on) {
    const std::lock_guard guard{mutex_};
    json_ = on;
    set_pattern();
  }

  void write(level l, std::string_view event, std::initializer_list<field> fields) {
    if (!logger_->should_log(to_spdlog(l))) return;
    const auto now = monotonic_clock().time_since_epoch();
    const std::lock_guard guard{mutex_};
    tell_suppressed(now);
    if (limiter_.admit(event, now))
      logger_->log(to_spdlog(l), spdlog::string_view_t{format(event, fields)});
  }

private:
  void set_pattern() {
    logger_->set_pattern(json_ ? json_pattern : text_pattern, spdlog::pattern_time_type::utc);
  }

  std::string format(std::string_view event, std::initializer_list<field> fields) const {
    std::string line;
    if (json_) {
      line += R"("event":)";
      append_json_string(line, event);
    } else {
      append_value(line, event);
    }
    for (const auto& [name, value] : fields) {
      line += json_ ? ',' : ' ';
      if (json_) {
        append_json_string(line, name);
        line += ':';
        append_json_string(line, value);
      } else {
        append_value(line, name);
        line += '=';
        append_value(line, value);
      }
    }
    return line;
  }

  void tell_suppressed(duration now) {
    for (const auto& [event, count] : limiter_.take_suppressed(now)) {
      const std::string line =
          format("log_suppressed", {{"suppressed", event}, {"count", std::to_string(count)}});
      logger_->log(spdlog::level::warn, spdlog::string_view_t{line});
    }
  }

  std::mutex mutex_;
  std::unique_ptr<spdlog::logger> logger_;
  limiter limiter_;
  bool json_ = false;
};

journalist& the_journalist() {
  static journalist one;
  return one;
}

} // namespace

void set_level(level least) { the_journalist().set_level(least); }
void set_json(bool on) { the_journalist().set_json(on); }
void write(level l, std::string_view event, std::initializer_list<field> fields) {
  the_journalist().write(l, event, fields);
}

} // namespace tocsin::log
