"""Checks a JSON Schema, then files against it: schema_check.py SCHEMA good|bad FILE... Exit 77 = tools missing."""
import json
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(missing)
    sys.exit(77)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
wanted = sys.argv[2] == "good"
wrong = 0
for path in sys.argv[3:]:
    with open(path, encoding="utf-8") as file:
        found = [f"{path}: {'/'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(yaml.safe_load(file))]
    if wanted != (not found):
        wrong += 1
        print("\n".join(found) or f"{path}: nothing found")
sys.exit(1 if wrong else 0)
