import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentCapability } from '../../src/atp/agents/capability.ts';
import { STRIKE_TTL_MS } from '../../src/atp/agents/compliance.ts';
import { AgentRoster, type Choice, type Wanted } from '../../src/atp/agents/roster.ts';

const LIMITS = { max_agents: 5, max_agents_per_tenant: 3 };

const capability = (adapter_id: string, more: Partial<AgentCapability> = {}): AgentCapability => ({
  ...{
    adapter_id,
    adapter_type: 'agent',
    capabilities: [],
    models: [],
    max_tokens: undefined,
    supported_languages: [],
  },
  ...{ price: undefined, version: '1', ...more },
});

const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  ...{ tenant: 'a', upstream_model: 'echo', tokens: 10, usd_micros: 5, takes: () => true, now_ms: 0, ...more },
  admits: more.admits ?? ((tenant) => tenant === (more.tenant ?? 'a')),
});

function rosterOf(...ids: string[]): AgentRoster {
  const roster = new AgentRoster();
  for (const id of ids) roster.advertise(id, { tenant: 'a', key_id: 'k' }, capability('echo'), LIMITS, 0);
  return roster;
}

const idOf = (choice: Choice): string => (choice.ok ? choice.agent.id : choice.why);

describe('the next agent', () => {
  test('is the least loaded, then the one that has rested longest', () => {
    const roster = rosterOf('1', '2');
    const share = { tokens: 1, usd_micros: 1 };
    expect(idOf(roster.pick(wanted()))).toBe('1');
    roster.begin('1', share);
    expect(idOf(roster.pick(wanted()))).toBe('2');
    roster.begin('2', share);
    expect(idOf(roster.pick(wanted()))).toBe('1');
    roster.end('2', share);
    expect(idOf(roster.pick(wanted()))).toBe('2');
  });

  test('is one without a strike, for as long as strikes count', () => {
    const roster = rosterOf('1', '2');
    roster.judge('1', { type: 'fault', fault: 'silent' }, 0);
    for (const _ of [1, 2]) roster.begin('2', { tokens: 1, usd_micros: 1 });
    expect(idOf(roster.pick(wanted({ now_ms: STRIKE_TTL_MS - 1 })))).toBe('2');
    expect(idOf(roster.pick(wanted({ now_ms: STRIKE_TTL_MS })))).toBe('1');
  });

  test('is one of those that may serve the tenant and have the model', () => {
    const roster = rosterOf('1');
    expect(idOf(roster.pick(wanted({ tenant: 'b' })))).toBe('none');
    expect(idOf(roster.pick(wanted({ upstream_model: 'other' })))).toBe('none');
    roster.advertise('1', { tenant: 'a', key_id: 'k' }, capability('echo', { models: ['other'] }), LIMITS, 0);
    expect(idOf(roster.pick(wanted({ upstream_model: 'other' })))).toBe('1');
  });

  test('has room in its window for tokens and money', () => {
    const roster = rosterOf('1');
    roster.said('1', 'READY', { max_tokens: 15 });
    roster.begin('1', { tokens: 6, usd_micros: 0 });
    expect(idOf(roster.pick(wanted()))).toBe('busy');
    roster.adjust('1', { tokens: 6, usd_micros: 0 }, { tokens: 5, usd_micros: 0 });
    expect(idOf(roster.pick(wanted()))).toBe('1');
    roster.said('1', 'READY', { max_usd_micros: 4 });
    expect(idOf(roster.pick(wanted()))).toBe('busy');
    // What it suggests does not bind who may go beyond; what it is does.
    expect(idOf(roster.pick(wanted({ beyond: true })))).toBe('1');
    roster.said('1', 'DRAINING', {});
    expect(idOf(roster.pick(wanted({ beyond: true })))).toBe('busy');
  });

  test('is told why there is none, by the one that came closest', () => {
    const roster = rosterOf('1', '2');
    roster.judge('1', { type: 'fault', fault: 'no_final' }, 0);
    roster.health('2', { adapter_id: 'echo', status: 'down' }, 0);
    expect(idOf(roster.pick(wanted()))).toBe('unready');
    roster.health('2', { adapter_id: 'echo', status: 'ok' }, 0);
    expect(idOf(roster.pick(wanted({ takes: () => false })))).toBe('busy');
    roster.said('2', 'DRAINING');
    expect(idOf(roster.pick(wanted()))).toBe('busy');
    roster.remove('2');
    expect(idOf(roster.pick(wanted()))).toBe('non_compliant');
  });

  test('is away only when nobody else is there', () => {
    const roster = rosterOf('1', '2');
    roster.connected('1', false);
    roster.begin('2', { tokens: 1, usd_micros: 0 });
    expect(idOf(roster.pick(wanted()))).toBe('2');
    roster.remove('2');
    expect(idOf(roster.pick(wanted()))).toBe('1');
  });
});

