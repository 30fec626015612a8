"""One session as the client sees it, without input and output: docs/protocol/atp-sessions.md.

Frames go in with `receive`, frames to send come out of `take`, what happened comes out of `events`. `now` is a monotone clock in
seconds. While there is no connection, session time stands still (S31).
"""

import collections
import random
import secrets

from . import seal
from .fragments import Reassembly, cut
from .frames import flags, is_fragment, lane

HANDSHAKE_S = 10
RTO_FIRST, RTO_MIN, RTO_MAX = 1.0, 0.2, 10.0
RESEND_LIFETIME_S = 30
GAP_S = 0.5
ACK_DELAY_S, ACK_MESSAGES = 0.025, 16
SILENT_INTERVALS = 3
RESENT_FRAGMENTS = 64
PENDING = 256
MAX_ACKS = 256

Event = collections.namedtuple("Event", "kind stream value", defaults=(None, None))


class Violation(Exception):
    """The other end broke a rule of the documents."""


class Kept:
    """A message that is not settled (S10)."""

    def __init__(self, number, frames):
        self.number = number
        self.frames = frames
        self.sends = 0
        self.first = None
        self.sent = None
        self.due = None
        self.asked = None
        self.up_to = -1
        self.withdrawn = False

    @property
    def fin(self):
        return "FIN" in flags(self.frames[0])


class Sending:
    """A lane, as the end that sends on it sees it."""

    def __init__(self, pending):
        self.next = 0
        self.credit = pending - 1
        self.acknowledged = -1
        self.kept = collections.OrderedDict()


class Receiving:
    """A lane, as the end that reads it sees it."""

    def __init__(self, pending):
        self.pending = pending
        self.next = 0
        self.whole = {}
        self.partial = {}
        self.failed = set()
        self.gaps = {}
        self.behind_fin = False
        self.unacknowledged = 0
        self.ack_due = None

    def settle(self):
        """Messages whose turn it is, each once and in order; None is one that failed."""
        while self.next in self.whole or self.next in self.failed:
            number = self.next
            self.next += 1
            yield number, self.whole.pop(number, None)

    def acknowledgement(self, key):
        """S17. `credit` is `pending` above what is handed on."""
        stream, persona, clone = key
        ack = {"stream_id": stream}
        if persona is not None:
            ack["persona_id"] = persona
        if clone is not None:
            ack["clone_id"] = clone
        if self.next > 0:
            ack["ack_msg_up_to"] = self.next - 1
        ack["credit"] = self.next - 1 + self.pending
        failed = sorted(one for one in self.failed if one > self.next - 1 - self.pending)
        return ack | ({"failed": failed} if failed else {})


class Stream:
    def __init__(self):
        self.ended = False
        self.fin_settled = False
        self.other_ended = False


