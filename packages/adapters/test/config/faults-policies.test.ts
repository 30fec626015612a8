import { expect, test } from 'vitest';
import { configWarnings } from '../../src/config/index.ts';
import { type Case, testFaults } from './faults.ts';
import { append, problems, valid } from './support.ts';

const P = (rest: string): string => append('policies:', `  - { id: p, ${rest} }`);
const BIG = '  - { id: big, provider: up, context: 1 }';
const many = (...lines: string[]): string => append(BIG, ...lines);

const MATCH: readonly Case[] = [
  {
    why: 'a misspelt condition',
    text: P('match: { rsik: high }, fallback: [small]'),
    at: ['11:23 policies[0].match.rsik'],
    message: /^unknown key "rsik"$/,
    suggestion: 'risk',
  },
  {
    why: 'a misspelt condition within another',
    text: P('match: { any_of: [{ riks: high }] }, fallback: [small]'),
    at: ['11:34 policies[0].match.any_of[0].riks'],
    message: /^unknown key "riks"$/,
    suggestion: 'risk',
  },
  {
    why: 'a word off the scale',
    text: P('match: { risk: ">=hgih" }, fallback: [small]'),
    at: ['11:29 policies[0].match.risk'],
    message: /^"risk" compares with what is not on its scale$/,
    got: '>=hgih',
  },
  {
    why: 'one of a list',
    text: P('match: { languages: [ts, "a b"] }, fallback: [small]'),
    at: ['11:39 policies[0].match.languages[1]'],
    message: /^"languages" holds what cannot be a value$/,
    got: 'a b',
  },
  {
    why: 'a model that is not there, behind an operator and in a list',
    text: P('match: { model: "!=smal", any_of: [{ model: [small, bigg] }] }, fallback: [small]'),
    at: ['11:30 policies[0].match.model', '11:66 policies[0].match.any_of[0].model[1]'],
    message: /^no model or agent has the id "!=smal"$/,
  },
];

const FANOUT: readonly Case[] = [
  {
    why: 'nobody to ask',
    text: P('max_attempts: 2'),
    at: ['11:5 policies[0].fallback'],
    message: /^"fallback" is missing$/,
  },
  {
    why: 'a strategy without a fan-out',
    text: P('fallback: [small], consensus: { strategy: union }'),
    at: ['11:33 policies[0].consensus'],
    message: /^"consensus" belongs to policies with "fanout" only$/,
  },
  {
    why: 'a member that is not there',
    text: P('fanout: { agents: [small, smal, { agent: a }, { persona: q }] }'),
    at: [
      '11:40 policies[0].fanout.agents[1]',
      '11:55 policies[0].fanout.agents[2].agent',
      '11:71 policies[0].fanout.agents[3].persona',
    ],
    message: /^no model or agent has the id "smal"$/,
    suggestion: 'small',
  },
  {
    why: 'a misspelt key of a member',
    text: P('fanout: { agents: [{ model: small, chalenger: true }] }'),
    at: ['11:49 policies[0].fanout.agents[0].chalenger'],
    message: /^unknown key "chalenger"$/,
    suggestion: 'challenger',
  },
  {
    why: 'a member of two names',
    text: P('fanout: { agents: [{ model: small, agent: small }] }'),
    at: ['11:35 policies[0].fanout.agents[0].model'],
    message: /^"model" beside "agent": it is not clear who is meant$/,
  },
  {
    why: 'a member of no name',
    text: P('fanout: { agents: [small, { seed: 1 }] }'),
    at: ['11:40 policies[0].fanout.agents[1]'],
    message: /^nobody is named$/,
  },
  {
    why: 'more lanes than meant',
    text: P('fanout: { agents: [{ model: small, clones: 40 }] }'),
    at: ['11:57 policies[0].fanout.agents[0].clones'],
    message: /^the fan-out has 40 lanes, clones included$/,
    got: '40',
  },
  {
    why: 'more lanes than there may be',
    text: P('fanout: { agents: [{ model: small, clones: 40 }, { model: small, clones: 40 }], max_members: 64 }'),
    at: ['11:32 policies[0].fanout.agents'],
    message: /^the fan-out has 80 lanes/,
  },
  {
    why: 'clones where there are none',
    text: P('fanout: { agents: [small], clones: 3 }'),
    at: ['11:41 policies[0].fanout.clones'],
    message: /^"clones" belongs to mode clone only$/,
  },
  {
    why: 'clone of nothing',
    text: P('fanout: { mode: clone, agents: [small] }'),
    at: ['11:22 policies[0].fanout.clones'],
    message: /^"clones" is missing$/,
  },
  {
    why: 'clones of several',
    text: many('policies:', '  - { id: p, fanout: { mode: clone, agents: [small, big], clones: 2 } }'),
    at: ['12:45 policies[0].fanout.agents'],
    message: /^mode clone asks one agent several times, and there are 2$/,
  },
  {
    why: 'too few seeds',
    text: P('fanout: { mode: clone, agents: [small], clones: 3, seeds: [1, 2] }'),
    at: ['11:72 policies[0].fanout.seeds'],
    message: /^there are 2 seeds for 3 clones$/,
  },
  {
    why: 'a range of temperatures the wrong way round',
    text: P('fanout: { agents: [small], temperature: { min: 1, max: 0.5 } }'),
    at: ['11:69 policies[0].fanout.temperature.max'],
    message: /^"max" is below "min"$/,
  },
];

