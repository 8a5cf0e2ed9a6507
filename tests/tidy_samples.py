"""What each rule of tidy_test.py must find, and what it must leave alone."""

FUNCTION = "int f(int a) {\n%s}\n"

# rule: ([violating trees], [clean trees])
SAMPLES = {
    "include_walls": (
        [{"core/a.cpp": "#include <caf/all.hpp>\n"}, {"io/a.cpp": "#include <caf/all.hpp>\n"},
         {"core/a.cpp": "#include <thread>\n"}, {"codecs/a.cpp": "#include <mutex>\n"}, {"core/a.cpp": "#include \"io/log.hpp\"\n"},
         {"core/a.cpp": "#include <nlohmann/json.hpp>\n"}, {"codecs/a.cpp": "#include <sqlite3.h>\n"},
         {"codecs/a.cpp": "#include \"actors/node.hpp\"\n"}, {"config/a.cpp": "#include \"io/log.hpp\"\n"},
         {"config/a.cpp": "#include <curl/curl.h>\n"}, {"io/a.cpp": "#include \"actors/node.hpp\"\n"},
         {"topology/a.cpp": "#include <boost/asio.hpp>\n"}, {"actors/a.cpp": "#include <sqlite3.h>\n"},
         {"actors/a.cpp": "#include <curl/curl.h>\n"}, {"actors/a.cpp": "#  include <civetweb.h>\n"},
         {"core/a.cpp": "#include <unistd.h>\n"}, {"core/a.cpp": "#include \"time.hpp\"\n"},
         {"core/a.cpp": "#include <re2/re2.h>\n"}, {"tests/core/a.cpp": "#include <re2/re2.h>\n"}],
        [{"core/matcher.cpp": "#include <re2/re2.h>\n"},
         {"core/a.cpp": "#include <vector>\n#include <Eigen/Dense>\n#include <tl/expected.hpp>\n#include \"core/time.hpp\"\n",
          "topology/a.cpp": "#include <boost/graph/adjacency_list.hpp>\n",
          "codecs/a.cpp": "#include <simdjson.h>\n#include <msgpack.hpp>\n#include \"core/time.hpp\"\n",
          "config/a.cpp": "#include <yaml-cpp/yaml.h>\n#include <fstream>\n",
          "io/a.cpp": "#include <sys/socket.h>\n#include <sqlite3.h>\n#include \"codecs/decoder.hpp\"\n",
          "actors/a.cpp": "#include <caf/all.hpp>\n#include <prometheus/metric_family.h>\n#include \"io/store.hpp\"\n",
          "tests/actors/a.cpp": "#include <caf/all.hpp>\n#include \"actors/node.hpp\"\n"},
         {"core/a.cpp": "// #include <thread>\n"}]),
    "file_length": ([{"core/a.cpp": "\n" * 401}, {"tests/a_test.cpp": "\n" * 401}], [{"core/a.cpp": "\n" * 400}]),
    "test_namespace": ([{"tests/core/a_test.cpp": "namespace tocsin {\nint a;\n}\n"}, {"tests/io/a_test.cpp": "namespace tocsin::b_test {\n}\n"}],
                       [{"tests/core/a_test.cpp": "namespace tocsin::a_test {\n}\n", "tests/fuzz/a_fuzz.cpp": "int a;\n", "tests/core/a.hpp": "// A.\n"}]),
    "header_sentence": ([{"core/a.hpp": "#pragma once\n"}, {"core/a.hpp": ""}], [{"core/a.hpp": "// What it is.\n", "core/a.cpp": "int a;\n"}]),
    "banned_words": ([{"io/a.cpp": "// TODO later\n"}, {"deploy/a.sh": "# FIXME\n"}], [{"io/a.cpp": "int todo_list;\n"}]),
    "banned_calls": (
        [{"core/a.cpp": "auto t = std::chrono::steady_clock::now();\n"}, {"io/a.cpp": "auto t = system_clock::now();\n"},
         {"tests/a.cpp": "std::this_thread::sleep_for(1s);\n"}, {"io/a.cpp": "usleep(3);\n"},
         {"actors/node.cpp": "try {} catch (...) {}\n"}],
        [{"io/clock.hpp": "system_clock::now();\n", "core/a.cpp": "// system_clock::now() is not for us\nauto s = \"sleep_for\";\n",
          "actors/supervisor.cpp": "catch (...) {}\n", "actors/a.cpp": "clock().now();\n",
          "io/a.cpp": "} catch (...) { // thread entry: nobody above us could take it\n"}]),
    "function_length": (
        [{"core/a.cpp": FUNCTION % ("  ++a;\n" * 71)}, {"core/a.cpp": "void c::f() const {\n" + "  if (a) {\n  }\n" * 40 + "}\n"},
         {"core/a.cpp": "c::c(int a) : a_(a) {\n" + "  ++a;\n" * 71 + "}\n"},
         {"core/a.cpp": "auto f(int a) -> int {\n" + "  ++a;\n" * 71 + "}\n"}],
        [{"core/a.cpp": FUNCTION % ("  ++a;\n" * 70)}, {"core/a.cpp": "namespace a {\n" + "int b;\n" * 100 + "}\n"},
         {"core/a.hpp": "struct a {\n" + "  int b;\n" * 100 + "};\n"},
         {"core/a.cpp": FUNCTION % "  auto s = \"{\"; auto c = '{'; // {\n" + "int b;\n" * 100}]),
    "metrics_documented": (
        [{"actors/telemetry.cpp": 'counter("tocsin_a_total", "A");', "docs/metrics.md": ""},
         {"actors/telemetry.cpp": 'counter("tocsin_a_total", "A");', "docs/metrics.md": "| `tocsin_a_total` |\n| `tocsin_b_total` |\n"}],
        [{"actors/telemetry.cpp": 'counter("tocsin_a_total", "A");', "docs/metrics.md": "| `tocsin_a_total` | counter |\n"}]),
    "routes_documented": (
        [{"actors/api.cpp": 's.route("/api/v1/a", f);', "docs/openapi.yaml": "paths:\n  /api/v1/b:\n"},
         {"actors/api.cpp": 's.route("/api/v1/a/", f);', "docs/openapi.yaml": "paths:\n  /api/v1/a:\n"},
         {"actors/api.cpp": "", "docs/openapi.yaml": "paths:\n  /api/v1/b:\n"}],
        [{"actors/api.cpp": 's.route("/api/v1/a", f); s.route("/api/v1/a/", g); s.route("/", h);',
          "docs/openapi.yaml": "paths:\n  /api/v1/a:\n  /api/v1/a/{id}:\n"}]),
    "links": (
        [{"README.md": "[a](docs/none.md)\n"}, {"docs/a.md": "[a](#none)\n"}, {"docs/a.md": "[a](b.md#none)\n", "docs/b.md": "# There\n"}],
        [{"README.md": "[a](docs/a.md#two-words) [b](https://example.com/x) [c](docs)\n```\n[x](none)\n```\n", "docs/a.md": "# Two words\n"}]),
    "machine_paths": (
        [{"README.md": "see /home/anna/x\n"}, {"deploy/a.sh": "cd /root\n"}, {"docs/a.md": "`/tmp/w/a`\n"}],
        [{"deploy/a.sh": "mktemp /var/tmp/x; cd ../work/a; echo $HOME/root/x\n"}]),
}


def run(checks):
    wrong = []
    for name in sorted(set(checks) ^ set(SAMPLES)):
        wrong.append(f"{name}: a rule without samples, or samples without a rule")
    for name in sorted(set(checks) & set(SAMPLES)):
        bad, good = SAMPLES[name]
        wrong += [f"{name}: does not find {tree!r:.120}" for tree in bad if not list(checks[name](tree))]
        wrong += [f"{name}: finds '{p}' where nothing is wrong" for tree in good for p in checks[name](tree)]
    print("\n".join(wrong) or f"{len(checks)} rules find what they must and leave the rest alone")
    return 1 if wrong else 0
