import { decodeCbor, encodeCbor, encodeJson } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { post as rawPost, RawClient } from '../http/support/raw-client.ts';
import { HELLO, HELLO_ANSWER, KEY_A, KEY_B, message } from './support/echo.ts';
import { startFrames } from './support/frame-server.ts';
import { EventClient, ndjson, openStream, post, records } from './support/stream-client.ts';

const errorOf = (body: string): { readonly code: string; readonly param: string | null; readonly message: string } =>
  (JSON.parse(body) as { error: { code: string; param: string | null; message: string } }).error;

describe('POST of the first frame', () => {
  it('is answered with 201, the frame that answers, and where the connection is', async () => {
    const { port, acceptor, streams } = await startFrames();
    const { status, headers, body } = await post(port, '/v1/streams', encodeJson(HELLO));
    expect(status).toBe(201);
    expect(headers['content-type']).toBe('application/json');
    expect(headers.location).toMatch(/^\/v1\/streams\/[\w-]{32}$/);
    expect(JSON.parse(body)).toEqual(HELLO_ANSWER);
    const { connection } = await acceptor.next();
    expect(connection).toMatchObject({ carrier: 'http', principal: { tenant: 'a' }, remote_address: '127.0.0.1' });
    expect(streams.size).toBe(1);
  });

  it('may be CBOR, and is answered in what the session speaks', async () => {
    const { port, acceptor } = await startFrames();
    acceptor.encoding = 'cbor';
    const client = await RawClient.open(port);
    const body = Buffer.from(encodeCbor(HELLO)).toString('latin1');
    const head = rawPost('/v1/streams', '', [`x-api-key: ${KEY_A}`, 'content-type: application/cbor']);
    client.send(Buffer.from(head.replace('content-length: 0', `content-length: ${body.length}`) + body, 'latin1'));
    const [reply] = await client.replies(1);
    expect(reply?.headers.get('content-type')).toBe('application/cbor');
    expect(decodeCbor(Buffer.from(reply?.body ?? '', 'latin1'))).toEqual(HELLO_ANSWER);
  });

  it.each([
    ['no key', 401, 'unauthorized', null, '{}', 'application/json'],
    ['an unknown key', 401, 'unauthorized', 'nobody', '{}', 'application/json'],
    ['another type', 415, 'unsupported_media_type', KEY_A, '{}', 'text/plain'],
    ['many frames', 415, 'unsupported_media_type', KEY_A, '{}', 'application/x-ndjson'],
    ['a frame that is none', 400, 'invalid_request', KEY_A, '{"v":1}', 'application/json'],
    ['deep JSON', 400, 'invalid_request', KEY_A, '['.repeat(100_000), 'application/json'],
    ['more than a frame may be', 413, 'prompt_too_large', KEY_A, ' '.repeat(1_048_577), 'application/json'],
  ])('with %s is answered with %i %s', async (_what, status, code, key, body, type) => {
    const { port, acceptor, streams } = await startFrames();
    const answer = await post(port, '/v1/streams', body, { key, type });
    expect([answer.status, errorOf(answer.body).code]).toEqual([status, code]);
    expect(acceptor.all).toHaveLength(0);
    expect(streams.size).toBe(0);
  });

  it('that the session refuses is answered with its frame, and there is no connection', async () => {
    const { port, acceptor, streams } = await startFrames();
    acceptor.onAccept = (echo) => {
      echo.onFrame = () => {
        echo.send(message(9));
        echo.connection.close('refused');
      };
    };
    const { status, headers, body } = await post(port, '/v1/streams', encodeJson(HELLO));
    expect([status, headers.location]).toEqual([403, undefined]);
    expect(JSON.parse(body)).toEqual(message(9));
    expect(streams.size).toBe(0);
  });

  it.each([
    ['refused', 403],
    ['going_away', 503],
    ['no_room', 503],
    ['done', 409],
  ] as const)('that is closed without a word (%s) is answered with %i', async (name, status) => {
    const { port, acceptor, streams } = await startFrames();
    acceptor.onAccept = (echo) => {
      echo.onFrame = () => echo.connection.close(name);
    };
    expect((await post(port, '/v1/streams', encodeJson(HELLO))).status).toBe(status);
    expect(streams.size).toBe(0);
  });

  it('that is not answered in time, or by a user that throws, is answered with 503 or 500', async () => {
    const { port, acceptor, streams } = await startFrames({ limits: { first_answer_ms: 20 } });
    acceptor.onAccept = (echo) => {
      echo.onFrame = () => undefined;
    };
    expect((await post(port, '/v1/streams', encodeJson(HELLO))).status).toBe(503);
    expect(await (await acceptor.next()).ended.promise).toMatchObject({ code: 1013, by: 'here' });
    acceptor.onAccept = () => {
      throw new Error('planted');
    };
    expect((await post(port, '/v1/streams', encodeJson(HELLO))).status).toBe(500);
    expect(acceptor.faults).toEqual([new Error('planted')]);
    expect(streams.size).toBe(0);
  });

  it('whose client goes away before the answer leaves nothing behind', async () => {
    const { port, acceptor, streams } = await startFrames();
    acceptor.onAccept = (echo) => {
      echo.onFrame = () => undefined;
    };
    const client = await RawClient.open(port);
    client.send(rawPost('/v1/streams', encodeJson(HELLO), [`x-api-key: ${KEY_A}`, 'content-type: application/json']));
    const echo = await acceptor.next();
    client.socket.destroy();
    expect(await echo.ended.promise).toMatchObject({ code: 4004 });
    expect(streams.size).toBe(0);
  });

  it('is refused with 503 beyond the limit, and while the router stops', async () => {
    const { port, streams } = await startFrames({ limits: { streams: 2 } });
    await openStream(port);
    await openStream(port);
    const full = await post(port, '/v1/streams', encodeJson(HELLO));
    expect([full.status, errorOf(full.body).code]).toEqual([503, 'backpressure']);
    streams.stop();
    const stopped = await post(port, '/v1/streams', encodeJson(HELLO));
    expect([stopped.status, errorOf(stopped.body).code]).toEqual([503, 'draining']);
  });
});

