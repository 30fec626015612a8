"""The sender's side of a session: what is sent, sent again, and acknowledged by the other end (S9 to S15, S17)."""

import random

from .fragments import cut
from .lanes import RTO_MAX, RTO_MIN, Event, Kept, Sending, Stream, Violation


class Sender:
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
