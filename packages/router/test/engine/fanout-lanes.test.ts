import { type AttemptRecord, type JournalRecord, OpenCalls, recoverCalls } from '@atp-router/ledger';
import { expect, test } from 'vitest';
import { configOf, good, model, provider, Stage, tenant } from './support/fixed.ts';
import type { Script } from './support/script.ts';

const NUMBER = { strategy: 'majority', answer: 'number', weights: 'equal' };

test('lanes that are stopped for gold while the shared store is asked ask nobody afterwards', async () => {
  const stage = new Stage({
    config: configOf({
      providers: [provider('p1', { max_concurrency: 2, queue_timeout_ms: 60_000 })],
      models: [model('m1', 'p1'), model('m2', 'p1')],
      policies: [{ id: 'f1', fanout: { agents: ['m1', 'm2'] }, consensus: NUMBER }],
      flow: { shares: { gold: 1, silver: 0, bronze: 0 } },
      tenants: [tenant({ qos_max: 'gold', budget: { usd_per_day: 10 } }), { ...tenant({ qos_max: 'gold' }), ...OTHER }],
    }),
    script: (_provider, _nth, kind) => good(3, 1_000, kind),
    shared: true,
  });
  const lanes = stage.ask({ model: 'policy:f1', qos: 'bronze' });
  await stage.pass(10);
  const gold = [stage.ask({ tenant: 'b', qos: 'gold' }), stage.ask({ tenant: 'b', qos: 'gold' })];
  expect(await stage.end()).toEqual([]);
  expect(lanes.client.error?.code).toBe('preempted');
  expect(gold.map(({ client }) => client.ending)).toEqual(['end', 'end']);
  expect(stage.world.log.of('call.opened').map(({ tenant: of }) => of)).toEqual(['b', 'b']);
});

test('a lane that waited for a place does not begin when the others have used up the budget of the call', async () => {
  const stage = new Stage({
    config: configOf({
      providers: [provider('p1'), provider('p2', { max_concurrency: 1, queue_timeout_ms: 60_000 })],
      models: [model('m1', 'p1'), model('m2', 'p2')],
      policies: [{ id: 'f1', fanout: { agents: ['m1', 'm2'] }, consensus: NUMBER, budget: { tokens: 500 } }],
    }),
    // The first has read more than it was asked, by its own count.
    script: (id, _nth, kind) => (id === 'p1' ? good(3, 100, kind, { in_tokens: 477 }) : good(3, 1_000, kind)),
  });
  stage.ask({ model: 'm2' });
  await stage.pass(50);
  const call = stage.ask({ model: 'policy:f1' });
  expect(await stage.end()).toEqual([]);
  expect(call.client.ending).toBe('end');
  const [session] = stage.world.log.of('consensus.ended');
  expect(session?.lanes).toMatchObject([{ state: 'finalized' }, { state: 'rejected', error: 'budget_exhausted' }]);
  expect(session?.tokens).toBe(480);
});

test('the record of a session has all that its call cost, also where an end makes room for one that ends the call', async () => {
  const stage = new Stage({
    config: configOf({
      providers: [provider('p1', { max_concurrency: 1, queue_timeout_ms: 60_000 }), provider('p2')],
      models: [model('m1', 'p1'), model('m2', 'p1'), model('m3', 'p2')],
      policies: [
        {
          ...{
            id: 'f1',
            fanout: { mode: 'speculative', agents: [{ model: 'm1', challenger: true }, 'm2', 'm3'] },
            budget: { tokens: 500 },
          },
          consensus: { ...NUMBER, strategy: 'champion' },
        },
      ],
    }),
    script: (id, _nth, kind) =>
      id === 'p1' ? cutShort(good(3, 100, kind, { in_tokens: 440, reports: 'always' })) : good(3, 10, kind),
  });
  const call = stage.ask({ model: 'policy:f1' });
  expect(await stage.end()).toEqual([]);
  expect(call.client.ending).toBe('end');
  const [session] = stage.world.log.of('consensus.ended');
  expect(session?.lanes).toMatchObject([
    { state: 'cancelled', attempts: 1 },
    { state: 'rejected', error: 'budget_exhausted' },
    { state: 'finalized' },
  ]);
});

