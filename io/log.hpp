// Structured log on standard error: an event name and fields. `log::info("source_lost", {{"source", name}})`.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin::log {

using field = std::pair<std::string_view, std::string>;
enum class level { debug, info, warning, error };

void set_level(level least);
void set_json(bool on); ///< JSON lines instead of text
void write(level l, std::string_view event, std::initializer_list<field> fields);
inline void debug(std::string_view event, std::initializer_list<field> fields = {}) { write(level::debug, event, fields); }
inline void info(std::string_view event, std::initializer_list<field> fields = {}) { write(level::info, event, fields); }
inline void warning(std::string_view event, std::initializer_list<field> fields = {}) { write(level::warning, event, fields); }
inline void error(std::string_view event, std::initializer_list<field> fields = {}) { write(level::error, event, fields); }

} // namespace tocsin::log
