"""The link of a mail acknowledges with one click, and nobody else's does."""
import http.client
import os
import re
import unittest
import urllib.parse

from receivers import Hook, Mailbox
from support import DEADLINE, QUICK_RULES, Node, heartbeat, main, write

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"


def post(node, path, fields):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=DEADLINE)
    try:
        connection.request("POST", path, urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class link_case:
    more = ""

    def setUp(self):
        self.box = box = Mailbox(self)
        self.node = Node(self, FEED, more=QUICK_RULES + "external_url: http://tocsin.fab.example\n" + self.more + "receivers:\n" +
                         box.settings()).start()
        self.feed = self.node.connect()
        self.feed.sendall(heartbeat("10.0.0.1", 100, cc=97).encode())
        self.mail = box.seen(1)[0]
        text, page = (p["text"] for p in self.mail["parts"])
        self.link = re.search(r"http://tocsin\.fab\.example(/acknowledge\?\S+)", text).group(1)
        self.assertIn("/acknowledge?", page)
        self.incident = self.node.incidents()[0]["id"]

    def owner(self):
        return [a["acknowledged_by"] for a in self.node.json("/api/v1/alarms")["alarms"]]


class acknowledge_link(link_case, unittest.TestCase):
    def test_looking_acknowledges_nothing_sending_the_form_does(self):
        status, headers, page = self.node.get(self.link)
        self.assertEqual((status, headers["Referrer-Policy"]), (200, "no-referrer"))
        self.assertIn("<form method=\"post\"", page)
        self.assertEqual(self.owner(), [""])
        status, page = post(self.node, self.link, {"who": "Kim <b>", "comment": "on it"})
        self.assertEqual(status, 200, page)
        self.assertIn("Kim &lt;b&gt;", page)
        self.node.wait(lambda: self.owner() == ["Kim <b>"], "acknowledged")

    def test_what_was_changed_is_refused(self):
        parts = dict(urllib.parse.parse_qsl(self.link.split("?")[1]))
        bad = [{"incident": "inc-other"}, {"receiver": "other"}, {"expires": "9999999999"}, {"signature": "0" * 64},
               {"signature": ""}, {"incident": "x" * 4000}, {"incident": self.incident + "\0"}, {"expires": "%00"}]
        for change in bad:
            path = "/acknowledge?" + urllib.parse.urlencode({**parts, **change})
            self.assertEqual(self.node.get(path)[0], 403, change)
            self.assertEqual(post(self.node, path, {"who": "Kim"})[0], 403, change)
        for path in ("/acknowledge", "/acknowledge?", "/acknowledge?incident=%", "/acknowledge?incident=%zz&signature=%"):
            self.assertEqual(self.node.get(path)[0], 403, path)
        self.assertEqual(self.owner(), [""])


class link_that_is_over(link_case, unittest.TestCase):
    more = "link_valid: 1s\n"

    def test_is_gone_and_says_what_to_do_instead(self):
        self.node.wait(lambda: self.node.get(self.link)[0] == 410, "no longer good")
        for status, page in (self.node.get(self.link)[::2], post(self.node, self.link, {"who": "Kim"})):
            self.assertEqual(status, 410)
            self.assertIn(f"tocsin incidents acknowledge {self.incident}", page)
        self.assertEqual(self.owner(), [""])


class repeats(link_case, unittest.TestCase):
    more = "route: {receiver: mail, repeat_interval: 1s}\n"

    def about(self, host):
        return [m for m in self.box.mails if host + "/7500" in m["parts"][0]["text"]]

    def test_end_when_somebody_has_it(self):
        self.node.wait(lambda: len(self.about("10.0.0.1")) >= 2, "repeated while nobody has it")
        status, page = post(self.node, self.link, {"who": "Kim"})
        self.assertEqual(status, 200, page)
        self.node.wait(lambda: self.owner() == ["Kim"], "acknowledged")
        self.feed.sendall(heartbeat("10.0.0.2", 100, cc=97).encode())
        self.node.wait(lambda: self.about("10.0.0.2"), "what was under way has been sent")
        before = len(self.about("10.0.0.1"))
        self.node.wait(lambda: len(self.about("10.0.0.2")) >= 4, "others are repeated")
        self.assertEqual(len(self.about("10.0.0.1")), before)


class webhooks(unittest.TestCase):
    def test_each_format_has_the_links_where_it_has_a_place_for_them(self):
        hooks = {form: Hook(self) for form in ("alertmanager", "cloudevents", "pagerduty")}
        node = Node(self, FEED)
        key = write(os.path.join(node.folder, "key"), "0123456789abcdef\n")
        os.chmod(key, 0o600)
        receivers = [hook.settings(form).replace("timeout: 5s", f"format: {form}" + (f", routing_key_file: {key}" if form == "pagerduty" else ""))
                     for form, hook in hooks.items()]
        node.configure(QUICK_RULES + "external_url: http://tocsin.fab.example\nreceivers:\n" + "".join(receivers))
        node.start()
        feed = node.connect()
        feed.sendall(heartbeat("10.0.0.1", 100, cc=97).encode())
        told = {form: hook.seen(1)[0][1] for form, hook in hooks.items()}
        incident = node.incidents()[0]["id"]
        page = f"http://tocsin.fab.example/#/incidents/{incident}"
        alert, data, event = told["alertmanager"]["alerts"][0], told["cloudevents"]["data"], told["pagerduty"]
        self.assertEqual((alert["generatorURL"], data["link"], event["client_url"], event["links"][0]["href"]), (page,) * 4)
        for form, link in (("alertmanager", alert["annotations"]["acknowledge"]), ("cloudevents", data["acknowledge_url"]),
                           ("pagerduty", event["links"][1]["href"])):
            path = link.removeprefix("http://tocsin.fab.example")
            self.assertEqual(urllib.parse.parse_qs(path.split("?")[1])["receiver"], [form])
            self.assertEqual(post(node, path, {"who": form})[0], 200)
            node.wait(lambda: [a["acknowledged_by"] for a in node.json("/api/v1/alarms")["alarms"]] == [form], "acknowledged")
        feed.sendall(heartbeat("10.0.0.1", 100, cc=3).encode())
        over = {form: hook.seen(2)[1][1] for form, hook in hooks.items()}
        self.assertNotIn("acknowledge", over["alertmanager"]["alerts"][0]["annotations"])
        self.assertNotIn("acknowledge_url", over["cloudevents"]["data"])
        self.assertEqual(len(over["pagerduty"]["links"]), 1)


if __name__ == "__main__":
    main()
