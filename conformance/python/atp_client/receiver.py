"""The receiver's side of a session: messages are handed on in order, each once, and acknowledged (S13, S16 to S20, S30)."""

from .fragments import Reassembly
from .frames import flags, is_fragment, lane
from .lanes import ACK_DELAY_S, ACK_MESSAGES, GAP_S, Event, Receiving, Stream, Violation


class Receiver:
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
