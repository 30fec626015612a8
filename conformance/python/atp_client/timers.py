"""What a session does because time has passed."""

import random

from .lanes import RESEND_LIFETIME_S, RESENT_FRAGMENTS, RESUME_TTL_MS, RTO_MAX, SILENT_INTERVALS, Event


class Timers:
    def tick(self, now):
        if self.stage == "closed":
            return
        if self.lost_at is not None:
            if now - self.lost_at >= self.hello.get("resume_ttl_ms", RESUME_TTL_MS) / 1000:
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
            return self.lost_at + self.hello.get("resume_ttl_ms", RESUME_TTL_MS) / 1000
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