const TWO = 'fanout: { agents: [small, big] }';
const two = (rest: string): string => many('policies:', `  - { id: p, ${TWO}, ${rest} }`);

const STRATEGY: readonly Case[] = [
  {
    why: 'no judge',
    text: two('consensus: { strategy: judge }'),
    at: ['12:59 policies[0].consensus.judge'],
    message: /^the strategy judge has nobody to judge$/,
  },
  {
    why: 'a judge of nothing',
    text: two('consensus: { judge: small }'),
    at: ['12:61 policies[0].consensus.judge'],
    message: /^"judge" has nothing to do in the strategy majority$/,
  },
  {
    why: 'no arbiter',
    text: two('consensus: { strategy: arbiter }'),
    at: ['12:5 policies[0].arbiter'],
    message: /^the strategy arbiter has no arbiter$/,
  },
  {
    why: 'no challenger',
    text: two('consensus: { strategy: champion }'),
    at: ['12:32 policies[0].fanout.agents'],
    message: /^the strategy champion has no challenger$/,
  },
  {
    why: 'challengers only',
    text: P('fanout: { agents: [{ model: small, challenger: true }] }'),
    at: ['11:32 policies[0].fanout.agents'],
    message: /^all are challengers, and there is nobody to challenge$/,
  },
  {
    why: 'nobody for the second phase',
    text: P('fanout: { agents: [small] }, consensus: { strategy: two_phase }'),
    at: ['11:54 policies[0].consensus.judge'],
    message: /^the strategy two_phase has nobody for the second ACK$/,
  },
  {
    why: 'a quorum that cannot be reached',
    text: two('consensus: { quorum: 3 }'),
    at: ['12:69 policies[0].consensus.quorum'],
    message: /^"quorum" is more than there are votes$/,
  },
  {
    why: 'a quorum of more than are asked',
    text: two('consensus: { quorum: 2 }').replace('[small, big]', '[small, big], select: { by: reputation, top: 1 }'),
    at: ['12:105 policies[0].consensus.quorum'],
    message: /^"quorum" is more than there are votes$/,
  },
  {
    why: 'a provisional result of more than are asked',
    text: two('provisional: { quorum_min: 2 }').replace('[small, big]', '[small, { model: big, challenger: true }]'),
    at: ['12:104 policies[0].provisional.quorum_min'],
    message: /^"quorum_min" is more than there are votes$/,
  },
  {
    why: 'a second ACK of somebody who is not asked',
    text: two('consensus: { strategy: two_phase }').replace(
      '[small, big]',
      '[small, big], select: { by: reputation, top: 1 }',
    ),
    at: ['12:95 policies[0].consensus.judge'],
    message: /^the strategy two_phase has nobody for the second ACK$/,
  },
  {
    why: 'a quorum where nobody votes',
    text: two('consensus: { strategy: union, quorum: 2 }'),
    at: ['12:78 policies[0].consensus.quorum'],
    message: /^"quorum" has no meaning in the strategy union$/,
  },
  {
    why: 'a choice of itself',
    text: two('consensus: { strategy: adaptive, among: [majority, adaptive] }'),
    at: ['12:99 policies[0].consensus.among[1]'],
    message: /^adaptive cannot choose itself$/,
  },
  {
    why: 'a choice of which nothing can be learned',
    text: two('consensus: { strategy: adaptive, among: [majority, streaming_merge] }'),
    at: ['12:99 policies[0].consensus.among[1]'],
    message:
      /^adaptive learns of what strategies make of the same answers, and streaming_merge does not decide by answers alone$/,
  },
  {
    why: 'a provisional result that never comes',
    text: two('provisional: { expiry_ms: 5 }'),
    at: ['12:61 policies[0].provisional'],
    message: /^"provisional" never happens$/,
  },
  {
    why: 'a threshold for what has none',
    text: two('escalation: [{ when: test_fail, threshold: 0.5, to: small }]'),
    at: ['12:80 policies[0].escalation[0].threshold'],
    message: /^"threshold" has no meaning for test_fail/,
  },
  {
    why: 'an arbiter without a price',
    text: two('arbiter: { agent: big }'),
    at: ['12:66 policies[0].arbiter.agent'],
    message: /^"big" has no price, but its cap is in money$/,
  },
  {
    why: 'a member without a price under a budget in money',
    text: two('budget: { usd: 1 }'),
    at: ['12:40 policies[0].fanout.agents[1]'],
    message: /^"big" has no price, but the budget is in money$/,
  },
];

