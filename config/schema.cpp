// The JSON Schema, generated from the table.
#include "config/schema.hpp"

#include <algorithm>
#include <set>

#include "config/document.hpp"
#include "config/forms.hpp"
#include "config/interval_text.hpp"
#include "config/json_text.hpp"

namespace tocsin {

namespace {

using keys::key;
using keys::section;

json_text type_of(std::vector<std::string_view> names) {
  return names.size() == 1 ? json_text::string(names[0]) : json_text::array_of_strings(names);
}

json_text text_schema(keys::text_check check) {
  json_text out = json_text::object();
  // `service: 7500` is a number to YAML; the loader takes its text.
  // To YAML 1.1, so are 17:00, 1:5 and 2026.
  const bool may_be_number = check == &forms::service || check == &forms::time_of_day ||
                             check == &forms::days_of_month || check == &forms::months || check == &forms::years;
  out.set("type", may_be_number ? type_of({"string", "integer"}) : type_of({"string"}));
  if (const auto pattern = forms::schema_pattern(check); !pattern.empty())
    out.set("pattern", json_text::string(pattern));
  return out;
}

class schema_writer {
public:
  json_text root() {
    document d;
    const section table = describe(d);
    json_text properties = members(table);
    json_text out = json_text::object();
    out.set("$schema", json_text::string("https://json-schema.org/draft/2020-12/schema"));
    out.set("title", json_text::string("Configuration of tocsin"));
    out.set("type", type_of({"object", "null"}));
    out.set("additionalProperties", json_text::raw("false"));
    out.set("properties", std::move(properties));
    out.set("$defs", std::move(definitions_));
    return out;
  }

private:
  json_text members(const section& s) {
    json_text out = json_text::object();
    for (const key& k : s.keys) out.set(k.name, describe_key(k));
    return out;
  }

  json_text describe_key(const key& k) {
    json_text out = value_schema(k);
    std::string doc{k.doc};
    if (!k.unit_text.empty()) doc += " Unit: " + std::string{k.unit_text} + '.';
    if (!k.kinds.empty()) {
      doc += " Only for kind ";
      for (std::size_t i = 0; i < k.kinds.size(); ++i)
        doc += (i > 0 ? " or " : "") + std::string{k.kinds[i]};
      doc += '.';
    }
    out.set("description", json_text::string(doc));
    return out;
  }

  json_text value_schema(const key& k) {
    if (const auto* inner = std::get_if<section>(&k.value)) return section_schema(*inner);
    if (const auto* list = std::get_if<keys::sections_value>(&k.value)) {
      json_text out = json_text::object();
      out.set("type", type_of({"array", "null"}));
      if (list->most > 0) out.set("maxItems", json_text::raw(std::to_string(list->most)));
      return out.set("items", section_schema(list->prototype(), true));
    }
    if (const auto* texts = std::get_if<keys::texts_value>(&k.value)) {
      json_text out = json_text::object();
      out.set("type", json_text::string("array"));
      if (!texts->may_be_empty) out.set("minItems", json_text::raw("1"));
      out.set("items", text_schema(texts->check));
      if (!k.is_required) out.set("default", json_text::raw(keys::print(k)));
      return out;
    }
    if (std::holds_alternative<keys::text_map_value>(k.value)) {
      json_text any = json_text::object();
      any.set("type", type_of({"string", "number", "boolean"}));
      json_text out = json_text::object();
      out.set("type", type_of({"object", "null"}));
      return out.set("additionalProperties", std::move(any));
    }
    return scalar_schema(k);
  }

