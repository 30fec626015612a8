import { errorPayload, type Payload } from '@atp-router/wire';
import { checkAgent } from '../../src/atp/agents/check.ts';
import { describe, expect, test } from 'vitest';
import { Desk, type DeskAgent, ESTIMATE_TIMEOUT_MS } from './desk.ts';
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

describe('the time for an estimate', () => {
  test.each(['logs', 'loses its connection'])('is over once, also for an agent that %s all the while', (what) => {
    const desk = new Desk();
    const agent = desk.agent();
    const asked = desk.ask();
    for (let i = 0; i < ESTIMATE_TIMEOUT_MS / 1_000; i += 1) {
      expect(asked.failure).toBeUndefined();
      if (what === 'logs') agent.say(LOG);
      else for (const is_connected of [false, true]) agent.connection(is_connected);
      desk.time.advance(1_000);
    }
    expect(asked.code).toBe('upstream_timeout');
    expect(agent.reached.agent.compliance.strikes).toMatchObject([{ fault: 'no_estimate' }]);
  });
});

describe('a check', () => {
  const CHECK_MS = 60_000;

  test.each<[string, Payload[], string]>([
    ['works for ever', [ESTIMATE], 'A9'],
    ['has answered, and does not end its stream', [ESTIMATE, final('ready')], 'A10'],
  ])('has a time in all: an agent that %s has failed', async (_name, says, sentence) => {
    const desk = new Desk();
    const agent = desk.agent();
    const check = checkAgent(desk.hub, agent.reached);
    for (const one of says) agent.say(one);
    for (let ms = 0; ms < CHECK_MS; ms += 10_000) {
      // A sign of work each time, or of its connection.
      if (says.length === 1) agent.say(LOG);
      else for (const is_connected of [false, true]) agent.connection(is_connected);
      desk.time.advance(10_000);
    }
    const { ok, sentences } = await check;
    expect(ok).toBe(false);
    const failed = sentences.filter(({ outcome }) => outcome === 'failed');
    expect(failed).toMatchObject([{ sentence, detail: 'It was not done after 60 s.' }]);
    expect(agent.reached.agent.load.dispatches).toBe(says.length - 1);
  });
});

describe('a stream that the router aborts says why', () => {
  const LATE = 'ETIMEOUT';

  test.each<[string, string, (desk: Desk, agent: DeskAgent) => void]>([
    ['no estimate came', LATE, ({ time }) => time.advance(ESTIMATE_TIMEOUT_MS)],
    [
      'the agent fell silent',
      LATE,
      ({ time }, agent) => {
        agent.say(ESTIMATE);
        time.advance(60_000);
      },
    ],
    [
      'the connection did not come back',
      LATE,
      ({ time }, agent) => {
        agent.connection(false);
        time.advance(2_000);
      },
    ],
    [
      'the agent declined',
      'EPREEMPT',
      (_desk, agent) => agent.say(errorPayload('EPOLICY', { reason: 'I do not do that.' }), true),
    ],
    ['a rule was broken', 'EPROTO', (_desk, agent) => agent.say(final('Hi'))],
  ])('%s: %s', (_name, code, happens) => {
    const desk = new Desk();
    const agent = desk.agent();
    const asked = desk.ask();
    happens(desk, agent);
    expect(asked.failure).toBeDefined();
    expect(agent.aborted).toMatchObject([{ content: { code } }]);
  });
});

describe('what an agent says of why it declines', () => {
  test('is cut between characters', () => {
    const desk = new Desk();
    const agent = desk.agent();
    const asked = desk.ask();
    agent.say(errorPayload('EPOLICY', { reason: `${'x'.repeat(499)}${'😀'.repeat(10)}` }), true);
    const message = asked.failure?.verdict?.error.message ?? '';
    expect(message).toContain('x'.repeat(499));
    expect(message).not.toContain('😀');
    expect(message.isWellFormed()).toBe(true);
  });
});
