"""A peer that is no agent: whatever it sends, the answer is bounded and told."""

import random
import re
import socket
import threading
import time
import unittest

from tests import TEXTS  # noqa: F401

from chancery_libreoffice.exchange import LONGEST_ANSWER, Deadline, exchange
from chancery_libreoffice.trouble import NO_ANSWER, STRANGE_ANSWER, Trouble


class Peer:
    """The other end of a line: sends what it is told, piece by piece."""

    def __init__(self, pieces, stays=False):
        self._near, self._far = socket.socketpair()
        self._pieces, self._stays = pieces, stays
        self.heard = b""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while not self._has_heard_all():
                piece = self._far.recv(65536)
                if not piece:
                    break
                self.heard += piece
            for piece in self._pieces:
                self._far.sendall(piece)
            if self._stays:
                self._far.recv(1)
        except OSError:
            pass  # the near end has heard enough
        self._far.close()

    def _has_heard_all(self):
        head, end, body = self.heard.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return bool(end) and len(body) >= (int(length[1]) if length else 0)

    def send(self, data, deadline):
        self._near.settimeout(deadline.left())
        self._near.sendall(data)

    def receive(self, buffer, deadline):
        self._near.settimeout(deadline.left())
        return self._near.recv_into(buffer)

    def close(self):
        self._near.close()
        self._thread.join(5)


def asked(pieces, seconds=5.0, stays=False, **more):
    peer = Peer(pieces, stays)
    try:
        return exchange(peer, "GET", "/agent/v1/status", Deadline(seconds), **more)
    finally:
        peer.close()


def answer(body, status="200 OK", head=b""):
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status.encode() + b"\r\n" + head + length + b"\r\n" + body


class Exchange(unittest.TestCase):
    def code(self, *arguments, **more):
        with self.assertRaises(Trouble) as told:
            asked(*arguments, **more)
        return told.exception.code

    def test_an_answer_in_one_piece_in_many_and_in_chunks(self):
        whole = answer(b'{"state":"connected"}')
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        self.assertEqual(asked([whole]), {"state": "connected"})
        self.assertEqual(asked([bytes([one]) for one in whole]), {"state": "connected"})
        self.assertEqual(asked([chunked]), {})

    def test_the_request_is_the_local_apis(self):
        peer = Peer([answer(b"{}")])
        exchange(peer, "POST", "/agent/v1/switch", Deadline(5), {"address": "w"}, "here")
        peer.close()
        head = peer.heard.decode()
        self.assertTrue(head.startswith("POST /agent/v1/switch HTTP/1.1\r\n"), head)
        self.assertEqual(head.count("Host: chancery\r\n"), 1)
        for line in ["Chancery-Application: LibreOffice", "Chancery-Server: here"]:
            self.assertIn(line + "\r\n", head)
        for kept_away in ["Origin", "Referer", "Authorization", "Cookie"]:
            self.assertNotIn(kept_away, head)

    def test_a_refusal_is_told_in_the_agents_words(self):
        body = b'{"error":{"code":"CHANCERY_NEEDS_USER","message":"Sign in."}}'
        with self.assertRaises(Trouble) as told:
            asked([answer(body, "401 Unauthorized")])
        self.assertEqual((told.exception.code, told.exception.sentence), ("CHANCERY_NEEDS_USER", "Sign in."))

    def test_what_is_no_answer_is_told_as_such(self):
        strange = [
            [b"\r\n\r\n"],
            [b"hello\r\n"],
            [b"HTTP/1.1 two hundred\r\n\r\n"],
            [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000],
            [b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000],
            [answer(b"not json")],
            [answer(b"\xff\xfe")],
            [answer(b"[" * 200_000)],
            [answer(b"")],
            [answer(b'{"error":7}', "500 Broken")],
            [answer(b'{"error":{"code":7,"message":[]}}', "500 Broken")],
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
            [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"],
        ]
        for pieces in strange:
            self.assertEqual(self.code(pieces), STRANGE_ANSWER, pieces[0][:40])

    def test_a_peer_that_hangs_up_has_not_answered(self):
        self.assertEqual(self.code([]), NO_ANSWER)

    def test_an_endless_answer_is_not_read_to_its_end(self):
        head = b"HTTP/1.1 200 OK\r\n\r\n"
        endless = (head if number == 0 else b"[" * 65536 for number in range(10**6))
        self.assertEqual(self.code(endless, stays=True), STRANGE_ANSWER)
        claimed = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n"
        self.assertEqual(self.code([claimed, b" " * (LONGEST_ANSWER + 2)], stays=True), STRANGE_ANSWER)

    def test_a_peer_that_says_nothing_or_little_by_little_is_not_waited_for(self):
        def drops():
            yield b"HTTP/1.1 200 OK\r\n"
            while True:
                time.sleep(0.02)
                yield b"X"

        for pieces in [[], [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"], drops()]:
            began = time.monotonic()
            self.assertEqual(self.code(pieces, seconds=0.3, stays=True), NO_ANSWER)
            self.assertLess(time.monotonic() - began, 5)

    def test_a_server_id_cannot_become_another_header(self):
        for identity in ["a\r\nOrigin: x", "a\nb", "\u0101"]:
            self.assertEqual(self.code([answer(b"{}")], server=identity), STRANGE_ANSWER)

    def test_any_bytes_are_an_answer_or_trouble(self):
        chance = random.Random(20261126)
        good = answer(b'{"state":"connected","servers":[]}', head=b"A: b\r\n")
        for _ in range(300):
            bad = bytearray(good)
            for _ in range(chance.randrange(1, 6)):
                bad[chance.randrange(len(bad))] = chance.randrange(256)
            try:
                asked([bytes(bad[: chance.randrange(len(bad) + 1)])])
            except Trouble as trouble:
                self.assertIn(trouble.code, (STRANGE_ANSWER, NO_ANSWER))
