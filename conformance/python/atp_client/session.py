"""One session as the client sees it, without input and output: docs/protocol/atp-sessions.md.

Frames go in with `receive`, frames to send come out of `take`, what happened comes out of `events`. `now` is a monotone clock in
seconds. While there is no connection, session time stands still (S31).
"""

import collections
import secrets

from . import seal
from .frames import flags
from .lanes import HANDSHAKE_S, MAX_ACKS, PENDING, RTO_FIRST, RTO_MAX, Event, Stream, Violation
from .receiver import Receiver
from .sender import Sender
from .timers import Timers


class Session(Sender, Receiver, Timers):
    def __init__(self, *, encodings=("json",), features=(), token=None, window=None, signer=None, pending=PENDING):
        self.id = secrets.token_urlsafe(18)
        self.offered = list(encodings)
        self.features = list(features)
        self.token = token
        self.wanted = window
        self.signer = signer
        self.pending = pending
        self.stage = "idle"
        self.hello = {}
        self.window = None
        self.node = None
        self.encoding = "json"
        self.signed = False
        self.summed = False
        self.resume_token = None
        self.control = 0
        self.newest = -1
        self.peer_pending = PENDING
        self.next_stream = 1
        self.streams = {"0": Stream()}
        self.sending = {}
        self.receiving = {}
        self.resets = {}
        self.out = collections.deque()
        self.events = collections.deque()
        self.counts = collections.Counter()
        self.nonces = set()
        self.interval = 10.0
        self.still = 0.0
        self.lost_at = None
        self.dead = 0.0
        self.last_read = 0.0
        self.last_heartbeat = 0.0
        self.syn = None
        self.syn_due = None
        self.handshake_end = None
        self.srtt = self.variation = None
        self.rto = RTO_FIRST
        self.limit = float("inf")
        self.full = float("inf")
        self.grown = 0
        self.halved_at = -RTO_MAX
        # For tests: changes or drops a frame before it is signed, and keeps acknowledgements back.
        self.spoil = None
        self.hold_acks = False

    # ------------------------------------------------------------ connection

    def connected(self, now):
        """A new connection: SYN, or a resumption (S5, S31)."""
        if self.lost_at is not None:
            self.still += now - self.lost_at
            self.lost_at = None
        time = now - self.still
        self.out.clear()
        self.last_read = time
        self.last_heartbeat = time
        self.handshake_end = time + HANDSHAKE_S
        if self.resume_token is None:
            self.stage = "opening"
            if self.syn is None:
                content = {"encodings": self.offered, "features": self.features, "pending_messages": self.pending}
                if self.token is not None:
                    content["token"] = self.token
                self.syn = self.control_frame("0", ["SYN", "CTRL"], {"type": "control.hello", "content": content})
                if self.wanted:
                    self.syn["window"] = self.wanted
        else:
            self.stage = "resuming"
            content = {"token": self.resume_token, "acks": self.all_acks()}
            self.syn = self.control_frame("0", ["SYN", "CTRL"], {"type": "control.resume", "content": content})
        self.emit(self.syn)
        self.syn_due = time + 1

    def disconnected(self, now):
        if self.stage == "closed" or self.lost_at is not None:
            return
        self.lost_at = now
        self.out.clear()
        self.stage = "lost" if self.resume_token is not None else "idle"

    def time(self, now):
        return (self.lost_at if self.lost_at is not None else now) - self.still

    def close(self, error=None):
        if self.stage != "closed":
            self.stage = "closed"
            self.events.append(Event("closed", None, error))

    # ------------------------------------------------------------ frames out

    def control_frame(self, stream, with_flags, payload=None):
        frame = {"v": 1, "session_id": self.id, "stream_id": stream, "msg_seq": self.control, "flags": with_flags}
        self.control += 1
        return frame | ({"payload": payload} if payload else {})

    def emit(self, frame):
        first = frame.get("payload", {}).get("type") == "control.hello"
        if self.spoil:
            frame = self.spoil(frame)
            if frame is None:
                return
        if self.signed and not first:
            frame = seal.sign(frame, self.signer["kid"], self.signer["secret"])
        if self.summed and not first:
            frame = {"checksum": seal.checksum(frame)} | frame
        self.out.append(frame)

    def take(self):
        """What is to be sent now, in order."""
        frames = list(self.out)
        self.out.clear()
        return frames

    def acknowledge(self, acks):
        for at in range(0, len(acks), MAX_ACKS):
            content = {"acks": acks[at : at + MAX_ACKS]}
            self.emit(self.control_frame("0", ["ACK", "CTRL"], {"type": "control.ack", "content": content}))

    def all_acks(self):
        acks = [state.acknowledgement(key) for key, state in self.receiving.items()]
        return [] if self.hold_acks else acks[:MAX_ACKS]

    def reset(self, stream, code, reason, now, details=None):
        """RST aborts a stream in both directions, and is sent again until it is confirmed (S29)."""
        content = {"code": code, "reason": reason} | ({"details": details} if details else {})
        payload = {"type": "error", "content": content}
        self.emit(self.control_frame(stream, ["RST", "CTRL"], payload))
        if stream == "0":
            self.close(content)
            return
        self.abort(stream)
        self.resets[stream] = {"payload": payload, "due": self.time(now) + self.rto, "sends": 1}

    # ------------------------------------------------------------ frames in

    def receive(self, frame, now):
        time = self.time(now)
        self.dead += max(0.0, time - (self.last_read + self.interval))
        self.last_read = time
        if frame["session_id"] != self.id:
            raise Violation("a frame of another session")
        if "checksum" in frame and frame["checksum"] != seal.checksum(frame):
            self.counts["damaged"] += 1
            return
        if self.summed:
            if "checksum" not in frame:
                raise Violation(f"no checksum: {frame}")
            self.counts["summed"] += 1
        if not self.authentic(frame):
            return
        if "CTRL" in flags(frame):
            self.on_control(frame, now)
        elif self.stage != "open":
            raise Violation("a message before the answer to SYN")
        else:
            self.on_message(frame, now)
        self.pump(now)

    def authentic(self, frame):
        """S36: every frame but the first SYN and its answer is signed."""
        first = self.stage == "opening" and "SYN" in flags(frame)
        refusal = self.stage in ("opening", "resuming") and "RST" in flags(frame)
        if self.signed and not first:
            if refusal and "sig" not in frame:
                return True
            if not seal.verify(frame, self.signer["keys"]):
                raise Violation(f"no good signature: {frame}")
            self.counts["verified"] += 1
            if frame["nonce"] in self.nonces:
                self.counts["repeated"] += 1
                return False
            self.nonces.add(frame["nonce"])
        return True

    def on_control(self, frame, now):
        has, stream = flags(frame), frame["stream_id"]
        kind = frame.get("payload", {}).get("type")
        content = frame.get("payload", {}).get("content") or {}
        if "SYN" in has:
            self.on_answer(frame, content, now)
        elif "RST" in has:
            self.on_reset(frame, content, now)
        elif self.stage != "open":
            raise Violation(f"a control frame before the answer to SYN: {frame}")
        newer = frame["msg_seq"] > self.newest
        self.newest = max(self.newest, frame["msg_seq"])
        if newer and "window" in frame:
            self.window = frame["window"]
            self.events.append(Event("window", None, frame["window"]))
        if "HB" in has:
            self.events.append(Event("heartbeat", None, frame))
        if kind in ("control.ack", "control.window_update", "control.hello"):
            for ack in content.get("acks", ()):
                self.on_ack(ack, stream, now)
        if "ECN" in has:
            self.crowded(now)

    def on_answer(self, frame, content, now):
        """S6."""
        if self.stage not in ("opening", "resuming"):
            return
        if not {"SYN", "ACK", "CTRL"} <= set(flags(frame)) or frame["stream_id"] != "0":
            raise Violation(f"no answer to SYN: {frame}")
        resumed = self.stage == "resuming"
        self.stage = "open"
        self.syn_due = self.handshake_end = None
        self.hello |= content
        if content.get("encoding", self.encoding) not in self.offered:
            raise Violation("an encoding that was not offered")
        self.encoding = content.get("encoding", self.encoding)
        self.resume_token = content.get("resume_token", self.resume_token)
        self.interval = max(1.0, self.hello.get("interval_s", 10))
        self.node = frame.get("meta", {}).get("node_id", self.node)
        if not resumed:
            if not set(content.get("features", ())) <= set(self.features):
                raise Violation("a feature that was not offered")
            self.signed = "sig" in content.get("features", ())
            self.summed = "checksum" in content.get("features", ())
            self.peer_pending = content.get("pending_messages", PENDING)
        self.events.append(Event("open", None, frame))
        if not resumed:
            return
        for ack in content.get("acks", ()):
            self.on_ack(ack, "0", now)
        for state in self.sending.values():
            for message in state.kept.values():
                if message.sends and not message.withdrawn:
                    self.transmit(message, range(message.up_to + 1, len(message.frames)), now)
        for reset in self.resets.values():
            reset["due"] = self.time(now)

    def on_reset(self, frame, content, now):
        stream = frame["stream_id"]
        if "ACK" in flags(frame):
            if self.resets.pop(stream, None):
                self.events.append(Event("confirmed", stream))
            self.abort(stream)
            return
        if stream == "0":
            self.close(content)
            return
        self.emit(self.control_frame(stream, ["RST", "ACK", "CTRL"]))
        known = stream in self.streams
        self.abort(stream)
        if known:
            self.events.append(Event("reset", stream, content))

    def abort(self, stream):
        """Neither end hands on what comes later; what is not settled is in doubt (S29)."""
        self.streams.pop(stream, None)
        for table in (self.sending, self.receiving):
            for key in [key for key in table if key[0] == stream]:
                del table[key]
