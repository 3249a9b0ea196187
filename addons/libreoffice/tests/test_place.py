"""Where the agent listens."""

import os
import tempfile
import unittest

from tests import TEXTS  # noqa: F401

from chancery_libreoffice import place, trouble


class Place(unittest.TestCase):
    def test_the_socket_is_looked_for_in_the_order_of_the_agent(self):
        with tempfile.TemporaryDirectory() as run_user:
            os.mkdir(os.path.join(run_user, "1000"))

            def path(uid=1000, **environment):
                return place.socket_path(environment, uid, run_user)

            self.assertEqual(path(CHANCERY_HOME="/x", XDG_RUNTIME_DIR="/r"), "/x/run/agent.sock")
            self.assertEqual(path(XDG_RUNTIME_DIR="/r"), "/r/chancery/agent.sock")
            # Empty and half paths count as none, as with XDG.
            for runtime in ["", "r"]:
                self.assertEqual(
                    path(XDG_RUNTIME_DIR=runtime, CHANCERY_HOME=""),
                    os.path.join(run_user, "1000/chancery/agent.sock"),
                )
            self.assertEqual(path(7, TMPDIR="/t"), "/t/chancery-7/agent.sock")
            self.assertEqual(path(7), "/tmp/chancery-7/agent.sock")

    def test_half_a_path_is_told(self):
        with self.assertRaises(trouble.Trouble) as told:
            place.socket_path({"CHANCERY_HOME": "half"}, 1000)
        self.assertEqual(told.exception.code, trouble.NO_PLACE)

    def test_a_directory_of_somebody_else_or_a_link_is_refused(self):
        with tempfile.TemporaryDirectory() as ours:
            own, socket = os.getuid(), os.path.join(ours, "run", "agent.sock")
            with self.assertRaises(trouble.NotRunning):
                place.check_owner(socket, own)
            os.mkdir(os.path.join(ours, "run"))
            place.check_owner(socket, own)
            with self.assertRaises(trouble.Trouble):
                place.check_owner(socket, own + 1)
            os.symlink(os.path.join(ours, "run"), os.path.join(ours, "link"))
            with self.assertRaises(trouble.Trouble):
                place.check_owner(os.path.join(ours, "link", "agent.sock"), own)

    def test_a_pipe_is_named_for_the_user_and_for_another_home(self):
        name = place.pipe_name({}, "S-1-5-21-1")
        self.assertEqual(name, "\\\\.\\pipe\\chancery-S-1-5-21-1")
        one, same = (
            place.pipe_name({"CHANCERY_HOME": home}, "S-1-5-21-1") for home in ["C:\\one", "c:\\ONE"]
        )
        self.assertEqual(one, same)
        self.assertRegex(one, r"^\\\\\.\\pipe\\chancery-S-1-5-21-1-[0-9a-f]{20}$")
