"""How streams and sessions end."""

import time

import websockets

from .bench import PROMPT, equal, holds, refused, some_partials, whole


async def cancel(bench):
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    await client.cancel(stream)
    had = len(client.answers[stream].messages)
    holds("the answer was not complete", not client.answers[stream].done)
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    equal("messages after the abort", len(client.answers[stream].messages), had)
    await client.finish()
    return f"after {had} messages"


async def abort_of_the_session(bench):
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    token, number = client.session.resume_token, client.session.control
    client.session.reset("0", "EPREEMPT", "The client goes away.", time.monotonic())
    await client.flush()
    try:
        while True:
            await client.ws.recv()
    except websockets.ConnectionClosed:
        pass
    other = bench.client()
    other.session.id, other.session.resume_token, other.session.control = client.session.id, token, number + 100
    await refused("a session that was aborted", other.open(), "ESEC")


async def close_of_an_aborted_session(bench):
    """T14: 4002 is for a client of which nothing came in three heartbeats."""
    client = await bench.client().open()
    client.session.reset("0", "EPREEMPT", "The client goes away.", time.monotonic())
    await client.flush()
    former = client.ws
    try:
        while True:
            await former.recv()
    except websockets.ConnectionClosed:
        holds(f"close code {former.close_code}", former.close_code != 4002)


async def fin_while_a_stream_is_open(bench):
    """FIN on stream 0 waits for the streams; the router's follows, and everything is acknowledged."""
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model, fin=False)
    whole(await client.answer(stream))
    holds("the stream is open until this end says FIN", stream in client.session.streams)
    client.session.finish(time.monotonic())
    client.session.send(stream, None, time.monotonic(), fin=True)
    await client.finish()
