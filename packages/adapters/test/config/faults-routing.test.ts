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
];

testFaults('routing', CASES);