testFaults('conditions of a match', MATCH);
testFaults('who is asked', FANOUT);
testFaults('how one result is made', STRATEGY);

test('what is no fault and cannot work is a warning', () => {
  const config = valid(
    many(
      'tenants: [{ id: acme, tool_permissions: [read] }]',
      'policies:',
      '  - { id: wide, match: { task_type: x }, fallback: [small] }',
      '  - { id: narrow, match: { task_type: x, tenant: acme }, fallback: [small] }',
      '  - { id: empty, match: { diff_loc: "9..3" }, fallback: [small] }',
      '  - { id: nobody, match: { tenant: [acme, acne], tool_permissions: [write], security_groups: ops }, fallback: [small] }',
      '  - { id: alone, fanout: { agents: [small] } }',
    ),
  );
  expect(configWarnings(config, 0).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'policies[1].match: the policy never applies by itself: whatever it matches, the earlier policy "wide" matches too. Put the narrower one first',
    'policies[2].match.diff_loc: the policy never applies by itself: nothing lies in the range 9..3 of "diff_loc"',
    'policies[3].match.tenant: "acne": there is no tenant of this name in the file',
    'policies[3].match.tool_permissions: "write": no tenant has this permission',
    'policies[3].match.security_groups: "ops": no tenant is in this group',
    'policies[4].fanout.agents: there is one voice, so there is nothing to agree on. Name another, or use "fallback"',
  ]);
});

test('no secret from outside of the file is shown by a condition or a name', () => {
  const secret = 'zq7-Kx9v Pw3mTt5';
  const text = P('match: { risk: ">${S}", tenant: ["${S}"], model: "${S}" }, fanout: { agents: ["${S}"] }');
  const found = problems(text, { S: secret });
  expect(found.length).toBeGreaterThan(2);
  expect(JSON.stringify(found)).not.toContain('Kx9v');
});