class Session:
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

    # ------------------------------------------------------------ messages out

    def open_stream(self, payload, now, *, fin=True, meta=None, qos=None, sizes=(None, None)):
        """The first message of a stream has SYN (S2); the client opens 1, 3, 5 ... (S1)."""
        stream = str(self.next_stream)
        self.next_stream += 2
        self.streams[stream] = Stream()
        self.send(stream, payload, now, syn=True, fin=fin, meta=meta, qos=qos, sizes=sizes)
        return stream

    def send(self, stream, payload, now, *, syn=False, fin=False, meta=None, qos=None, sizes=(None, None)):
        key = (stream, (payload or {}).get("persona_id"), (payload or {}).get("clone_id"))
        sending = self.sending.setdefault(key, Sending(self.peer_pending))
        frame = {"v": 1, "session_id": self.id, "stream_id": stream, "msg_seq": sending.next}
        with_flags = ["SYN"] * syn + ["FIN"] * fin
        extra = {"flags": with_flags or None, "meta": meta, "qos": qos, "payload": payload}
        frame |= {name: value for name, value in extra.items() if value}
        sending.kept[sending.next] = Kept(sending.next, cut(frame, *sizes))
        sending.next += 1
        self.streams[stream].ended |= fin
        self.pump(now)
        return sending.next - 1

    def finish(self, now):
        """FIN on stream 0 ends this side of the session, once all streams are closed (S14)."""
        if not self.streams["0"].ended:
            self.send("0", None, now, fin=True)

    def may_send(self, key, message):
        stream = key[0]
        if not message.fin:
            return True
        if stream == "0" and len(self.streams) > 1:
            return False
        others = (state for other, state in self.sending.items() if other[0] == stream and other != key)
        return not any(state.kept for state in others)

    def unacknowledged(self):
        return sum(1 for state in self.sending.values() for one in state.kept.values() if one.sends)

    def pump(self, now):
        """Sends what credit, congestion and FIN allow (S9, S14, S15)."""
        if self.stage != "open":
            return
        for key, state in list(self.sending.items()):
            for message in state.kept.values():
                if message.sends:
                    continue
                if message.number > state.credit or not self.may_send(key, message) or self.unacknowledged() >= self.limit:
                    break
                self.transmit(message, range(len(message.frames)), now)

    def transmit(self, message, indexes, now):
        time = self.time(now)
        for index in indexes:
            if index < len(message.frames):
                self.emit(message.frames[index])
        if message.sends == 0:
            message.first = self.life(time)
        else:
            self.counts["resent"] += 1
        message.sends += 1
        message.sent = time
        wait = min(self.rto * 2 ** (message.sends - 1), RTO_MAX)
        message.due = time + wait * random.uniform(0.8, 1.2)

    def life(self, time):
        """Time that counts for the resend lifetime: up to one interval behind the last frame that was read (S42)."""
        return min(time, self.last_read + self.interval) - self.dead

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

    # ------------------------------------------------------------ acknowledgements in

    def on_ack(self, ack, stream, now):
        key = (ack.get("stream_id", stream), ack.get("persona_id"), ack.get("clone_id"))
        self.withdraw_incoming(key, ack.get("withdrawn", ()), now)
        state = self.sending.get(key)
        if state is None:
            return
        sent = max((one.number for one in state.kept.values() if one.sends), default=-1)
        up_to = ack.get("ack_msg_up_to", -1)
        if up_to > max(sent, state.acknowledged):
            raise Violation(f"acknowledges what was not sent: {ack}")
        state.credit = max(state.credit, ack.get("credit", -1))
        state.acknowledged = max(state.acknowledged, up_to)
        failed = set(ack.get("failed", ()))
        for number in [one for one in state.kept if one <= up_to]:
            self.settle(key, state.kept.pop(number), number in failed, now)
        for number in ack.get("missing_messages", ()):
            if number in state.kept and state.kept[number].sends and not state.kept[number].withdrawn:
                self.transmit(state.kept[number], range(len(state.kept[number].frames)), now)
        message = state.kept.get(ack.get("msg_seq"))
        if message is not None and not message.withdrawn:
            if ack.get("ack_up_to", -1) > message.up_to:
                message.up_to = ack["ack_up_to"]
                message.due = self.time(now) + self.rto
            if ack.get("missing"):
                self.transmit(message, ack["missing"], now)

    def settle(self, key, message, failed, now):
        time = self.time(now)
        if message.sends == 1 and not failed:
            self.sample(time - message.sent)
        if self.limit < self.full:
            self.grown += 1
            if self.grown >= self.limit:
                self.limit, self.grown = self.limit + 1, 0
        self.events.append(Event("settled", key[0], (message.number, "failed" if failed else "delivered")))
        stream = self.streams.get(key[0])
        if stream is None or not message.fin:
            return
        if failed:
            self.send(key[0], None, now, fin=True)
        else:
            stream.fin_settled = True
            self.maybe_closed(key[0])

    def sample(self, round_trip):
        """RFC 6298 (S11)."""
        if self.srtt is None:
            self.srtt, self.variation = round_trip, round_trip / 2
        else:
            self.variation += (abs(self.srtt - round_trip) - self.variation) / 4
            self.srtt += (round_trip - self.srtt) / 8
        self.rto = min(max(self.srtt + 4 * self.variation, RTO_MIN), RTO_MAX)

    def crowded(self, now):
        """S15: half as much under way, once in a round trip."""
        time = self.time(now)
        if time - self.halved_at < (self.srtt or self.rto):
            return
        self.halved_at = time
        under_way = self.unacknowledged()
        self.full = max(under_way, 1) if self.limit == float("inf") else self.full
        self.limit, self.grown = max(1, under_way // 2), 0

    def maybe_closed(self, stream):
        state = self.streams.get(stream)
        if state is None or not (state.fin_settled and state.other_ended):
            return
        if any(one.kept for key, one in self.sending.items() if key[0] == stream):
            return
        if stream == "0":
            return
        del self.streams[stream]
        for key in [key for key in self.sending if key[0] == stream]:
            del self.sending[key]
        self.events.append(Event("stream_closed", stream))

    @property
    def finished(self):
        """Both ends have sent FIN on stream 0, and everything is settled and acknowledged (S28)."""
        end = self.streams["0"]
        owed = any(state.ack_due is not None for state in self.receiving.values())
        return end.fin_settled and end.other_ended and not owed and not self.out

    # ------------------------------------------------------------ messages in

    def on_message(self, frame, now):
        key, number, time = lane(frame), frame["msg_seq"], self.time(now)
        stream = key[0]
        if stream in self.resets:
            self.counts["late"] += 1
            return
        if stream not in self.streams and not self.take_stream(frame, now):
            return
        state = self.receiving.get(key)
        if state is None:
            state = self.receiving[key] = Receiving(self.pending)
        if number < state.next or number in state.whole:
            self.counts["duplicates"] += 1
            state.ack_due = time
            return
        if number in state.failed:
            return
        if number > state.next - 1 + state.pending:
            raise Violation(f"beyond the credit: {frame}")
        if state.behind_fin:
            raise Violation(f"behind FIN: {frame}")
        if is_fragment(frame):
            self.on_fragment(key, state, frame, time)
        else:
            state.whole[number] = frame
        self.hand_on(key, state, now)

    def take_stream(self, frame, now):
        """A stream that is not open: one that the server opens, one that is closed (S30), or none that there can be (S1)."""
        stream = frame["stream_id"]
        if not stream.isdecimal() or (stream != "0" and stream[0] == "0"):
            raise Violation(f"no number of a stream: {frame}")
        if int(stream) % 2 == 0:
            if "SYN" in flags(frame):
                self.streams[stream] = Stream()
                self.events.append(Event("stream", stream))
                return True
            return False
        if int(stream) >= self.next_stream:
            raise Violation(f"a message on a stream that was not opened: {frame}")
        self.counts["late"] += 1
        ack = {"stream_id": stream, "ack_msg_up_to": frame["msg_seq"], "credit": frame["msg_seq"]}
        payload = frame.get("payload", {})
        self.acknowledge([ack | {name: payload[name] for name in ("persona_id", "clone_id") if name in payload}])
        return False

    def on_fragment(self, key, state, frame, time):
        number = frame["msg_seq"]
        whole = state.partial.setdefault(number, Reassembly())
        outcome = whole.add(frame)
        self.counts["fragments"] += 1
        if outcome == "complete":
            state.whole[number] = whole.message
            del state.partial[number]
        elif outcome == "failed":
            del state.partial[number]
            self.fail_incoming(key, state, number)
        elif outcome == "bad_fragment":
            index = frame.get("frag_seq", 0)
            self.acknowledge([self.naming(key, state, number, sorted({*whole.missing(), index}))])

    def naming(self, key, state, number, missing):
        ack = state.acknowledgement(key) | {"msg_seq": number, "missing": missing}
        up_to = state.partial[number].ack_up_to
        return ack | ({"ack_up_to": up_to} if up_to >= 0 else {})

    def fail_incoming(self, key, state, number):
        state.failed.add(number)
        state.partial.pop(number, None)

    def hand_on(self, key, state, now):
        time = self.time(now)
        for number, frame in state.settle():
            state.unacknowledged += 1
            state.gaps.pop(number, None)
            if frame is None:
                self.events.append(Event("failed", key[0], number))
                continue
            self.events.append(Event("message", key[0], frame))
            if "FIN" in flags(frame) and key[1:] == (None, None):
                state.behind_fin = True
                self.streams[key[0]].other_ended = True
                if key[0] == "0":
                    self.events.append(Event("fin"))
        if state.unacknowledged:
            wait = 0 if state.unacknowledged >= ACK_MESSAGES or state.behind_fin else ACK_DELAY_S
            state.ack_due = min(state.ack_due or time + wait, time + wait)
        self.find_gaps(state, time)
        if state.behind_fin:
            self.maybe_closed(key[0])

    def find_gaps(self, state, time):
        """S19: what is not there while a later one is, or its own last fragment."""
        highest = max([*state.whole, *state.partial, state.next - 1])
        for number in range(state.next, highest + 1):
            if number in state.whole or number in state.failed:
                state.gaps.pop(number, None)
            elif number < highest or state.partial[number].last is not None:
                state.gaps.setdefault(number, {"since": self.life(time), "due": time + GAP_S, "wait": GAP_S})

    def withdraw_incoming(self, key, numbers, now):
        """What has arrived completely stays delivered, else it has failed (S13)."""
        if not numbers or key[0] not in self.streams:
            return
        state = self.receiving.setdefault(key, Receiving(self.pending))
        for number in numbers:
            if number >= state.next and number not in state.whole:
                self.fail_incoming(key, state, number)
        state.ack_due = self.time(now)
        self.hand_on(key, state, now)

    # ------------------------------------------------------------ time

    def tick(self, now):
        if self.stage == "closed":
            return
        if self.lost_at is not None:
            if now - self.lost_at >= self.hello.get("resume_ttl_ms", 60_000) / 1000:
                self.close({"code": "ETIMEOUT", "reason": "no connection in time"})
            return
        time = self.time(now)
        if self.stage in ("opening", "resuming"):
            self.tick_handshake(time, now)
            return
        if self.stage != "open":
            return
        if time - self.last_read >= SILENT_INTERVALS * self.interval:
            self.events.append(Event("silent"))
            return
        if time - self.last_heartbeat >= self.interval:
            self.heartbeat(time)
        self.tick_receiving(time, now)
        self.tick_sending(time, now)
        for stream, reset in self.resets.items():
            if time >= reset["due"]:
                self.emit(self.control_frame(stream, ["RST", "CTRL"], reset["payload"]))
                reset["due"] = time + min(self.rto * 2 ** reset["sends"], RTO_MAX)
                reset["sends"] += 1

    def tick_handshake(self, time, now):
        if time >= self.handshake_end:
            self.close({"code": "ETIMEOUT", "reason": "no answer to SYN"})
        elif time >= self.syn_due:
            self.emit(self.syn)
            self.syn_due = time + 2

    def heartbeat(self, time):
        frame = self.control_frame("0", ["HB", "CTRL"], {"type": "control.window_update", "content": {"acks": self.all_acks()}})
        self.emit(frame)
        self.last_heartbeat = time

    def tick_receiving(self, time, now):
        acks = []
        for key, state in list(self.receiving.items()):
            self.tick_gaps(key, state, time, now, acks)
            if state.ack_due is not None and time >= state.ack_due and not self.hold_acks:
                acks.append(state.acknowledgement(key))
                state.ack_due = None
                state.unacknowledged = 0
            if key[0] not in self.streams and state.ack_due is None:
                del self.receiving[key]
        if acks:
            self.acknowledge(acks)

    def tick_gaps(self, key, state, time, now, acks):
        for number, gap in list(state.gaps.items()):
            if self.life(time) - gap["since"] >= RESEND_LIFETIME_S:
                self.fail_incoming(key, state, number)
                self.hand_on(key, state, now)
            elif time >= gap["due"]:
                gap["wait"] = min(2 * gap["wait"], RTO_MAX)
                gap["due"] = time + gap["wait"] * random.uniform(0.8, 1.2)
                if number in state.partial:
                    acks.append(self.naming(key, state, number, state.partial[number].missing()))
                else:
                    acks.append(state.acknowledgement(key) | {"missing_messages": [number]})

    def tick_sending(self, time, now):
        for key, state in list(self.sending.items()):
            oldest = True
            for message in state.kept.values():
                if not message.sends:
                    break
                if not message.withdrawn and self.life(time) - message.first >= RESEND_LIFETIME_S:
                    message.withdrawn = True
                    message.due = time
                if message.withdrawn and time >= message.due:
                    self.withdraw(key, message, time)
                elif not message.withdrawn and oldest:
                    oldest = False
                    if time >= message.due:
                        self.crowded(now)
                        rest = range(message.up_to + 1, len(message.frames))
                        self.transmit(message, [*rest[:-1][: RESENT_FRAGMENTS - 1], *rest[-1:]], now)

    def withdraw(self, key, message, time):
        stream, persona, clone = key
        ack = {"stream_id": stream, "persona_id": persona, "clone_id": clone, "withdrawn": [message.number]}
        self.acknowledge([{name: value for name, value in ack.items() if value is not None}])
        message.sends += 1
        message.due = time + min(self.rto * 2 ** (message.sends - 1), RTO_MAX)

    @staticmethod
    def due_times(state):
        """Of messages that are not withdrawn only the oldest is sent again by time (S10)."""
        sent = [one for one in state.kept.values() if one.due is not None]
        oldest = [one for one in sent if not one.withdrawn][:1]
        return [one.due for one in sent if one.withdrawn or one in oldest]

    def deadline(self):
        """The time at which `tick` has something to do."""
        if self.stage == "closed":
            return None
        if self.lost_at is not None:
            return self.lost_at + self.hello.get("resume_ttl_ms", 60_000) / 1000
        if self.stage in ("opening", "resuming"):
            return min(self.syn_due, self.handshake_end) + self.still
        times = [self.last_read + SILENT_INTERVALS * self.interval, self.last_heartbeat + self.interval]
        for state in self.receiving.values():
            times += [gap["due"] for gap in state.gaps.values()]
            times += [state.ack_due] if state.ack_due is not None and not self.hold_acks else []
        for state in self.sending.values():
            times += self.due_times(state)
        times += [one["due"] for one in self.resets.values()]
        return min(times) + self.still
