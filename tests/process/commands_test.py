"""The commands as people type them: help, completion, check-config, questions to a running node, exit codes."""
import json
import os
import re
import subprocess
import unittest

from receivers import Hook
from support import SOURCE, Node, folder, heartbeat, main, read, tocsin, write

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
# Every command with its subcommands; a test holds them against the help.
TREE = {"run": [], "replay": [], "simulate": [], "check-config": [], "daemons": ["list", "show"],
        "incidents": ["list", "show", "acknowledge", "unacknowledge"], "cluster": ["show"],
        "alarms": ["list", "shelve", "unshelve", "reset", "out-of-service", "return-to-service"], "report": [],
        "silences": ["list", "add", "expire"], "route": ["show", "test"], "template": ["preview"], "explain": [],
        "notifications": ["list", "redrive"], "test": [], "score": [],
        "analyse": ["trend", "season", "correlations", "yield", "components", "forest", "spc", "signature"], "produce": [], "completion": []}
COMMANDS = list(TREE)
LEAVES = [[command, *leaf] for command, leaves in TREE.items() for leaf in ([[word] for word in leaves] or [[]])]


def listed(help_text):
    """Subcommands by a help."""
    return re.findall(r"(?m)^  ([a-z-]+) +\S", help_text.split("Subcommands:")[1]) if "Subcommands:" in help_text else []


