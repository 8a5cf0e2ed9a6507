// The table of keys: every key once, with type, range, unit and meaning; loader, schema and
// reference walk it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/time.hpp"

namespace tocsin::keys {

/// Why a value cannot be taken, and what to write instead.
struct complaint {
  std::string text, remedy;
};
/// Checks the form of a text; nothing = fine.
using text_check = std::optional<complaint> (*)(std::string_view);

struct text_value {
  std::string* to;
  text_check check = nullptr;
  bool many_lines = false; ///< may hold line ends and tabs
};
struct flag_value {
  bool* to;
};
struct whole_value {
  std::variant<std::uint32_t*, std::uint64_t*> to;
  std::uint64_t min, max;
};
struct number_value {
  double* to;
  double min, max;
};
struct span_value {
  duration* to;
  duration min, max;
};
struct choice_value {
  std::vector<std::string_view> names;
  std::function<void(std::size_t)> set;
  std::function<std::size_t()> get;
};
struct texts_value {
  std::vector<std::string>* to;
  text_check check = nullptr;
  bool may_be_empty = false;
};
struct text_map_value {
  std::vector<std::pair<std::string, std::string>>* to;
};

struct key;

/// A map of keys. `enabled` set: the whole section may be the bare value `off` or `on`.
struct section {
  std::vector<key> keys;
  bool* enabled = nullptr;
  std::string_view definition; ///< name under which several places share one description
  std::shared_ptr<void> owner; ///< what the keys point into, when nobody else keeps it

  key& text(std::string_view name, std::string& to, std::string_view doc,
            text_check check = nullptr);
  key& flag(std::string_view name, bool& to, std::string_view doc);
  key& whole(std::string_view name, std::uint32_t& to, std::uint64_t min, std::uint64_t max,
             std::string_view doc);
  key& whole(std::string_view name, std::uint64_t& to, std::uint64_t min, std::uint64_t max,
             std::string_view doc);
  key& number(std::string_view name, double& to, double min, double max, std::string_view doc);
  key& span(std::string_view name, duration& to, duration min, duration max, std::string_view doc);
  key& choice(std::string_view name, std::string& to, std::vector<std::string_view> names,
              std::string_view doc);
  /// For an enum whose values count from 0 in the order of `names`.
  template <class Enum>
  requires std::is_enum_v<Enum> key& choice(std::string_view name, Enum& to,
                                            std::vector<std::string_view> names,
                                            std::string_view doc);
  key& texts(std::string_view name, std::vector<std::string>& to, std::string_view doc,
             text_check check = nullptr);
  key& text_map(std::string_view name, std::vector<std::pair<std::string, std::string>>& to,
                std::string_view doc);
  key& group(std::string_view name, section inner, std::string_view doc);
  /// A list of sections. `make` gives a new item, `describe` its keys.
  template <class Item, class Make, class Describe>
  key& list(std::string_view name, std::vector<Item>& items, std::size_t most, Make make,
            Describe describe, std::string_view doc);

private:
  template <class Value>
  key& add(std::string_view name, std::string_view doc, Value value);
};

/// A list whose items are sections; the keys of an item point into the vector and live until it
/// grows.
struct sections_value {
  std::function<void()> clear;
  std::function<section()> append;
  std::function<std::size_t()> size;
  std::function<section(std::size_t)> at;
  std::function<section()> prototype; ///< an item outside the list, for descriptions
  std::size_t most = 0;               ///< items; 0 = bounded only by the size of the file
};

struct key {
  std::string_view name;
  std::string_view doc;
  std::string_view unit_text;
  std::vector<std::string_view>
      kinds;                ///< only for sources or receivers of these kinds; empty = all
  bool is_required = false; ///< with `kinds`: by these kinds
  std::variant<text_value, flag_value, whole_value, number_value, span_value, choice_value,
               texts_value, text_map_value, section, sections_value>
      value;

  key& unit(std::string_view text) {
    unit_text = text;
    return *this;
  }
  key& required() {
    is_required = true;
    return *this;
  }
  key& many_lines() { ///< for a text
    std::get<text_value>(value).many_lines = true;
    return *this;
  }
  key& or_none() { ///< for texts: an empty list is one, too
    std::get<texts_value>(value).may_be_empty = true;
    return *this;
  }
  key& only_for(std::vector<std::string_view> names) {
    kinds = std::move(names);
    return *this;
  }
};

template <class Enum>
requires std::is_enum_v<Enum> key& section::choice(std::string_view name, Enum& to,
                                                   std::vector<std::string_view> names,
                                                   std::string_view doc) {
  return add(name, doc,
             choice_value{std::move(names), [&to](std::size_t i) { to = static_cast<Enum>(i); },
                          [&to] { return static_cast<std::size_t>(to); }});
}

template <class Item, class Make, class Describe>
key& section::list(std::string_view name, std::vector<Item>& items, std::size_t most, Make make,
                   Describe describe, std::string_view doc) {
  return add(name, doc,
             sections_value{[&items] { items.clear(); },
                            [&items, make, describe] {
                              items.push_back(make());
                              return describe(items.back());
                            },
                            [&items] { return items.size(); },
                            [&items, describe](std::size_t i) { return describe(items[i]); },
                            [make, describe] {
                              auto item = std::make_shared<Item>(make());
                              section s = describe(*item);
                              s.owner = item;
                              return s;
                            },
                            most});
}

template <class Value>
key& section::add(std::string_view name, std::string_view doc, Value value) {
  keys.push_back(key{name, doc, {}, {}, false, std::move(value)});
  return keys.back();
}

/// "a duration", "a whole number" …, for messages and the reference.
std::string_view type_name(const key& k);
/// "1s to 1d", "info, warning or critical"; empty when every value of the type is right.
std::string range_text(const key& k);
/// Takes the text of a YAML scalar (`plain`: written without quotes).
std::optional<complaint> assign(const key& k, const std::string& scalar, bool plain);
/// The present value of a scalar key as YAML would be read back; lists in flow style.
std::string print(const key& k);
bool is_scalar(const key& k);

/// The shortest text that reads back as the same number.
std::string plain_number(double value);
/// At most 64 characters of a value, quoted, safe to print.
std::string quote(std::string_view value);
/// The most similar of `names`, when it is similar enough to be meant.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names);

} // namespace tocsin::keys
