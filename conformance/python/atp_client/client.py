"""A session over WebSockets: docs/protocol/atp-transports.md. Nothing runs in the background; `until` drives everything."""

import asyncio
import random
import time

import websockets

from .frames import from_cbor, from_json, to_cbor, to_json
from .lanes import Violation
from .session import Session

CONNECT_S = 10


class Refused(Exception):
    """The session was closed with an error, or the WebSocket refused."""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


class Answer:
    """What came on a stream."""

    def __init__(self):
        self.messages = []
        self.done = False
        self.reset = None

    @property
    def partial_text(self):
        return "".join(one["payload"]["content"].get("delta", "") for one in self.of("agent.result.partial"))

    @property
    def last(self):
        return self.messages[-1]["payload"]

    def of(self, kind):
        return [one for one in self.messages if one.get("payload", {}).get("type") == kind]

    def numbers(self):
        return [one["msg_seq"] for one in self.messages]


class Client:
    def __init__(self, url, key=None, *, key_in="header", encodings=("cbor", "json"), features=(), signer=None, pending=256):
        self.url = "ws" + url.removeprefix("http").removeprefix("ws").rstrip("/") + "/ws"
        self.key = key
        self.key_in = key_in
        token = key if key_in == "frame" else None
        self.session = Session(encodings=encodings, features=features, token=token, signer=signer, pending=pending)
        self.ws = None
        self.answers = {}
        self.events = []
        self.read_as = set()
        self.close_code = None

    # ------------------------------------------------------------ connection

    async def dial(self):
        """A WebSocket with the key where it belongs (T2, T6, T7)."""
        protocols = ["atp.v1"]
        headers = {}
        if self.key_in == "header":
            headers["Authorization"] = f"Bearer {self.key}"
        elif self.key_in == "subprotocol":
            protocols.append(f"atp.key.{self.key}")
        self.ws = await websockets.connect(
            self.url, subprotocols=protocols, additional_headers=headers, open_timeout=CONNECT_S, max_size=1_048_576
        )
        if self.ws.subprotocol != "atp.v1":
            raise Violation(f"the answer names the subprotocol {self.ws.subprotocol}")

    async def open(self):
        """Connects, and opens the session or resumes it."""
        await self.dial()
        self.session.connected(time.monotonic())
        await self.until(lambda: self.session.stage == "open", 10)
        return self

    async def reopen(self, within=30):
        """Connects with back-off until somebody answers, and resumes."""
        end = time.monotonic() + within
        wait = 0.05
        while True:
            try:
                return await self.open()
            except (OSError, websockets.InvalidMessage, websockets.InvalidStatus, asyncio.TimeoutError):
                if time.monotonic() + wait > end:
                    raise
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))
                wait = min(2 * wait, 1)

    def cut(self):
        """Cuts the TCP connection, without a word of WebSocket."""
        self.ws.transport.abort()
        self.ws = None
        self.session.disconnected(time.monotonic())

    async def close(self):
        if self.ws is not None:
            await self.ws.close()
            self.ws = None

    # ------------------------------------------------------------ driving

    async def flush(self):
        for frame in self.session.take():
            if self.ws is not None:
                data = to_cbor(frame) if self.session.encoding == "cbor" else to_json(frame)
                try:
                    await self.ws.send(data)
                except websockets.ConnectionClosed:
                    self.lost()

    def lost(self):
        if self.ws is not None:
            self.close_code = self.ws.close_code
            self.ws = None
        self.session.disconnected(time.monotonic())

    async def until(self, condition, within):
        """Reads, answers and keeps time until the condition holds; TimeoutError when it does not in time."""
        end = time.monotonic() + within
        while True:
            self.session.tick(time.monotonic())
            await self.flush()
            self.gather()
            if condition():
                return
            if self.session.stage == "closed":
                raise Refused(self.events[-1].value)
            if self.ws is None:
                raise ConnectionError(f"the connection is lost ({self.close_code})")
            now = time.monotonic()
            if now >= end:
                raise TimeoutError(f"not within {within} s; the last event: {self.events[-1:]}")
            due = self.session.deadline()
            await self.read(max(0.0, min(end, due if due is not None else end) - now))

    async def read(self, wait):
        try:
            data = await asyncio.wait_for(self.ws.recv(), wait)
        except asyncio.TimeoutError:
            return
        except websockets.ConnectionClosed:
            self.lost()
            return
        self.read_as.add("json" if isinstance(data, str) else "cbor")
        frame = from_json(data) if isinstance(data, str) else from_cbor(data)
        self.session.receive(frame, time.monotonic())

    def gather(self):
        while self.session.events:
            event = self.session.events.popleft()
            self.events.append(event)
            answer = self.answers.setdefault(event.stream, Answer()) if event.stream else None
            if event.kind == "message":
                answer.messages.append(event.value)
                answer.done |= "FIN" in event.value.get("flags", [])
            elif event.kind == "reset":
                answer.reset = event.value
            elif event.kind == "silent":
                self.cut()

    # ------------------------------------------------------------ work

    def ask(self, prompt, *, model="auto", fin=True, sizes=(None, None), qos=None, **members):
        """A task is an agent.dispatch whose `task` is a request in the shape of `ask`."""
        content = {"session_id": "atp-client", "targets": [], "task": {"prompt": prompt, "model": model, **members}}
        payload = {"type": "agent.dispatch", "content": content}
        stream = self.session.open_stream(payload, time.monotonic(), fin=fin, qos=qos, sizes=sizes)
        self.answers[stream] = Answer()
        return stream

    async def answer(self, stream, within=30):
        answer = self.answers[stream]
        await self.until(lambda: answer.done or answer.reset, within)
        return answer

    async def cancel(self, stream, within=10):
        self.session.reset(stream, "EPREEMPT", "The client does not need it any more.", time.monotonic())
        await self.until(lambda: any(one.kind == "confirmed" and one.stream == stream for one in self.events), within)

    async def finish(self, within=10):
        """FIN both ways, everything settled; then the client closes (S28)."""
        await self.until(lambda: len(self.session.streams) == 1, within)
        self.session.finish(time.monotonic())
        await self.until(lambda: self.session.finished, within)
        self.session.close()
        await self.close()
