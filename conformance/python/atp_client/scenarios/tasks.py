"""Handshake, tasks, credit, refusals, heartbeats."""

import json

import websockets

from .bench import PROMPT, equal, holds, refused, whole


async def task_in_json(bench):
    client = await bench.client(encodings=("json", "cbor")).open()
    equal("encoding", client.session.encoding, "json")
    answer = whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    equal("read", client.read_as, {"json"})
    return f"{len(answer.messages)} messages"


async def task_in_cbor(bench):
    client = await bench.client(encodings=("cbor", "json")).open()
    equal("encoding", client.session.encoding, "cbor")
    answer = whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    holds("the answer came in CBOR", "cbor" in client.read_as)
    return f"{len(answer.messages)} messages"


async def key_in_first_frame(bench):
    client = await bench.client(key_in="frame").open()
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()


async def key_in_subprotocol(bench):
    client = await bench.client(key_in="subprotocol").open()
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()


async def negotiation(bench):
    client = await bench.client(encodings=("nothing", "cbor"), features=("nobody-knows",)).open()
    hello = client.session.hello
    equal("encoding", hello["encoding"], "cbor")
    equal("features", hello["features"], [])
    for name in ("interval_s", "idle_fin_s", "resume_token", "resume_ttl_ms", "pending_messages"):
        holds(f"{name} is there", name in hello)
    holds("the window is there", client.session.window is not None)
    holds("the node is named", client.session.node)
    await client.finish()


async def refusals(bench):
    for how in ("header", "subprotocol"):
        try:
            await bench.client(key="atp_wrong", key_in=how).open()
        except websockets.InvalidStatus as error:
            equal("status", error.response.status_code, 401)
        else:
            raise AssertionError(f"a wrong key in a {how} is taken")
    await refused("a wrong key in the first frame", bench.client(key="atp_wrong", key_in="frame").open(), "ESEC")
    await refused("no encoding in common", bench.client(encodings=("nothing",)).open(), "EPROTO")


async def what_is_no_frame(bench):
    """W64, W65: it is refused on the session, with EPROTO and the kind of fault; also where it names a stream."""
    dispatch = {"v": 1, "stream_id": "1", "msg_seq": 0, "flags": ["SYN"], "payload": {"type": "agent.dispatch"}}
    for text, fault in (
        ("{", "syntax"),
        ('{"v":2}', "version"),
        ('{"v":1,"msg_seq":0}', "missing"),
        (dispatch, "missing"),
    ):
        client = await bench.client(encodings=("json",)).open()
        if isinstance(text, dict):
            text = json.dumps(text | {"session_id": client.session.id})
        await client.ws.send(text)
        error = await refused(text, client.until(lambda: False, 10), "EPROTO")
        equal(f"{text}: fault", error["details"]["fault"], fault)
        await client.close()


async def acknowledged_and_never_sent(bench):
    """S17: that aborts the session, also for a lane in which nothing was sent yet."""
    client = await bench.client().open()
    client.ask(PROMPT, model=bench.model)
    client.session.acknowledge([{"stream_id": "1", "ack_msg_up_to": 500}])
    await refused("an acknowledgement of nothing", client.answer("1"), "EPROTO")


async def heartbeats(bench):
    client = await bench.client().open()
    interval = client.session.interval
    await client.until(lambda: any(one.kind == "heartbeat" for one in client.events), interval + 5)
    beat = next(one.value for one in client.events if one.kind == "heartbeat")
    equal("stream", beat["stream_id"], "0")
    equal("payload", beat["payload"]["type"], "control.window_update")
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    return f"after {interval:g} s"


async def credit(bench):
    """A client that takes four messages of a lane gets no fifth before it acknowledges, and the first one again."""
    client = await bench.client(pending=4).open()
    client.session.hold_acks = True
    stream = client.ask(PROMPT, model=bench.model)
    await client.until(lambda: client.session.counts["duplicates"] > 0, 20)
    equal("messages without an acknowledgement", client.answers[stream].numbers(), [0, 1, 2, 3])
    client.session.hold_acks = False
    whole(await client.answer(stream))
    await client.finish()
    return f"{client.session.counts['duplicates']} came again"


async def many_streams(bench):
    client = await bench.client().open()
    streams = [client.ask(PROMPT, model=bench.model, max_output_tokens=10) for _ in range(8)]
    for stream in streams:
        whole(await client.answer(stream))
    await client.finish()


async def error_on_a_stream(bench):
    client = await bench.client().open()
    answer = await client.answer(client.ask(PROMPT, model="there-is-no-such-model"))
    equal("type", answer.last["type"], "error")
    equal("code", answer.last["content"]["code"], "EPOLICY")
    await client.finish()