test('a lane whose upstream does not keep to its length ends at its part of the budget, and counts as far as it goes', async () => {
  const stage = new Stage({
    config: configOf({
      providers: [provider('p1'), provider('p2')],
      models: [model('m1', 'p1'), model('m2', 'p2')],
      policies: [{ id: 'f1', fanout: { agents: ['m1', 'm2'] }, consensus: NUMBER, budget: { tokens: 500 } }],
    }),
    script: (id, _nth, kind) => (id === 'p1' ? good(900, 100, kind) : good(200, 50, kind)),
  });
  const call = stage.ask({ model: 'policy:f1' });
  expect(await stage.end()).toEqual([]);
  expect(call.client.ending).toBe('end');
  const [session] = stage.world.log.of('consensus.ended');
  expect(session?.lanes).toMatchObject([{ state: 'finalized' }, { state: 'finalized' }]);
  expect(tokensOf(stage, 'm1')).toBeGreaterThan(240);
  expect(tokensOf(stage, 'm1')).toBeLessThanOrEqual(250 + PIECE_TOKENS);
});

test('all tries of a lane have one part of the budget', async () => {
  const stage = new Stage({
    config: configOf({
      providers: [provider('p1'), provider('p2')],
      models: [model('m1', 'p1'), model('m2', 'p2')],
      policies: [{ id: 'f1', fanout: { agents: ['m1', 'm2'] }, consensus: NUMBER, budget: { tokens: 500 } }],
    }),
    script: (id, _nth, kind) => (id === 'p1' ? cutShort(good(100, 100, kind)) : good(3, 500, kind)),
  });
  stage.ask({ model: 'policy:f1' });
  expect(await stage.end()).toEqual([]);
  expect(attemptsOf(stage, 'm1').map(({ outcome }) => outcome)).toEqual(['error', 'ok']);
  expect(tokensOf(stage, 'm1')).toBeGreaterThan(240);
  expect(tokensOf(stage, 'm1')).toBeLessThanOrEqual(250 + PIECE_TOKENS);
});

test('a router that dies while a lane still answers has charged those that had ended for what they said', async () => {
  const stage = new Stage({
    config: configOf({
      providers: [provider('p1'), provider('p2')],
      models: [model('m1', 'p1'), model('m2', 'p2')],
      policies: [{ id: 'f1', fanout: { agents: ['m1', 'm2'] }, consensus: { ...NUMBER, strategy: 'union' } }],
    }),
    script: (id, _nth, kind) => (id === 'p1' ? good(5, 100, kind) : good(200, 10_000, kind)),
  });
  stage.ask({ model: 'policy:f1' });
  await stage.pass(500);
  // What the next start finds in the journal.
  const open = new OpenCalls();
  for (const event of stage.world.log.events) open.apply({ v: 1, ts_ms: 0, ...event } as JournalRecord);
  const [ended] = recoverCalls(open.list());
  expect(ended?.attempts).toMatchObject([
    { model: 'm1', outcome: 'ok', usage: { out_tokens: 5 }, usage_source: 'reported' },
    { model: 'm2', outcome: 'interrupted' },
  ]);
  expect(await stage.end()).toEqual([]);
});

function attemptsOf(stage: Stage, model_id: string): readonly AttemptRecord[] {
  return stage.world.log.of('call.ended').flatMap(({ attempts }) => attempts.filter(({ model }) => model === model_id));
}

function tokensOf(stage: Stage, model_id: string): number {
  return attemptsOf(stage, model_id).reduce((sum, { usage }) => sum + usage.in_tokens + usage.out_tokens, 0);
}

/** What comes before it is told to stop. */
const PIECE_TOKENS = 1;

/** All of its words, and not its end. */
function cutShort(script: Script): Script {
  const words = script.steps.filter((step) => step.kind === 'head' || (step.kind === 'data' && step.text !== ''));
  return { ...script, steps: [...words, { after_ms: 0, kind: 'break', failure: 'truncated' }] };
}

const OTHER = { id: 'b', keys: [{ id: 'k', hash: `sha256:${'1'.repeat(64)}` }] };
