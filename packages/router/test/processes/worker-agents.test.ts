import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AgentCapability } from '../../src/atp/agents/capability.ts';
import { AgentRoster } from '../../src/atp/agents/roster.ts';
import { Announcer } from '../../src/processes/agents/announcer.ts';
import { type AgentEntry, type AgentsChange, ENTRIES_MAX, NO_AGENTS } from '../../src/processes/agents/changes.ts';
import { OnTheWay } from '../../src/processes/agents/on-the-way.ts';
import { AgentsRegistry } from '../../src/processes/agents/registry.ts';
import { WorkerAgents } from '../../src/processes/agents/worker-agents.ts';
import { Desk } from '../agents/desk.ts';
import { ManualTime } from '../shared/support/time.ts';

const capability = (adapter_id: string): AgentCapability => ({
  ...{ adapter_id, adapter_type: 'agent', capabilities: [], models: [], max_tokens: undefined, version: '1' },
  ...{ supported_languages: [], price: undefined },
});

const LIMITS = { max_agents: 10_000, max_agents_per_tenant: 10_000 };
const IDLE = { dispatches: 0, tokens: 0, usd_micros: 0 };

function entry(id: string, more: Partial<AgentEntry> = {}): AgentEntry {
  const roster = new AgentRoster();
  roster.advertise(id, { tenant: 'acme', key_id: 'k1' }, capability('echo'), LIMITS, 0);
  return { ...roster.all()[0], room: 4, ...more } as AgentEntry;
}

/** A worker's own agents, and what others hear of them. */
class Told {
  readonly time: ManualTime = new ManualTime();
  readonly agents: Map<string, AgentEntry> = new Map();
  readonly said: AgentsChange[] = [];
  readonly registry: AgentsRegistry = new AgentsRegistry();
  is_up = true;
  readonly announcer: Announcer = new Announcer({
    timers: this.time,
    ids: () => [...this.agents.keys()],
    entry: (id) => this.agents.get(id),
    send: (change) => {
      if (!this.is_up) return false;
      this.said.push(change);
      this.registry.take(7, change);
      return true;
    },
  });

  set(id: string, more: Partial<AgentEntry> = {}): void {
    this.agents.set(id, { ...(this.agents.get(id) ?? entry(id)), ...more });
    this.announcer.changed(id);
  }

  remove(id: string): void {
    this.agents.delete(id);
    this.announcer.changed(id);
  }
}

describe('what a worker tells of its agents', () => {
  test('is all at first, then what has changed, and more room at once', () => {
    const told = new Told();
    told.set('a');
    told.announcer.up();
    expect(told.said.splice(0)).toEqual([{ is_all: true, set: [told.agents.get('a')], gone: [] }]);
    told.set('a', { room: 3 });
    told.set('a', { load: { dispatches: 1, tokens: 5, usd_micros: 0 } });
    expect(told.said).toEqual([]);
    told.time.advance(20);
    const load = { dispatches: 1, tokens: 5, usd_micros: 0 };
    expect(told.said.splice(0)).toEqual([{ is_all: false, set: [{ id: 'a', room: 3, load }], gone: [] }]);
    told.set('a', { room: 4 });
    expect(told.said.splice(0)).toEqual([{ is_all: false, set: [{ id: 'a', room: 4 }], gone: [] }]);
    told.remove('a');
    told.time.advance(20);
    expect(told.said.splice(0)).toEqual([{ is_all: false, set: [], gone: ['a'] }]);
    told.announcer.close();
  });

  test('is bounded: of further agents nobody else hears', () => {
    const told = new Told();
    for (let i = 0; i <= ENTRIES_MAX; i += 1) told.agents.set(String(i), entry(String(i)));
    told.announcer.up();
    expect(told.registry.all.length).toBe(ENTRIES_MAX);
    told.registry.take(7, { is_all: false, set: [entry('more')], gone: [] });
    expect(told.registry.all.length).toBe(ENTRIES_MAX);
  });

  test('is what others know, whatever came about and whenever the link broke', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), id, room: fc.nat(3), latest: fc.nat(9) }),
      fc.record({ do: fc.constant('remove' as const), id }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.nat(30) }),
      fc.record({ do: fc.constant('link' as const), is_up: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const told = new Told();
        const link = (is_up: boolean): void => {
          told.is_up = is_up;
          if (is_up) told.announcer.up();
          else told.announcer.down();
        };
        link(true);
        for (const one of steps) {
          if (one.do === 'set') told.set(one.id, { room: one.room, latest: one.latest });
          else if (one.do === 'remove') told.remove(one.id);
          else if (one.do === 'wait') told.time.advance(one.ms);
          else link(one.is_up);
        }
        if (!told.is_up) link(true);
        told.time.advance(20);
        const known = told.registry.all.map(({ at: _at, ...rest }) => ({ ...rest, id: rest.id.slice('w7/'.length) }));
        const sorted = (all: readonly AgentEntry[]): AgentEntry[] => [...all].sort((a, b) => (a.id < b.id ? -1 : 1));
        expect(sorted(known)).toEqual(sorted([...told.agents.values()]));
        told.announcer.close();
      }),
    );
  });
});

