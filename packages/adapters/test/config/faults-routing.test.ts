import { type Case, testFaults } from './faults.ts';
import { append } from './support.ts';

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
];

testFaults('routing', CASES);
