import unittest

from atp_client.frames import flags
from atp_client.lanes import Violation
from atp_client.session import Session


class Server:
    """Says what a test wants said, to a session whose clock the test moves."""

    def __init__(self, **options):
        self.now = 100.0
        self.session = Session(**options)
        self.session.connected(self.now)
        self.syn = self.session.take()[0]
        self.number = 0

    def frame(self, stream, number, with_flags=(), payload=None):
        frame = {"v": 1, "session_id": self.session.id, "stream_id": stream, "msg_seq": number}
        frame |= {"flags": list(with_flags)} if with_flags else {}
        return frame | ({"payload": payload} if payload else {})

    def control(self, with_flags, payload=None, stream="0"):
        self.number += 1
        self.session.receive(self.frame(stream, self.number - 1, with_flags, payload), self.now)

    def grant(self, **content):
        hello = {"encoding": "json", "resume_token": "t1", "interval_s": 10, "pending_messages": 2} | content
        self.control(["SYN", "ACK", "CTRL"], {"type": "control.hello", "content": hello})
        return self

    def ack(self, **ack):
        self.control(["ACK", "CTRL"], {"type": "control.ack", "content": {"acks": [ack]}})

    def say(self, stream, number, content="x", with_flags=()):
        payload = {"type": "agent.result.partial", "content": content}
        self.session.receive(self.frame(stream, number, with_flags, payload), self.now)

    def after(self, seconds):
        """What the session sends until then, heartbeats left out."""
        end = self.now + seconds
        frames = []
        for _ in range(1000):
            self.session.tick(self.now)
            frames += self.session.take()
            due = self.session.deadline()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
        else:
            raise AssertionError("there is always something to do")
        self.now = end
        return [one for one in frames if "HB" not in flags(one)]

    def events(self, kind):
        return [one for one in self.session.events if one.kind == kind]

    def ask(self, **options):
        return self.session.open_stream({"type": "agent.log", "content": "y"}, self.now, **options)


class Sessions(unittest.TestCase):
    def test_the_same_syn_again_until_the_answer(self):
        server = Server()
        self.assertEqual(server.after(9), [server.syn] * len([1, 3, 5, 7, 9]))
        self.assertEqual(server.after(2), [])
        self.assertEqual(server.session.stage, "closed")

    def test_credit_is_kept(self):
        server = Server().grant()
        stream = server.ask(fin=False)
        for _ in range(3):
            server.session.send(stream, {"type": "agent.log", "content": "z"}, server.now)
        self.assertEqual([one["msg_seq"] for one in server.session.take()], [0, 1])
        server.ack(stream_id=stream, ack_msg_up_to=0, credit=2)
        self.assertEqual([one["msg_seq"] for one in server.session.take()], [2])

    def test_the_oldest_is_sent_again_and_withdrawn_at_last(self):
        server = Server(pending=8).grant()
        stream = server.ask(fin=False)
        server.session.send(stream, {"type": "agent.log", "content": "z"}, server.now)
        server.session.take()
        sent = []
        for _ in range(40):
            server.control(["HB", "CTRL"])
            sent += server.after(1)
        again = [one["msg_seq"] for one in sent if one["stream_id"] == stream]
        self.assertEqual(again, [0] * len(again))
        self.assertGreater(len(again), 3)
        withdrawn = [one["payload"]["content"]["acks"][0]["withdrawn"] for one in sent if one["stream_id"] == "0"]
        self.assertEqual({number for one in withdrawn for number in one}, {0, 1})
        server.ack(stream_id=stream, ack_msg_up_to=1, credit=3, failed=[0])
        self.assertEqual([one.value for one in server.events("settled")], [(0, "failed"), (1, "delivered")])

    def test_a_gap_is_named_after_its_time_and_filled(self):
        server = Server(pending=8).grant()
        stream = server.ask()
        server.session.take()
        server.ack(stream_id=stream, ack_msg_up_to=0, credit=2)
        server.say(stream, 1)
        self.assertEqual(server.after(0.4), [])
        named = server.after(0.2)
        self.assertEqual(named[0]["payload"]["content"]["acks"], [{"stream_id": stream, "credit": 7, "missing_messages": [0]}])
        server.say(stream, 0)
        self.assertEqual([one.value["msg_seq"] for one in server.events("message")], [0, 1])
        acked = server.after(0.1)
        self.assertEqual(acked[0]["payload"]["content"]["acks"], [{"stream_id": stream, "ack_msg_up_to": 1, "credit": 9}])

    def test_an_acknowledgement_waits_25_ms_or_16_messages(self):
        server = Server().grant()
        stream = server.ask()
        server.session.take()
        server.ack(stream_id=stream, ack_msg_up_to=0, credit=2)
        for number in range(15):
            server.say(stream, number)
        self.assertEqual(server.after(0.02), [])
        server.say(stream, 15)
        self.assertEqual(len(server.after(0)), 1)
        server.say(stream, 16)
        self.assertEqual(server.after(0.02), [])
        self.assertEqual(len(server.after(0.01)), 1)

    def test_what_was_not_sent_is_not_acknowledged(self):
        server = Server().grant()
        stream = server.ask()
        with self.assertRaises(Violation):
            server.ack(stream_id=stream, ack_msg_up_to=1)

    def test_a_reset_is_said_until_it_is_confirmed(self):
        server = Server().grant()
        stream = server.ask()
        server.session.take()
        server.session.reset(stream, "EPREEMPT", "no", server.now)
        said = server.after(4)
        self.assertGreater(len(said), 1)
        self.assertTrue(all(flags(one) == ["RST", "CTRL"] for one in said))
        server.say(stream, 0)
        server.control(["RST", "ACK", "CTRL"], stream=stream)
        self.assertEqual(server.after(4), [])
        self.assertEqual(server.events("message"), [])

    def test_a_resumption_says_what_there_is_and_sends_the_rest_again(self):
        server = Server().grant()
        stream = server.ask()
        first = server.session.take()
        server.say(stream, 0)
        server.session.disconnected(server.now)
        server.now += 20
        server.session.connected(server.now)
        syn = server.session.take()[0]
        wanted = {"token": "t1", "acks": [{"stream_id": stream, "ack_msg_up_to": 0, "credit": 256}]}
        self.assertEqual((flags(syn), syn["payload"]["content"]), (["SYN", "CTRL"], wanted))
        server.grant(resume_token="t2")
        self.assertEqual([one for one in server.session.take() if one["stream_id"] == stream], first)
        self.assertEqual(server.session.resume_token, "t2")

    def test_a_closed_stream_is_acknowledged_without_memory(self):
        server = Server().grant()
        stream = server.ask()
        server.session.take()
        server.say(stream, 0, with_flags=["FIN"])
        server.ack(stream_id=stream, ack_msg_up_to=0, credit=2)
        self.assertNotIn(stream, server.session.streams)
        server.after(1)
        server.say(stream, 0, with_flags=["FIN"])
        said = server.after(0)[0]["payload"]["content"]["acks"]
        self.assertEqual(said, [{"stream_id": stream, "ack_msg_up_to": 0, "credit": 0}])


if __name__ == "__main__":
    unittest.main()
