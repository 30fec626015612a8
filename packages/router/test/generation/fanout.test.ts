import { checkConfig, type Config } from '@atp-router/adapters';
import type { FanoutPlan } from '@atp-router/consensus';
import { describe, expect, test } from 'vitest';
import { Cast } from '../../src/generation/personas.ts';
import { chainOfFanout, fanoutsOf } from '../../src/generation/fanout.ts';
import { NO_SOURCES } from '../admin/harness.ts';

const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
const BASE = {
  providers: [
    { id: 'sim', type: 'sim' },
    { id: 'far', type: 'openai', api_key: 'x', allow_any_model: true },
  ],
  models: ['a', 'b', 'c'].map((id) => ({ id, provider: 'sim', context: 1_000, price })),
  agents: [{ id: 'kind', model: 'b', system_prompt: 'Be kind.' }],
  personas: [
    {
      id: 'sec',
      role: 'security',
      model: 'kind',
      system_prompt: 'Holes.',
      clones: 2,
      temperature: 0.3,
      tools: ['grep'],
      qos: 'bronze',
    },
    { id: 'out', role: 'elsewhere', model: 'far/x', compliance: ['filter_pii'] },
    { id: 'scrub', role: 'filter', model: 'a', filter: true },
  ],
};

function config(policy: object): Config {
  const checked = checkConfig(JSON.stringify({ ...BASE, policies: [{ id: 'p', ...policy }] }), NO_SOURCES);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.config;
}

function plan(policy: object): FanoutPlan {
  const made = config(policy);
  const found = fanoutsOf(made, new Cast(made)).get('p');
  if (found === undefined) throw new Error('no fan-out');
  return found;
}

const lanes = (policy: object): readonly unknown[] =>
  plan(policy).members.map(({ source, model, clone, seed, temperature }) => [source, model, clone, seed, temperature]);

describe('lanes of a fan-out', () => {
  test('are one for each clone, with what the entry says, else the persona', () => {
    expect(
      lanes({ fanout: { agents: ['a', { persona: 'sec' }, { model: 'a', seed: 9, clones: 2, temperature: 1 }] } }),
    ).toEqual([
      ['a', 'a', 0, undefined, undefined],
      ['persona:sec', 'kind', 0, 0, 0.3],
      ['persona:sec', 'kind', 1, 1, 0.3],
      ['a', 'a', 1, 9, 1],
      ['a', 'a', 2, 10, 1],
    ]);
  });

  test('share out a range of temperatures, those that have none of their own', () => {
    const fanout = { mode: 'clone', agents: ['a'], seeds: [7, 3, 5], temperature: { min: 0.2, max: 1 } };
    expect(lanes({ fanout })).toEqual([
      ['a', 'a', 0, 7, 0.2],
      ['a', 'a', 1, 3, 0.6],
      ['a', 'a', 2, 5, 1],
    ]);
    const two = lanes({
      fanout: { agents: ['a', { persona: 'sec', clones: 1 }, 'b'], temperature: { min: 0, max: 1 } },
    });
    expect(two.map((lane) => (lane as unknown[])[4])).toEqual([0, 0.3, 1]);
  });

  test('know their persona, and whether what they are sent leaves the house', () => {
    const { members, filter } = plan({ fanout: { agents: ['persona:sec', 'persona:out', 'far/y'], filter: 'scrub' } });
    expect(members[0]?.persona).toEqual({
      ...{
        id: 'sec',
        role: 'security',
        system_prompt: 'Be kind.\n\nHoles.',
        tools: ['grep'],
        qos: 'bronze',
        compliance: [],
      },
    });
    expect(members.map(({ is_external }) => is_external)).toEqual([false, false, true, true]);
    expect(filter).toMatchObject({ source: 'persona:scrub', model: 'a', is_external: false });
  });
});

describe('what a policy leaves out', () => {
  test.each([
    ['speculative', ['a', 'b'], 'first_win'],
    ['diverse', ['a', 'b'], 'majority'],
    ['clone', [{ model: 'a', clones: 2 }], 'self_consistency'],
  ])('mode %s', (mode, agents, kind) => {
    const { strategy, provisional, escalations, arbiter, reorder_max, falls_back } = plan({ fanout: { mode, agents } });
    expect(strategy).toMatchObject({ kind, answer: { kind: 'auto' }, weights: 'learned', risk: 0.05 });
    expect({ provisional, escalations, arbiter, reorder_max, falls_back }).toEqual({
      ...{ provisional: undefined, escalations: [], arbiter: undefined, reorder_max: 256, falls_back: false },
    });
    // Written out or left out, it is the same.
    expect(plan({ fanout: { mode, agents }, consensus: {} }).strategy).toEqual(strategy);
  });

  test('everything that it says is in the plan', () => {
    const made = plan({
      fanout: { agents: ['a', 'b', { agent: 'kind', challenger: true }], width: 2 },
      consensus: { strategy: 'judge', judge: 'persona:sec', judge_mode: 'verify', answer: 'json:verdict' },
      provisional: { quorum_min: 1, after_ms: 7, expiry_ms: 5 },
      escalation: [{ when: 'test_fail', to: 'c' }],
      arbiter: { agent: 'c', max_usd: 0.000_001 },
      ...{ deadline_ms: 9, tau_final: 0.9, fallback: ['c'] },
    });
    expect(made).toMatchObject({
      strategy: {
        kind: 'judge',
        judge: 'persona:sec',
        answer: { kind: 'json', field: 'verdict' },
      },
      judge: { source: 'persona:sec', model: 'kind' },
      width: 2,
      provisional: { quorum_min: 1, agree_min: undefined, after_ms: 7, expiry_ms: 5 },
      escalations: [{ when: 'test_fail', threshold: 0.5, to: { source: 'c', model: 'c' } }],
      arbiter: { member: { source: 'c' }, max_usd_nanos: 1_000 },
      ...{ deadline_ms: 9, tau_final: 0.9, falls_back: true },
    });
    expect(made.members.map(({ is_challenger }) => is_challenger)).toEqual([false, false, true]);
  });
});

test('without a chain of its own a policy has that of whom it asks: no challenger, and nobody past the filter', () => {
  const chain = (fanout: object): readonly string[] => {
    const made = config({ fanout });
    const [policy] = made.policies;
    return policy?.fanout === undefined ? [] : chainOfFanout(policy.fanout, new Cast(made));
  };
  expect(chain({ agents: ['b', 'persona:sec', 'b', { model: 'c', challenger: true }] })).toEqual(['b', 'persona:sec']);
  expect(chain({ agents: ['persona:out', 'a'], filter: 'scrub' })).toEqual(['a']);
  expect(chain({ agents: ['persona:out'], filter: 'scrub' })).toEqual(['persona:scrub']);
});
