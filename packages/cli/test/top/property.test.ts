import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFlow } from '../../src/top/flow.ts';
import { frame } from '../../src/top/frame.ts';
import { ASCII, UNICODE } from '../../src/top/glyphs.ts';
import { plan } from '../../src/top/plan.ts';
import { lineWidth } from '../../src/top/spans.ts';
import { SORTS } from '../../src/top/sorts.ts';
import { answered, failed, initialState, pressed } from '../../src/top/state.ts';
import { TARGET } from './flows.ts';

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('é\u0301', '模型', '\x1b[2J', '\ud800'),
);
const number = fc.oneof(fc.nat(), fc.double(), fc.constantFrom(0, -1, Number.MAX_VALUE, null, 'x'));
const gauge = fc.record({ outstanding: number, window: number, limit: number }, { requiredKeys: [] });
const tiers = fc.record({ gold: number, silver: number, bronze: number });
const held = { calls: gauge, tokens: gauge, usd_micros: gauge };
const account = fc.record({
  ...{ account: name, level: fc.oneof(name, fc.constantFrom('router', 'provider', 'tenant', 'key')), ...held },
  ...{ waiting: tiers, in_flight: tiers, pressed: fc.boolean(), wait_ms: number },
});
const ofDay = fc.record({ used: number, limit: number }, { requiredKeys: [] });
const today = fc.record({ calls: ofDay, tokens: ofDay, usd_micros: ofDay });
const tenant = fc.record({
  ...{ tenant: name, weight: number, waiting: number, ...held },
  ...{ burn_usd_micros_per_minute: number, exhaustion_minutes: number, today: fc.oneof(today, fc.jsonValue()) },
});
const totals = ['granted', 'denied', 'expired', 'shed', 'preempted', 'starved'].map((one) => [`${one}_total`, number]);
const tier = fc.record({
  ...{ qos: fc.constantFrom('gold', 'silver', 'bronze', 'lead'), waiting: number, in_flight: number, jain: number },
  ...{ wait_p50_ms: number, wait_p99_ms: number, tokens_outstanding: number },
  ...(Object.fromEntries(totals) as Record<string, typeof number>),
});
const answer = fc.record({
  ...{ node_id: name, uptime_s: number, now_ms: number, calls_in_flight: number, waiting: number },
  ...{ max_waiting: number, lapsed_total: number, accounts_total: number, tenants_total: number },
  tiers: fc.array(fc.oneof(tier, fc.jsonValue()), { maxLength: 4 }),
  accounts: fc.array(fc.oneof({ weight: 9, arbitrary: account }, { weight: 1, arbitrary: fc.jsonValue() })),
  tenants: fc.array(fc.oneof({ weight: 9, arbitrary: tenant }, { weight: 1, arbitrary: fc.jsonValue() })),
});
const key = fc.oneof(
  fc.constantFrom('p', 's', 'S', '?', '1', '2', '3', 'tab', 'up', 'down', 'pageup', 'pagedown', 'home', 'end'),
  name,
);
const event = fc.oneof(
  fc.record({ kind: fc.constant('answer' as const), answer, after_ms: fc.nat({ max: 90_000 }) }),
  fc.record({ kind: fc.constant('fault' as const), message: name, after_ms: fc.nat({ max: 90_000 }) }),
  fc.record({ kind: fc.constant('key' as const), key }),
);
const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) });

test('whatever is answered and pressed, a frame fits its screen and holds nothing that a terminal obeys', () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 8 }),
      size,
      fc.constantFrom(...SORTS),
      fc.constantFrom(ASCII, UNICODE),
      fc.option(name, { nil: undefined }),
      (events, shown, sort, glyphs, only) => {
        let state = initialState({ ...TARGET, tenant: only }, sort);
        let now_ms = 0;
        for (const one of events) {
          if (one.kind === 'key') {
            state = pressed(state, one.key, plan(state, shown, glyphs.is_ascii));
          } else {
            now_ms += one.after_ms;
            const flow = one.kind === 'answer' ? readFlow(one.answer) : undefined;
            if (flow !== undefined) state = answered(state, flow, now_ms);
            else if (one.kind === 'fault') state = failed(state, one.message, now_ms);
          }
          const lines = frame(state, shown, now_ms, glyphs);
          expect(lines).toHaveLength(shown.rows);
          for (const line of lines) {
            expect(lineWidth(line)).toBeLessThanOrEqual(shown.columns);
            const text = line.map((part) => part.text).join('');
            expect(text).toMatch(glyphs.is_ascii ? /^[\x20-\x7e]*$/ : /^\P{C}*$/u);
            expect(text).not.toMatch(/undefined|NaN|Infinity/);
          }
        }
      },
    ),
  );
});

test('what is no answer of the endpoint is told from one', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const flow = readFlow(value);
      if (flow !== undefined) expect(value).toHaveProperty('tiers');
    }),
  );
  expect([null, [], 1, {}, { tiers: [], accounts: [] }].map(readFlow)).toEqual(Array(5).fill(undefined));
});