describe('work on its way to agents elsewhere', () => {
  const share = { tokens: 10, usd_micros: 1 };

  test('counts until its agent tells of it, and once it is over no more', () => {
    const way = new OnTheWay();
    const before = { ...entry('a'), id: 'w7/a', latest: 3 };
    const sent = way.add(before.id, share);
    expect([way.room(before), way.with(before).load]).toEqual([3, { dispatches: 1, ...share }]);
    way.arrived(sent, before.id, 4, before);
    expect(way.room(before)).toBe(3);
    const now = { ...before, latest: 4, room: 3, load: { dispatches: 1, ...share } };
    way.told(now);
    expect([way.room(now), way.with(now).load]).toEqual([3, now.load]);
    way.end(sent);
    expect([way.room(now), way.with(now).load]).toEqual([4, IDLE]);
    const last = { ...before, latest: 4 };
    way.told(last);
    expect([way.room(last), way.with(last).load]).toEqual([4, IDLE]);
  });

  test('that is refused, or goes to another one there, counts where it is', () => {
    const way = new OnTheWay();
    const [a, b] = [
      { ...entry('a'), id: 'w7/a' },
      { ...entry('b'), id: 'w7/b' },
    ];
    way.end(way.add(a.id, share));
    expect(way.room(a)).toBe(4);
    const sent = way.add(a.id, share);
    way.arrived(sent, b.id, 1, b);
    expect([way.room(a), way.room(b)]).toEqual([4, 3]);
    way.end(sent);
    expect([way.room(a), way.room(b)]).toEqual([4, 4]);
  });
});

test('what an owner told holds without it, and a new one has the time to tell anew', async () => {
  const shared_dir = mkdtempSync(join(tmpdir(), 'atp-agents-'));
  onTestFinished(() => rmSync(shared_dir, { recursive: true, force: true }));
  const desk = new Desk();
  const said: AgentsChange[] = [];
  const agents = await WorkerAgents.open({
    ...{ timers: desk.time, hub: desk.hub, n: 1, shared_dir, version: '1', onProblem: undefined },
    takes: () => undefined,
    send: (change) => said.push(change) > 0,
    onOutcome: () => undefined,
  });
  onTestFinished(() => agents.close());
  const ids = (): string[] => agents.agents.map(({ id }) => id);
  agents.up();
  for (const worker of [1, 2, 3]) agents.told({ worker, change: { is_all: true, set: [entry('a')], gone: [] } });
  agents.told({ worker: 'x' });
  expect(ids()).toEqual(['w2/a', 'w3/a']);
  expect([agents.takes('w2/a'), agents.takes('w9/a'), agents.takes('a')]).toEqual([true, false, false]);
  agents.told({ worker: 2, change: { is_all: false, set: [{ id: 'a', room: 0 }], gone: [] } });
  expect(agents.takes('w2/a')).toBe(false);
  agents.down();
  desk.time.advance(60_000);
  expect(ids()).toEqual(['w2/a', 'w3/a']);
  agents.up();
  agents.told({ worker: 3, change: { is_all: true, set: [entry('b')], gone: [] } });
  expect(ids()).toEqual(['w2/a', 'w3/b']);
  desk.time.advance(11_000);
  expect(ids()).toEqual(['w3/b']);
  agents.told({ worker: 3, change: NO_AGENTS });
  expect([ids(), said.map(({ is_all }) => is_all)]).toEqual([[], [true, true]]);
});