  static json_text scalar_schema(const key& k) {
    json_text out = json_text::object();
    bool is_text = true;
    if (const auto* text = std::get_if<keys::text_value>(&k.value)) {
      out = text_schema(text->check);
    } else if (const auto* choice = std::get_if<keys::choice_value>(&k.value)) {
      out.set("enum", json_text::array_of_strings(choice->names));
    } else if (std::holds_alternative<keys::span_value>(k.value)) {
      out.set("type", type_of({"string", "integer"}));
      out.set("pattern", json_text::string("^(0|([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d))+)$"));
      out.set("maximum", json_text::raw("0")); // of the integers, only 0 needs no unit
      out.set("minimum", json_text::raw("0"));
    } else {
      is_text = false;
      if (const auto* whole = std::get_if<keys::whole_value>(&k.value)) {
        out.set("type", json_text::string("integer"));
        out.set("minimum", json_text::raw(std::to_string(whole->min)));
        out.set("maximum", json_text::raw(std::to_string(whole->max)));
      } else if (const auto* number = std::get_if<keys::number_value>(&k.value)) {
        out.set("type", json_text::string("number"));
        out.set("minimum", json_text::raw(keys::plain_number(number->min)));
        out.set("maximum", json_text::raw(keys::plain_number(number->max)));
      } else {
        out.set("type", json_text::string("boolean"));
      }
    }
    if (k.is_required) return out;
    const std::string value = keys::print(k);
    const bool in_quotes = value.starts_with('"');
    out.set("default", is_text && !in_quotes ? json_text::string(value) : json_text::raw(value));
    return out;
  }

  json_text section_schema(const section& s, bool is_item = false) {
    if (!s.definition.empty()) {
      if (defined_.insert(s.definition).second)
        definitions_.set(s.definition, plain_section(s, is_item));
      json_text out = json_text::object();
      return out.set("$ref", json_text::string("#/$defs/" + std::string{s.definition}));
    }
    json_text map = plain_section(s, is_item);
    if (!s.enabled) return map;
    // YAML 1.1 readers take off and on for false and true.
    json_text word = json_text::object();
    word.set("enum", json_text::array({json_text::string("off"), json_text::string("on"),
                                       json_text::raw("false"), json_text::raw("true")}));
    json_text out = json_text::object();
    return out.set("anyOf", json_text::array({std::move(map), std::move(word)}));
  }

  json_text plain_section(const section& s, bool is_item) {
    json_text out = json_text::object();
    out.set("type", is_item ? type_of({"object"}) : type_of({"object", "null"}));
    out.set("additionalProperties", json_text::raw("false"));
    std::vector<std::string_view> required;
    for (const key& k : s.keys)
      if (k.is_required && k.kinds.empty()) required.push_back(k.name);
    if (!required.empty()) out.set("required", json_text::array_of_strings(required));
    out.set("properties", members(s));
    if (json_text rules = by_kind(s); !rules.empty()) out.set("allOf", std::move(rules));
    return out;
  }

  /// One if-then per kind: what it needs and what means nothing to it.
  static json_text by_kind(const section& s) {
    const auto kind =
        std::find_if(s.keys.begin(), s.keys.end(), [](const key& k) { return k.name == "kind"; });
    if (kind == s.keys.end()) return json_text::array({});
    std::vector<json_text> all;
    for (std::string_view name : std::get<keys::choice_value>(kind->value).names) {
      json_text never = json_text::object();
      std::vector<std::string_view> required;
      for (const key& k : s.keys) {
        if (k.kinds.empty()) continue;
        if (std::find(k.kinds.begin(), k.kinds.end(), name) == k.kinds.end())
          never.set(k.name, json_text::raw("false"));
        else if (k.is_required)
          required.push_back(k.name);
      }
      json_text constant = json_text::object(), condition = json_text::object(),
                test = json_text::object(), then = json_text::object(), rule = json_text::object();
      constant.set("const", json_text::string(name));
      condition.set("kind", std::move(constant));
      test.set("properties", std::move(condition));
      if (!required.empty()) then.set("required", json_text::array_of_strings(required));
      then.set("properties", std::move(never));
      rule.set("if", std::move(test));
      rule.set("then", std::move(then));
      all.push_back(std::move(rule));
    }
    return json_text::array(std::move(all));
  }

  json_text definitions_ = json_text::object();
  std::set<std::string_view> defined_;
};

} // namespace

std::string json_schema() { return schema_writer{}.root().print() + '\n'; }

} // namespace tocsin