describe('a roster', () => {
  test('forgives with a new version, and not with the same capability again', () => {
    const roster = rosterOf('1');
    const owner = { tenant: 'a', key_id: 'k' };
    roster.judge('1', { type: 'fault', fault: 'no_final' }, 0);
    roster.advertise('1', owner, capability('echo'), LIMITS, 0);
    expect(roster.get('1')?.compliance.kind).toBe('non_compliant');
    roster.advertise('1', owner, capability('echo', { version: '2' }), LIMITS, 0);
    expect(roster.get('1')?.compliance.kind).toBe('compliant');
  });

  test('whatever happens, is within its limits, and a load is what was begun and not ended', () => {
    type Command =
      | { readonly do: 'advertise'; readonly id: number; readonly tenant: string }
      | { readonly do: 'begin' | 'end' | 'remove' | 'adjust'; readonly id: number };
    const id = fc.integer({ min: 0, max: 7 });
    const command: fc.Arbitrary<Command> = fc.oneof(
      fc.record({ do: fc.constant('advertise' as const), id, tenant: fc.constantFrom('a', 'b') }),
      fc.record({ do: fc.constantFrom('begin' as const, 'end' as const, 'remove' as const, 'adjust' as const), id }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const roster = new AgentRoster();
        const begun = new Map<string, { tokens: number; usd_micros: number }[]>();
        for (const [at, one] of commands.entries()) {
          const name = String(one.id);
          const shares = begun.get(name);
          if (one.do === 'advertise') {
            const refused = roster.advertise(name, { tenant: one.tenant, key_id: 'k' }, capability('echo'), LIMITS, at);
            if (refused === undefined && shares === undefined) begun.set(name, []);
          } else if (one.do === 'remove') {
            roster.remove(name);
            begun.delete(name);
          } else if (one.do === 'begin') {
            const share = { tokens: at, usd_micros: at * 2 };
            roster.begin(name, share);
            shares?.push(share);
          } else if (shares !== undefined && shares.length > 0) {
            const share = shares.pop() as { tokens: number; usd_micros: number };
            if (one.do === 'end') roster.end(name, share);
            else {
              const is = { tokens: share.tokens + 1, usd_micros: 0 };
              roster.adjust(name, share, is);
              shares.push(is);
            }
          }
          expect(roster.size).toBeLessThanOrEqual(LIMITS.max_agents);
          for (const tenant of ['a', 'b']) {
            const count = roster.all().filter((agent) => agent.tenant === tenant).length;
            expect(count).toBeLessThanOrEqual(LIMITS.max_agents_per_tenant);
          }
          for (const agent of roster.all()) {
            const open = begun.get(agent.id) ?? [];
            expect(agent.load).toEqual({
              dispatches: open.length,
              tokens: open.reduce((sum, { tokens }) => sum + tokens, 0),
              usd_micros: open.reduce((sum, { usd_micros }) => sum + usd_micros, 0),
            });
          }
        }
      }),
    );
  });
});
