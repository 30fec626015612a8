"""Connections that are cut, tokens, and a router that is killed."""

import time

import websockets

from .bench import PROMPT, Skip, equal, holds, refused, some_partials, whole


async def resume_in_an_answer(bench):
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    for _ in range(3):
        before = len(client.answers[stream].messages)
        await client.until(lambda: len(client.answers[stream].messages) >= before + 3, 20)
        if client.answers[stream].done:
            break
        client.cut()
        await client.reopen()
    answer = whole(await client.answer(stream))
    await client.finish()
    return f"{len(answer.messages)} messages, {sum(one.kind == 'open' for one in client.events)} connections"


async def resume_signed(bench):
    client = await bench.client(features=("sig",), signer=bench.signer()).open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    client.cut()
    await client.reopen()
    whole(await client.answer(stream))
    await client.finish()


async def resume_what_was_not_sent(bench):
    """A task whose frame never left goes out on the next connection."""
    client = await bench.client().open()
    client.session.spoil = lambda frame: None
    stream = client.ask(PROMPT, model=bench.model)
    await client.flush()
    client.cut()
    client.session.spoil = None
    await client.reopen()
    whole(await client.answer(stream))
    await client.finish()


async def resume_with_a_lost_answer(bench):
    """S33: until a frame has followed the answer, the same token may be used again."""
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    client.cut()
    await client.dial()
    client.session.connected(time.monotonic())
    await client.flush()
    await client.ws.recv()
    client.cut()
    await client.reopen()
    whole(await client.answer(stream))
    await client.finish()


async def resume_with_a_spent_token(bench):
    client = await bench.client().open()
    spent = client.session.resume_token
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    client.cut()
    await client.reopen()
    whole(await client.answer(stream))
    other = bench.client()
    other.session.id = client.session.id
    other.session.resume_token = spent
    other.session.control = client.session.control + 100
    await refused("a spent token", other.open(), "ESEC")
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()


async def resume_takes_over(bench):
    """S34: the former connection is closed with 4003."""
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    former, client.ws = client.ws, None
    client.session.disconnected(time.monotonic())
    await client.reopen()
    whole(await client.answer(stream))
    try:
        while True:
            await former.recv()
    except websockets.ConnectionClosed:
        equal("close code", former.close_code, 4003)
    await client.finish()


async def restart(bench):
    """The router is killed in the middle of an answer and started again: the session is resumed, and nothing comes twice."""
    if bench.router is None:
        raise Skip("no --serve")
    client = await bench.client().open()
    ended = client.ask(PROMPT, model=bench.model, max_output_tokens=10)
    whole(await client.answer(ended))
    client.session.hold_acks = True
    # At once: what is sent and not acknowledged in time leaves no room for more (S15).
    unheard = client.ask(PROMPT, model=bench.model, max_output_tokens=5)
    running = client.ask(PROMPT, model=bench.long_model or bench.model)
    whole(await client.answer(unheard))
    await some_partials(client, running)
    had = len(client.answers[running].messages)
    await bench.router.kill()
    try:
        await client.until(lambda: False, 10)
    except ConnectionError:
        pass
    await bench.router.start()
    await client.reopen(60)
    answer = await client.answer(running)
    client.session.hold_acks = False
    equal("numbers", answer.numbers(), list(range(len(answer.messages))))
    holds("more came than before", len(answer.messages) > had)
    equal("what was interrupted", answer.last["type"], "error")
    equal("code", answer.last["content"]["code"], "EAGENTDOWN")
    whole(client.answers[unheard])
    again = client.session.counts
    await client.until(lambda: again["duplicates"] + again["late"] >= len(client.answers[unheard].messages), 10)
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    return f"{had} messages before, {len(answer.messages) - had} after, {again['duplicates'] + again['late']} came again and were ignored"
