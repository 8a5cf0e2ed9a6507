// What the table of keys says to others: a JSON Schema for editors and a reference for people.
#pragma once

#include <string>

namespace tocsin {

/// JSON Schema (draft 2020-12) of the configuration file; `config/tocsin.schema.json` is this text.
std::string json_schema();

/// The tables of `docs/configuration.md`: every key with values, default and meaning, in Markdown.
std::string markdown_reference();

} // namespace tocsin
