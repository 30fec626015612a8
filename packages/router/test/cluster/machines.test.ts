import { findValkey } from '@atp-router/adapters/testing';
import { describe, expect, it } from 'vitest';
import { dataDir } from '../admin/harness.ts';
import { until } from '../shared/support/time.ts';
import { heldUpstream } from './support/held.ts';
import { led, Machine } from './support/machine.ts';
import { PLACES, serverFor, twoMachines } from './support/two-machines.ts';

describe.skipIf(findValkey() === undefined)('two machines and one limit', { timeout: 120_000 }, () => {
  it('hold it together, and a place that comes free is of use to either', async () => {
    const { up, leader, relay } = await twoMachines(await serverFor());
    const calls = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? leader : relay).ask(`call ${i}`));
    for (let ended = 0; ended < 20; ended += 1) {
      await up.arrived(Math.min(20, ended + PLACES));
      up.next();
    }
    for (const reply of await Promise.all(calls)) expect(reply.status).toBe(200);
    expect(up.most).toBe(PLACES);
  });

  it('have one queue: who asked first is served first, wherever that was', async () => {
    const { up, leader, relay } = await twoMachines(await serverFor(), 1);
    const calls = [leader.ask('first')];
    await up.arrived(1);
    for (let i = 0; i < 8; i += 1) {
      calls.push((i % 2 === 0 ? relay : leader).ask(`waits ${i}`));
      await until(async () => (await leader.flow()).waiting === i + 1);
    }
    for (let i = 0; i < 9; i += 1) {
      await up.arrived(i + 1);
      up.next();
    }
    await Promise.all(calls);
    expect(up.prompts).toEqual(['first', ...Array.from({ length: 8 }, (_, i) => `waits ${i}`)]);
    expect(up.most).toBe(1);
  });

  it('go on when the one that holds it stops: the other takes over, and counts what runs', async () => {
    const { up, leader, relay } = await twoMachines(await serverFor());
    const running = [leader.ask('a'), leader.ask('b'), relay.ask('c'), relay.ask('d')];
    await up.arrived(PLACES);
    const before = (await leader.status()).epoch;
    await leader.stopOwner();
    const after = await relay.until(({ role }) => role === 'leader');
    expect(after.epoch).toBeGreaterThan(before);
    await leader.startOwner();
    await led(leader, relay);
    const more = [leader.ask('e'), relay.ask('f')];
    await until(async () => (await relay.flow()).waiting === 2);
    expect(up.prompts).toHaveLength(PLACES);
    for (let i = 0; i < 6; i += 1) {
      await up.arrived(i + 1);
      up.next();
    }
    for (const reply of await Promise.all([...running, ...more])) expect(reply.status).toBe(200);
    expect(up.most).toBe(PLACES);
  });

  it('count what a machine had used before it shared limits, wherever they are held', async () => {
    const server = await serverFor();
    const up = await heldUpstream();
    const dir = dataDir();
    const options = {
      url: server.url(),
      providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k' }],
      tenant: { budget: { calls_per_day: 3 } },
    };
    const alone = await Machine.alone({ ...options, dir });
    const earlier = [alone.ask('one'), alone.ask('two')];
    await up.arrived(2);
    for (const _ of earlier) up.next();
    for (const reply of await Promise.all(earlier)) expect(reply.status).toBe(200);
    await alone.stop();

    // The other machine is elected: it was there first.
    const other = await Machine.start({ ...options, dir: dataDir() });
    await led(other);
    const same = await Machine.start({ ...options, dir });
    await led(other, same);
    await until(() => other.knows('acme', 2));
    const third = other.ask('three');
    await up.arrived(3);
    up.next();
    expect((await third).status).toBe(200);
    for (const one of [other, same]) expect((await one.ask('four')).status).toBe(429);
    // What is used of a budget is shown where it is known, and nowhere as less.
    const shown = async (machine: Machine): Promise<unknown> => (await machine.flow()).tenants[0]?.today.calls;
    await until(async () => JSON.stringify(await shown(other)) === JSON.stringify({ used: 3, limit: 3 }));
    expect(await shown(same)).toEqual({ used: null, limit: 3 });
  });

  it('say who holds it, and how they are connected', async () => {
    const { leader, relay } = await twoMachines(await serverFor());
    const [one, two] = await Promise.all([leader.status(), relay.status()]);
    expect(one).toMatchObject({ role: 'leader', is_up: true, lost_total: 0 });
    expect(two).toEqual({ ...two, role: 'relay', leader: one.leader, epoch: one.epoch });
    const [leads, follows] = await Promise.all([leader.metrics(), relay.metrics()]);
    expect(leads).toContain('\natp_cluster_leader 1\n');
    expect(follows).toContain('\natp_cluster_leader 0\n');
    expect(follows).toMatch(/\natp_cluster_round_trip_seconds 0\.\d+\n/);
  });
});

it('a process that is alone does not share limits, and says what to do', async () => {
  const dir = dataDir();
  await expect(Machine.alone({ dir, url: 'redis://127.0.0.1:1', is_shared: true })).rejects.toMatchObject({
    ...{ code: 'config_invalid', param: 'cluster' },
  });
});