it('a tenant with as many connections as it may have is refused, and no other', async () => {
  const { port, streams } = await startFrames({ limits: { tenant_streams: 1 } });
  const first = await openStream(port);
  const more = await post(port, '/v1/streams', encodeJson(HELLO));
  expect([more.status, errorOf(more.body)]).toMatchObject([
    503,
    { code: 'backpressure', message: expect.stringContaining('The tenant has 1 connections') },
  ]);
  expect((await post(port, '/v1/streams', encodeJson(HELLO), { key: KEY_B })).status).toBe(201);
  expect([streams.size, streams.refused]).toEqual([2, { tenant: 1, all: 0 }]);
  expect(first).toBeDefined();
});

describe('POST of frames', () => {
  const two = [message(0, 'ä'), message(1)];
  it.each([
    ['application/json', encodeJson(message(0)), 1],
    ['application/json; charset=utf-8', encodeJson(message(0)), 1],
    ['application/cbor', encodeCbor(message(0)), 1],
    ['application/x-ndjson', ndjson(two), 2],
    ['application/x-ndjson', `\r\n${ndjson(two).trimEnd().replaceAll('\n', '\r\n\r\n')}`, 2],
    ['application/vnd.atp.frames', records(two), 2],
    ['application/vnd.atp.frames', '', 0],
  ])('takes %s, and answers 202 when all were handed on, in one turn', async (type, body, count) => {
    const { port, acceptor } = await startFrames();
    const path = await openStream(port);
    const answer = await post(port, `${path}/frames`, body, { type });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([202, { accepted: count }]);
    const { turns, frames } = await acceptor.next();
    expect(turns).toEqual(count === 0 ? [1] : [1, count]);
    expect(frames.slice(1).map((one) => 'frame' in one && one.frame.msg_seq)).toEqual([0, 1].slice(0, count));
  });

  it.each([
    ['application/x-ndjson', `${ndjson([message(0), message(1)])}{"v":1}\n${ndjson([message(3)])}`],
    ['application/vnd.atp.frames', Buffer.concat([records([message(0), message(1)]), Buffer.from([0, 0, 0, 1, 0xa0])])],
    ['application/vnd.atp.frames', Buffer.concat([records([message(0), message(1)]), Buffer.from([0, 0, 0])])],
    ['application/vnd.atp.frames', Buffer.concat([records([message(0), message(1)]), Buffer.from([0, 0, 0, 9, 1])])],
    ['application/vnd.atp.frames', Buffer.concat([records([message(0), message(1)]), Buffer.alloc(9, 255)])],
  ])('tells by its index which frame was refused, and acts on nothing of it and behind it: %s', async (type, body) => {
    const { port, acceptor } = await startFrames();
    const path = await openStream(port);
    const answer = await post(port, `${path}/frames`, body, { type });
    expect(answer.status).toBe(400);
    expect(errorOf(answer.body)).toMatchObject({ code: 'invalid_request', param: 'frames[2]' });
    expect((await acceptor.next()).frames).toHaveLength(3);
  });

  it('is bounded in frames, and in bytes', async () => {
    const { port, acceptor } = await startFrames({ limits: { post_frames: 10, post_bytes: 2_000 } });
    const path = await openStream(port);
    const many = Array.from({ length: 11 }, (_, i) => message(i));
    for (const [type, body] of [
      ['application/x-ndjson', ndjson(many)],
      ['application/x-ndjson', 'x\n'.repeat(900)],
      ['application/vnd.atp.frames', Buffer.alloc(2_000)],
      ['application/x-ndjson', ' '.repeat(2_001)],
    ] as const) {
      const answer = await post(port, `${path}/frames`, body, { type });
      expect([answer.status, errorOf(answer.body).code]).toEqual([413, 'prompt_too_large']);
    }
    expect((await acceptor.next()).frames).toHaveLength(1);
  });

  it('is for the tenant only: to others the connection is not there', async () => {
    const { port, acceptor } = await startFrames();
    const path = await openStream(port);
    const frame = encodeJson(message(0));
    for (const [where, key, status] of [
      [path, KEY_B, 404],
      [path, null, 401],
      [path, 'nobody', 401],
      ['/v1/streams/AAAA', KEY_A, 404],
    ] as const) {
      expect((await post(port, `${where}/frames`, frame, { key })).status).toBe(status);
      expect((await EventClient.open(port, where, undefined, { key })).status).toBe(status);
    }
    const others = await post(port, `${path}/frames`, frame, { key: KEY_B });
    const nobodys = await post(port, '/v1/streams/AAAA/frames', frame);
    expect(others.body).toBe(nobodys.body);
    expect((await acceptor.next()).frames).toHaveLength(1);
  });

  it('has a bounded number under way', async () => {
    const { port } = await startFrames({ limits: { posts_at_once: 2 } });
    const path = await openStream(port);
    const head = rawPost(`${path}/frames`, '', [`x-api-key: ${KEY_A}`, 'content-type: application/json']);
    const halves = await Promise.all([RawClient.open(port), RawClient.open(port)]);
    const body = encodeJson(message(0));
    for (const half of halves) {
      half.send(`${head.replace('content-length: 0', `content-length: ${body.length}\r\nexpect: 100-continue`)}`);
      await half.until((text) => text.includes('100 Continue'));
    }
    const third = await post(port, `${path}/frames`, body);
    expect([third.status, errorOf(third.body).code]).toEqual([429, 'rate_limited']);
    for (const half of halves) {
      half.send(body);
      await half.until((text) => text.includes('202 Accepted'));
    }
    expect((await post(port, `${path}/frames`, body)).status).toBe(202);
  });

  it('to a connection that is closed is answered as if it had never been', async () => {
    const { port, acceptor } = await startFrames();
    const path = await openStream(port);
    (await acceptor.next()).connection.close('done');
    expect((await post(port, `${path}/frames`, encodeJson(message(0)))).status).toBe(404);
  });
});