class usage(unittest.TestCase):
    def test_help_is_everywhere(self):
        for words in [[], *[[c] for c in COMMANDS], *LEAVES]:
            for option in ("--help", "-h"):
                with self.subTest(words + [option]):
                    done = tocsin(*words, option)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertIn("Usage: tocsin", done.stdout)

    def test_this_knows_every_command(self):
        self.assertEqual(listed(tocsin("--help").stdout), COMMANDS)
        for command, leaves in TREE.items():
            self.assertEqual(listed(tocsin(command, "--help").stdout), leaves, command)

    def test_documentation_names_every_command(self):
        table = read(os.path.join(SOURCE, "docs", "api.md")).split("### Exit codes")[0]
        for command, leaves in TREE.items():
            line = " ".join(l for l in table.splitlines() if l.startswith(f"| `tocsin {command}"))
            for word in [command, *leaves]:
                self.assertRegex(line, rf"(?<![a-z-]){word}(?![a-z-])", f"{command} {word}")

    def test_version(self):
        self.assertRegex(tocsin("--version").stdout, r"^tocsin \d+\.\d+\.\d+\n$")

    def test_options_of_the_help_are_those_of_the_documentation(self):
        said = tocsin("--help").stdout
        documented = read(os.path.join(SOURCE, "docs", "api.md"))
        for code, words in ((0, "done"), (1, "a problem"), (2, "wrong usage"), (3, "only warnings"), (4, "no answer"), (70, "a bug")):
            self.assertIn(f"{code} {words}", " ".join(said.split()))
            self.assertRegex(documented, rf"\| {code} \|")

    def test_wrong_words_are_named_and_give_2(self):
        for words, named in ((["nonsense"], "nonsense"), (["run", "--bogus"], "--bogus"), (["daemons"], "subcommand"),
                             ([], "subcommand"), (["daemons", "list", "extra"], "extra"), (["daemons", "list", "--limit", "x"], "--limit"),
                             (["daemons", "show"], "id"), (["daemons", "list", "-o", "xml"], "table or json"), (["replay"], "--input"),
                             (["run", "--format", "bogus"], "tibrvlisten, jsonl or auto"), (["run", "--emit", "x"], "symptoms"),
                             (["completion", "tcsh"], "bash, zsh and fish"), (["simulate", "--until", "x"], "duration"),
                             (["simulate", "--pace", "0"], "--pace"), (["simulate", "--clock", "soon"], "RECORDED@MACHINExSPEED"),
                             (["simulate", "--clock", "2026-01-01T00:00:00Z@2026-01-01T00:00:00Zx2", "--pace", "2"], "--pace"),
                             (["run", "--clock", "2026-01-01T00:00:00Z@2026-01-01T00:00:00Zx0"], "speed"),
                             (["run", "--clock", "yesterday@2026-01-01T00:00:00Zx60"], "before the '@'"), (["simulate", "--scenario", "nowhere"], "nowhere")):
            with self.subTest(words):
                done = tocsin(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(named, done.stderr)
                self.assertEqual((done.stdout, done.left), ("", []))


class completion(unittest.TestCase):
    def test_scripts_name_every_command(self):
        for shell in ("bash", "zsh", "fish"):
            done = tocsin("completion", shell)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for command in COMMANDS:
                self.assertIn(command, done.stdout)

    def completed(self, *words):
        """What bash would offer for the last of the words."""
        line = " ".join(f"'{w}'" for w in words)
        script = (f"{tocsin('completion', 'bash').stdout}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _tocsin; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        return set(done.stdout.split())

    def test_bash_offers_what_there_is(self):
        self.assertEqual(self.completed("tocsin", "re"), {"replay", "report"})
        for command, leaves in TREE.items():
            if leaves:
                self.assertEqual(self.completed("tocsin", command, ""), {*leaves, "--help"})
        self.assertEqual(self.completed("tocsin", "replay", "--through", ""), {"machines", "actors"})
        self.assertEqual(self.completed("tocsin", "completion", "z"), {"zsh"})

    def test_bash_knows_every_option(self):
        for leaf in LEAVES:
            options = set(re.findall(r"(--[a-z-]+)", tocsin(*leaf, "--help").stdout.split("Options:")[1].split("Example:")[0]))
            words = ["tocsin", leaf[0], "x", "--"] if len(leaf) == 1 and leaf != ["completion"] else ["tocsin", *leaf, "--"]
            with self.subTest(leaf):
                self.assertEqual(options - self.completed(*words), set())


class check_config(unittest.TestCase):
    def check(self, text, code):
        path = write(os.path.join(folder(self), "c.yaml"), text)
        done = tocsin("check-config", path)
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        self.assertEqual(tocsin("check-config", "--config", path).stdout, done.stdout)
        return path, done.stdout

    def test_good(self):
        path, said = self.check("rules: {clients: {limit: 100}}\n", 0)
        self.assertRegex(said, rf"^{re.escape(path)}: valid, version [0-9a-f]+, 0 sources, 0 receivers\n$")

    def test_shipped_files_and_defaults(self):
        for file in ("config/tocsin.yaml", "deploy/demo.yaml"):
            self.assertEqual(tocsin("check-config", os.path.join(SOURCE, file)).returncode, 0)
        # The secrets of the example are on no machine but the fab's: warnings, no errors.
        self.assertEqual(tocsin("check-config", os.path.join(SOURCE, "deploy/examples/fab.yaml")).returncode, 3)
        self.assertEqual(tocsin("check-config").returncode, 0)

    def test_errors_are_named_one_by_one_with_place_and_remedy(self):
        path, said = self.check("rules:\n  heartbeat:\n    lost_aftr: 280s\n  clients: {limit: many}\n", 1)
        self.assertEqual(said.splitlines(), [
            f"{path}:3:5: error: unknown key 'lost_aftr' in rules.heartbeat; did you mean 'lost_after'?",
            f"{path}:4:20: error: rules.clients.limit: 'many' is not a whole number; write a whole number from 0 to 10000000"])

    def test_warnings_alone(self):
        path, said = self.check("inventory: {daemons: [{host: 10.0.0.1}]}\noverrides: [{match: \"rvd/10.89.*\", rules: {clients: off}}]\n", 3)
        self.assertIn(f"{path}:2:", said)
        self.assertIn("warning:", said)
        self.assertIn("valid", said)

    def test_what_would_keep_people_from_being_told(self):
        """Whatever the files of the tests of config/ say one by one, here through the command."""
        hook = "receivers: [{name: hook, kind: webhook, webhook: {url: 'https://h.example/x'%s}%s}]\n"
        here = folder(self)
        bad = {name: write(os.path.join(here, name), text) for name, text in (
            ("open", "{\"a\": \"{{#members}}\"}"), ("unknown", "{\"a\": \"{{sevrity}}\"}"), ("nojson", "{\"a\": {{headline}}}"))}
        for name, text, code, said in (
                ("no address", "receivers: [{name: hook, kind: webhook, webhook: {}}]\n", 1, "webhook.url is missing"),
                ("no recipient", "receivers: [{name: m, kind: mail, mail: {server: 'm:25', security: none, from: a@b.c, to: []}}]\n", 1, "mail.to"),
                ("flood beyond", hook % ("", ", flood: {start: 1001}"), 1, "flood.start"),
                ("flood crossed", hook % ("", ", flood: {start: 2, end: 9}"), 1, "end is above start"),
                ("flood window", hook % ("", ", flood: {window: 2s}"), 1, "flood.window"),
                ("matcher never", hook % ("", "") + "route: {receiver: hook, routes: [{receiver: hook, matchers: ['severity=\"critcal\"']}]}\n", 3, "never matches"),
                ("contradiction", hook % ("", "") + "route: {receiver: hook, routes: [{receiver: hook, matchers: [host=a, host=b]}]}\n", 3, "can never match"),
                ("no such receiver", hook % ("", "") + "route: {receiver: ops}\n", 1, "ops"),
                ("bad expression", hook % ("", "") + "route: {receiver: hook, routes: [{receiver: hook, matchers: ['host=~\"(\"']}]}\n", 1, "matchers[0]"),
                ("link", "link_valid: 0s\n", 1, "link_valid"),
                ("template not closed", hook % (f", payload_template: {bad['open']}", ""), 1, bad["open"]),
                ("template of nothing known", hook % (f", payload_template: {bad['unknown']}", ""), 3, "sevrity"),
                ("template that gives no JSON", hook % (f", payload_template: {bad['nojson']}", ""), 1, "gives no JSON"),
                ("template not there", hook % (f", payload_template: {here}/nowhere", ""), 1, "nowhere")):
            with self.subTest(name):
                self.assertIn(said, self.check(text, code)[1])

    def test_broken_yaml_and_no_yaml(self):
        for text in ("rules: {heartbeat: [\n", "\0\1\2\xff", "just a text\n", "a: &x [*x]\n"):
            self.assertRegex(self.check(text, 1)[1], r"c\.yaml:\d+:\d+: error: .{20}")

    def test_file_that_is_not_there(self):
        done = tocsin("check-config", "nowhere.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "nowhere.yaml: error: cannot be read: No such file or directory; name a file that is there and readable\n")

    def test_schema_is_the_one_that_is_shipped(self):
        schema = tocsin("check-config", "--schema").stdout
        self.assertEqual(json.loads(schema), json.loads(read(os.path.join(SOURCE, "config", "tocsin.schema.json"))))


class questions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # One node for all: nothing here changes it.
        cls.holder = unittest.TestCase()
        cls.node = Node(cls.holder, FEED).start()
        feed = cls.node.connect()
        feed.sendall("".join(heartbeat(f"10.0.0.{n}", 100, cc=97 if n == 1 else 3, ver="8.7.0") for n in (1, 2, 3)).encode())
        cls.node.wait(lambda: cls.node.metric("tocsin_daemons") == 3 and cls.node.incidents(), "three daemons, one incident")
        cls.id = cls.node.incidents()[0]["id"]

    @classmethod
    def tearDownClass(cls):
        cls.holder.doCleanups()

    def ask(self, *words, code=0):
        done = self.node.command(*words)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def test_daemons_as_a_table(self):
        lines = self.ask("daemons", "list").splitlines()
        self.assertEqual(lines[0].split(), ["SUBJECT", "STATE", "LAST", "HEARD", "VERSION", "CLIENTS", "SYMPTOMS"])
        self.assertEqual([line.split()[0] for line in lines[1:]], [f"rvd/10.0.0.{n}/7500" for n in (1, 2, 3)])
        self.assertIn("clients_critical", lines[1])

    def test_daemons_as_json_and_narrowed(self):
        self.assertEqual(json.loads(self.ask("daemons", "list", "-o", "json"))["total"], 3)
        self.assertEqual(json.loads(self.ask("daemons", "list", "-o", "json", "--host", "10.0.0.2"))["total"], 1)
        self.assertEqual(json.loads(self.ask("daemons", "list", "-o", "json", "--state", "lost"))["total"], 0)
        page = json.loads(self.ask("daemons", "list", "-o", "json", "--limit", "2"))
        self.assertEqual((len(page["daemons"]), page["total"]), (2, 3))

    def test_one_daemon(self):
        for name in ("rvd/10.0.0.1/7500", "10.0.0.1/7500"):
            self.assertEqual(json.loads(self.ask("daemons", "show", name, "-o", "json"))["clients"], 97)
        table = self.ask("daemons", "show", "10.0.0.1/7500")
        self.assertRegex(table, r"(?m)^clients: 97$")
        self.assertIn("clients_critical", table)

    def test_incidents(self):
        self.assertIn(self.id, self.ask("incidents", "list"))
        self.assertIn("almost out of clients", self.ask("incidents", "list", "--state", "open"))
        self.assertEqual(json.loads(self.ask("incidents", "list", "--state", "closed", "-o", "json")), {"incidents": []})
        self.assertEqual(json.loads(self.ask("incidents", "show", self.id, "-o", "json"))["incident"]["id"], self.id)
        self.assertIn("title: rvd 10.0.0.1/7500 is almost out of clients: 97 of 100", self.ask("incidents", "show", self.id))

    def test_what_is_not_there_is_1_and_a_wrong_question_2(self):
        self.assertIn("no daemon 9.9.9.9/7500 has been seen", self.ask("daemons", "show", "rvd/9.9.9.9/7500", code=1))
        self.assertIn("no incident Inone", self.ask("incidents", "show", "Inone", code=1))
        self.assertIn("state is", self.ask("incidents", "list", "--state", "bogus", code=2))
        self.assertIn("state is", self.ask("daemons", "list", "--state", "bogus", code=2))
        self.assertIn("limit is", self.ask("incidents", "list", "--limit", "0", code=2))

    def test_server_from_the_environment(self):
        done = tocsin("daemons", "list", env={"TOCSIN_SERVER": f"http://127.0.0.1:{self.node.port}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        # It is no setting: whoever exports it is not warned by every other command.
        self.assertEqual(tocsin("replay", "-i", "-", "-f", "jsonl", env={"TOCSIN_SERVER": "http://127.0.0.1:1"}).stderr, "")

    def test_nobody_answers(self):
        for words in (["daemons", "list"], ["incidents", "show", "I1"]):
            done = tocsin(*words, "--server", "http://127.0.0.1:1")
            self.assertEqual((done.returncode, done.stdout), (4, ""))
            self.assertIn("is `tocsin run` up? name another with --server", done.stderr)

    def test_somebody_else_answers(self):
        hook = Hook(self)
        done = tocsin("daemons", "list", "--server", hook.url.rsplit("/", 1)[0])
        self.assertEqual(done.returncode, 4)
        self.assertIn("is it a tocsin?", done.stderr)


if __name__ == "__main__":
    main()
