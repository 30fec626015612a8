import { errorPayload, type Payload } from '@atp-router/wire';
import { describe, expect, test } from 'vitest';
import { Desk, ESTIMATE_TIMEOUT_MS } from './desk.ts';
import { ESTIMATE, final, piece } from './raw.ts';

const LOG: Payload = { type: 'agent.log', content: 'still thinking' };

describe('what waits for a slow client', () => {
  test('is bounded in all, however often the client takes a piece of it', () => {
    const desk = new Desk();
    const agent = desk.agent();
    const asked = desk.ask();
    agent.say(ESTIMATE);
    asked.onData = () => asked.exchange.pause();
    const million = piece('x'.repeat(1_000_000));
    let said = 0;
    while (asked.failure === undefined && said < 200) {
      for (let i = 0; i < 5 && asked.failure === undefined; i += 1) {
        agent.say(million);
        said += 1;
      }
      asked.exchange.resume();
    }
    expect(asked.failure?.kind).toBe('too_large');
    const heard = asked.data.match(/event: chunk/g)?.length ?? 0;
    expect(said - heard).toBe(34);
    expect(agent.aborted).toMatchObject([{ content: { code: 'EWINDOW' } }]);
  });

  test('has room again for as much as the client has taken', () => {
    const desk = new Desk();
    const agent = desk.agent();
    const asked = desk.ask();
    agent.say(ESTIMATE);
    asked.onData = () => asked.exchange.pause();
    const million = piece('x'.repeat(1_000_000));
    for (let i = 0; i < 30; i += 1) agent.say(million);
    for (let i = 0; i < 60; i += 1) {
      asked.exchange.resume();
      agent.say(million);
    }
    expect(asked.failure).toBeUndefined();
    asked.onData = () => undefined;
    asked.exchange.resume();
    agent.say(final('done'), true);
    expect(asked.has_ended).toBe(true);
    expect(asked.data.match(/event: chunk/g)).toHaveLength(90);
  });
});
