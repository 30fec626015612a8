import { type Frame, hasFlag } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { lane, Pair, type PairOptions } from './support/pair.ts';

const main = lane('1');
const isMessage = (frame: Frame): boolean => !hasFlag(frame, 'CTRL');
const durable = (save_ms: number, more: PairOptions = {}): Pair =>
  new Pair({ server: { durable: true }, save_ms, ...more }).connect().run(1_000);

describe('a durable session', () => {
  it('delivers and acknowledges only what is saved', () => {
    const pair = durable(300);
    pair.send('client', main, 'a');
    pair.run(290);
    expect(pair.delivered('server')).toEqual([]);
    expect(pair.of('client', 'acknowledged')).toEqual([]);
    pair.run(100);
    expect(pair.delivered('server')).toEqual(['a']);
    expect(pair.of('client', 'acknowledged')).toHaveLength(1);
  });

  it('puts no message on the wire, and answers no handshake, before it is saved', () => {
    const pair = new Pair({ server: { durable: true }, save_ms: 200 }).connect().run(190);
    expect(pair.sent('server')).toEqual([]);
    pair.run(100);
    expect(pair.of('client', 'established')).toHaveLength(1);
    pair.send('server', lane('2'), 'x');
    pair.run(190);
    expect(pair.sent('server').filter(isMessage)).toEqual([]);
    pair.run(100);
    expect(pair.delivered('client')).toEqual(['x']);
  });

  it('answers each connection with the token that it has for it', () => {
    const pair = new Pair({ server: { durable: true }, save_ms: 400 }).connect().run(100);
    // The first save ends while the second connection waits for its own.
    pair.drop();
    pair.connect().run(1_000);
    expect(pair.of('client', 'established')).toHaveLength(1);
    pair.drop();
    pair.connect().run(1_000);
    expect(pair.of('client', 'established').map(({ resumed }) => resumed)).toEqual([false, true]);
  });

  it('reports a failure again that its predecessor had kept, and nobody had heard of', () => {
    const lost = (frame: Frame, from: string): number[] => (from === 'client' && isMessage(frame) ? [] : [5]);
    const pair = durable(2_000, { way: lost }).run(5_000);
    pair.send('client', main, 'a');
    const isKept = (): boolean =>
      pair.of('server', 'save').some(({ changes }) => changes.some((change) => 'failed' in change));
    while (!isKept()) pair.run(100);
    expect(pair.of('server', 'failed')).toEqual([]);
    pair.restore('server');
    const id = { lane: main, msg_seq: 0 };
    expect(pair.of('server', 'stream_opened')).toHaveLength(1);
    expect(pair.of('server', 'failed')).toEqual([{ type: 'failed', way: 'in', id, reason: 'expired', again: true }]);
    // Until the application says that it knows.
    pair.input('server', { type: 'consumed', id });
    pair.restore('server');
    expect(pair.of('server', 'failed')).toHaveLength(1);
  });

  it('tells an abort only when a successor would know of it', () => {
    const pair = durable(200);
    pair.send('client', main, 'a');
    pair.run(500);
    pair.input('client', {
      type: 'reset',
      stream_id: '1',
      error: { type: 'error', content: { code: 'EPOLICY', reason: '' } },
    });
    pair.run(190);
    const confirmations = (): Frame[] => pair.sent('server').filter((frame) => hasFlag(frame, 'RST'));
    expect(confirmations()).toEqual([]);
    pair.run(100);
    expect(confirmations()).toHaveLength(1);
  });

  it('goes on after a restart: what was not consumed comes again, and what was not settled is sent', () => {
    const pair = durable(1);
    for (const content of ['a', 'b']) pair.send('client', main, content);
    pair.send('server', lane('2'), 'x');
    pair.run(100);
    pair.input('server', { type: 'consumed', id: { lane: main, msg_seq: 0 } });
    pair.way = () => [];
    pair.send('server', lane('2'), 'y');
    pair.run(50);
    pair.drop();
    pair.restore('server');
    expect(
      pair
        .of('server', 'deliver')
        .slice(2)
        .map(({ id, again }) => [id.msg_seq, again]),
    ).toEqual([[1, true]]);
    pair.way = () => [5];
    pair.run(500);
    pair.connect().run(500);
    pair.send('client', main, 'c');
    pair.run(500);
    expect(pair.delivered('server')).toEqual(['a', 'b', 'b', 'c']);
    expect(pair.delivered('client')).toEqual(['x', 'y']);
    expect(pair.ends.server.next_stream_id).toBe('4');
  });

  it('goes on after a restart with what was open, ended, aborted and awaited', () => {
    const pair = durable(1);
    const error = { type: 'error', content: { code: 'EPOLICY', reason: '' } } as const;
    // Of streams 1 and 5 nothing comes before the restart, and no abort leaves the server.
    pair.way = ({ stream_id }, from) => (from === 'server' || ['1', '5'].includes(stream_id) ? [] : [5]);
    for (const id of ['1', '3', '5', '7', '9']) pair.send('client', lane(id), id, id === '3');
    pair.run(50);
    pair.input('server', { type: 'reset', stream_id: '9', error });
    pair.run(50);
    expect(pair.delivered('server')).toEqual(['3', '7', '9']);
    pair.drop();
    pair.restore('server');
    expect(pair.ends.server.snapshot()).toMatchObject({
      numbers: { next_stream: 2, peer_next_stream: 11 },
      unseen: [
        { from: 1, to: 1 },
        { from: 5, to: 5 },
      ],
      streams: [{ stream_id: '0' }, { stream_id: '3', got_fin: true }, { stream_id: '7', got_fin: false }],
      resets: [{ stream_id: '9', error }],
    });
    pair.way = () => [5];
    pair.connect().run(2_000);
    expect(pair.delivered('server').slice(5).sort()).toEqual(['1', '5']);
    expect(pair.of('client', 'stream_closed')).toEqual([{ type: 'stream_closed', stream_id: '9', error }]);
    expect(pair.ends.server.snapshot()).toMatchObject({ unseen: [], resets: [] });
  });

  it('opens no stream behind its end after a restart', () => {
    const pair = durable(1, { client: { durable: true }, way: () => [5] });
    pair.way = () => [];
    pair.input('client', { type: 'finish' });
    pair.run(10);
    pair.drop();
    pair.restore('client');
    expect(pair.ends.client.refusal(main, pair.now_ms)).toBe('closed');
    pair.way = () => [5];
    pair.connect().run(5_000);
    expect(pair.effects.client.at(-1)).toEqual({ type: 'closed' });
    expect(pair.effects.server.at(-1)).toEqual({ type: 'closed' });
  });

  it('keeps fragments that it acknowledged', () => {
    const text = 'snow '.repeat(40_000);
    const pair = durable(1, { way: (frame) => (isMessage(frame) && frame.frag_seq === 6 ? [] : [5]) });
    pair.send('client', main, text);
    pair.run(100);
    const before = pair.sent('client').length;
    pair.drop();
    pair.restore('server');
    pair.way = () => [5];
    pair.run(200);
    pair.connect().run(1_000);
    expect(pair.delivered('server')).toEqual([text]);
    expect(
      pair
        .sent('client')
        .slice(before)
        .filter(isMessage)
        .map(({ frag_seq }) => frag_seq),
    ).toEqual([6]);
  });

  it('numbers control frames above all that it ever had', () => {
    const pair = durable(1);
    const before = Math.max(...pair.sent('server').map(({ msg_seq }) => msg_seq));
    pair.drop();
    pair.restore('server');
    const count = pair.sent('server').length;
    pair.run(100);
    pair.connect().run(100);
    const after = pair
      .sent('server')
      .slice(count)
      .map(({ msg_seq }) => msg_seq);
    expect(Math.min(...after)).toBeGreaterThan(before);
  });

  it('uses no control number before it is saved', () => {
    const pair = new Pair({ client: { durable: true }, save_ms: 200 }).connect().run(1_000);
    pair.drop();
    const numbers = (from: number): number[] =>
      pair
        .sent('client')
        .slice(from)
        .filter((frame) => hasFlag(frame, 'CTRL'))
        .map(({ msg_seq }) => msg_seq);
    const highest = Math.max(...numbers(0));
    const count = pair.sent('client').length;
    pair.restore('client');
    pair.connect().run(190);
    expect(numbers(count)).toEqual([]);
    // A connection that is lost before has used no number, and leaves none out.
    pair.drop();
    pair.connect().run(100);
    const [first = 0, ...more] = numbers(count);
    expect(first).toBeGreaterThan(highest);
    expect(more).toEqual(more.map((_, i) => first + 1 + i));
    expect(pair.of('client', 'established')).toHaveLength(2);
  });

  it('forgets everything when it is closed', () => {
    const pair = durable(1);
    pair.input('client', { type: 'finish' });
    pair.run(5_000);
    expect(pair.of('server', 'save').at(-1)?.changes).toEqual([{ drop: 'session' }]);
    expect(pair.effects.server.at(-1)).toEqual({ type: 'closed' });
  });
});
