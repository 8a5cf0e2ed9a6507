"""The link of a mail acknowledges with one click, and nobody else's does."""
import http.client
import re
import unittest
import urllib.parse

from receivers import Mailbox
from support import DEADLINE, QUICK_RULES, Node, heartbeat, main

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"


def post(node, path, fields):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=DEADLINE)
    try:
        connection.request("POST", path, urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class acknowledge_link(unittest.TestCase):
    def setUp(self):
        box = Mailbox(self)
        self.node = Node(self, FEED, more=QUICK_RULES + "external_url: http://tocsin.fab.example\nreceivers:\n" + box.settings()).start()
        self.node.connect().sendall(heartbeat("10.0.0.1", 100, cc=97).encode())
        self.mail = box.seen(1)[0]
        text, page = (p["text"] for p in self.mail["parts"])
        self.link = re.search(r"http://tocsin\.fab\.example(/acknowledge\?\S+)", text).group(1)
        self.assertIn("/acknowledge?", page)
        self.incident = self.node.incidents()[0]["id"]

    def owner(self):
        return [a["acknowledged_by"] for a in self.node.json("/api/v1/alarms")["alarms"]]

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


if __name__ == "__main__":
    main()
