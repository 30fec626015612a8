import { type Case, testFaults } from './faults.ts';
import { append, insert, SMALL } from './support.ts';

const CASES: readonly Case[] = [
  {
    why: 'dangling model that savings are told against',
    text: append('routing: { baseline: smal }'),
    at: ['10:22 routing.baseline'],
    message: /no model has the id "smal"/,
    suggestion: 'small',
  },
  {
    why: 'quality that is worth nothing',
    text: append('routing: { quality_usd: 0 }'),
    at: ['10:25 routing.quality_usd'],
    message: /^"quality_usd" is too small$/,
  },
  {
    why: 'a plan that there is not',
    text: append('routing: { plans: cascades }'),
    at: ['10:19 routing.plans'],
    message: /^"plans" is not one of the known values$/,
    suggestion: 'cascade',
  },
  {
    why: 'a score in which nothing counts',
    text: append(
      'routing: { static: { weights: { capability: 0, performance: 0, cost: 0, latency: 0, context: 0, predictability: 0, underestimate: 0 } } }',
    ),
    at: ['10:31 routing.static.weights'],
    message: /all "weights" are 0, so that nothing ranks models/,
  },
  {
    why: 'dangling model that judges',
    text: append('routing: { judge: { model: smal } }'),
    at: ['10:28 routing.judge.model'],
    message: /no model has the id "smal"/,
    suggestion: 'small',
  },
  {
    why: 'a judge without a price',
    text: [...SMALL.slice(0, 8), 'routing: { judge: { model: small } }'].join('\n'),
    at: ['9:28 routing.judge.model'],
    message: /^"small" has no price, but the budget of the judge is in money$/,
  },
  {
    why: 'a judge that is a shadow',
    text: insert(9, '    status: shadow', 'routing: { judge: { model: small } }'),
    at: ['11:28 routing.judge.model'],
    message: /^"small" is a shadow, which judges nobody$/,
  },
  {
    why: 'a pattern that looks behind',
    text: append("routing: { validators: [{ checks: [{ kind: pattern, pattern: '(?<=a)b' }] }] }"),
    at: ['10:62 routing.validators[0].checks[0].pattern'],
    message: /neither ahead nor behind \(at character 2\)$/,
  },
  {
    why: 'a pattern that is missing, and one that nobody asks for',
    text: append("routing: { validators: [{ checks: [{ kind: pattern }, { kind: length, pattern: 'a' }] }] }"),
    at: ['10:36 routing.validators[0].checks[0].pattern', '10:71 routing.validators[0].checks[1].pattern'],
    message: /^"pattern" is missing$/,
  },
  {
    why: 'a program that depends on a folder',
    text: append('routing: { validators: [{ checks: [{ kind: command, command: [./check] }] }] }'),
    at: ['10:63 routing.validators[0].checks[0].command[0]'],
    message: /depends on a folder$/,
  },
];

testFaults('routing', CASES);
