import { type Frame, Sealer } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { Session } from '../src/index.ts';
import { digests, lane, Pair, ports, SESSION_ID } from './support/pair.ts';

const contentOf = (frame: Frame | undefined): Record<string, unknown> =>
  (frame?.payload?.content ?? {}) as Record<string, unknown>;

describe('a hello', () => {
  const answerTo = (content: object): Record<string, unknown> => {
    const server = new Session({ role: 'server', ports: ports(1), session_id: SESSION_ID, features: ['sig'] });
    server.handle({ type: 'connected', wall_ms: 0 }, 0);
    const hello: Frame = {
      ...{ v: 1, session_id: SESSION_ID, stream_id: '0', msg_seq: 0, flags: ['SYN', 'CTRL'] },
      payload: { type: 'control.hello', content } as NonNullable<Frame['payload']>,
    };
    const effects = server.handle({ type: 'frame', frame: hello, bytes: 99, wall_ms: 0 }, 0);
    return contentOf(effects.flatMap((one) => (one.type === 'send' ? [one.frame] : []))[0]);
  };

  it('chooses the first encoding that there is, and JSON where none is offered', () => {
    expect(answerTo({})).toMatchObject({ encoding: 'json' });
    expect(answerTo({ encodings: ['other', 'cbor', 'json'] })).toMatchObject({ encoding: 'cbor' });
    expect(answerTo({ encodings: ['json', 'cbor'] })).toMatchObject({ encoding: 'json' });
  });

  it('leaves out names that the server does not know', () => {
    const answer = answerTo({ features: ['resume', 'other'], compression: ['other'] });
    expect(answer).toMatchObject({ features: [] });
    expect(answer).not.toHaveProperty('compression');
  });

  it.each([
    [true, true],
    [true, false],
    [false, true],
  ])('puts a checksum on every frame where both ends name it', (client, server) => {
    const sealer = new Sealer(digests);
    const end = (is_asked: boolean, seed: number): object => ({
      ports: { ...ports(seed), sealer },
      ...(is_asked && { features: ['checksum'] }),
    });
    const pair = new Pair({ client: end(client, 1), server: end(server, 2), consume_ms: 1 }).connect().run(100);
    pair.send('client', lane('1'), 'a');
    pair.drop();
    pair.connect().run(2_000);
    expect(pair.delivered('server')).toEqual(['a']);
    const frames = [...pair.sent('client').slice(1), ...pair.sent('server').slice(1)];
    const due = client && server ? 'good' : 'absent';
    for (const frame of frames) expect(sealer.checkChecksum(frame)).toBe(due);
  });

  it('is of one session: frames of another are ignored', () => {
    const pair = new Pair().connect().run(100);
    const before = pair.sent('server').length;
    const other: Frame = { v: 1, session_id: `${SESSION_ID}-2`, stream_id: '0', msg_seq: 0 };
    for (const flags of [
      ['SYN', 'CTRL'],
      ['RST', 'CTRL'],
    ]) {
      pair.input('server', { type: 'frame', frame: { ...other, flags }, bytes: 99, wall_ms: 0 });
    }
    pair.input('server', { type: 'frame', frame: { ...other, stream_id: '1', flags: ['SYN'] }, bytes: 99, wall_ms: 0 });
    expect(pair.sent('server')).toHaveLength(before);
    expect([pair.of('server', 'closed'), pair.delivered('server')]).toEqual([[], []]);
  });
});
