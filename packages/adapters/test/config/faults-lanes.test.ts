import { expect, test } from 'vitest';
import { type Case, testFaults } from './faults.ts';
import { append, problems, valid } from './support.ts';

const P = (rest: string): string => append('policies:', `  - { id: p, ${rest} }`);

const LANES: readonly Case[] = [
  {
    why: 'more clones than meant',
    text: P('fanout: { mode: clone, agents: [small], clones: 20 }'),
    at: ['11:62 policies[0].fanout.clones'],
    message: /^the fan-out has 20 lanes, clones included$/,
    got: '20',
  },
  {
    why: 'more clones than there may be',
    text: P('fanout: { mode: clone, agents: [small], clones: 1000, seeds: [1, 2] }'),
    at: ['11:62 policies[0].fanout.clones'],
    message: /^"clones" is too large$/,
    got: '1000',
  },
  {
    why: 'more clones of a member than there may be',
    text: P('fanout: { agents: [{ model: small, clones: 1000 }] }'),
    at: ['11:57 policies[0].fanout.agents[0].clones'],
    message: /^"clones" is too large$/,
    got: '1000',
  },
  {
    why: 'more clones of a persona than there may be',
    text: append(
      'personas: [{ id: sec, role: r, model: small, clones: 1000 }]',
      'policies: [{ id: p, fanout: { agents: ["persona:sec"] } }]',
    ),
    at: ['10:54 personas[0].clones'],
    message: /^"clones" is too large$/,
    got: '1000',
  },
  {
    why: 'the best of more than there are',
    text: P(
      'fanout: { agents: [{ model: small, clones: 3 }, { model: up/small, challenger: true }], select: { top: 2 } }',
    ),
    at: ['11:117 policies[0].fanout.select.top'],
    message: /^"top" is more than there are to choose from, clones and challengers not counted$/,
    got: '2',
  },
];

const FREE = '  - { id: free, provider: up, context: 1, price: { in_usd_per_mtok: 0, out_usd_per_mtok: 0 } }';
const free = (rest: string): string => append(FREE, 'policies:', `  - { id: p, ${rest} }`);

const MONEY: readonly Case[] = [
  {
    why: 'no money for a fan-out',
    text: free('budget: { usd: 0 }, fanout: { agents: [free, small] }'),
    at: ['12:29 policies[0].budget.usd'],
    message: /^"usd" is 0, and "small" has a price: it can never be asked$/,
    got: '0',
  },
  {
    why: 'no money for a chain',
    text: P('budget: { usd: 0 }, fallback: [small]'),
    at: ['11:29 policies[0].budget.usd'],
    message: /^"usd" is 0, and "small" has a price/,
  },
  {
    why: 'no money for an arbiter',
    text: free('fanout: { agents: [small, free] }, arbiter: { agent: small, max_usd: 0 }'),
    at: ['12:83 policies[0].arbiter.max_usd'],
    message: /^"max_usd" is 0, and "small" has a price: it can never be asked$/,
  },
  {
    why: 'no tokens',
    text: P('budget: { tokens: 0 }, fanout: { agents: [small] }'),
    at: ['11:32 policies[0].budget.tokens'],
    message: /^"tokens" is too small$/,
  },
];

test('who costs nothing needs no money', () => {
  expect(valid(free('budget: { usd: 0 }, fanout: { agents: [free] }')).policies[0]?.budget?.usd).toBe(0);
  const arbiter = 'fanout: { agents: [small, free] }, arbiter: { agent: free, max_usd: 0 }';
  expect(valid(free(arbiter)).policies[0]?.arbiter?.max_usd).toBe(0);
});

test('a quorum of the strategies among which adaptive chooses when nothing is said', () => {
  expect(problems(free('fanout: { agents: [free, small] }, consensus: { strategy: adaptive, quorum: 2 }'))).toEqual([]);
});

testFaults('money', MONEY);
testFaults('how many are asked', LANES);
