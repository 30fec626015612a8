import { findValkey } from '@atp-router/adapters/testing';
import { describe, expect, it } from 'vitest';
import { led } from './support/machine.ts';
import { PLACES, serverFor, twoMachines } from './support/two-machines.ts';

describe.skipIf(findValkey() === undefined)('two machines whose server is away', { timeout: 120_000 }, () => {
  it.each([
    ['empty', false],
    ['with what it had', true],
  ])('stop at their leases while the server is away, and go on by themselves when it is back %s', async (_, kept) => {
    const server = await serverFor({ is_persistent: kept });
    const { up, leader, relay } = await twoMachines(server, PLACES, 'reject');
    const machines = [leader, relay];
    const running = [leader.ask('a'), leader.ask('b'), relay.ask('c'), relay.ask('d')];
    await up.arrived(PLACES);
    await server.halt();
    // Nobody is elected meanwhile, and who was is not any more.
    await Promise.all(machines.map((one) => one.until(({ role, is_up }) => role === 'relay' && !is_up)));
    expect(leader.ends).toHaveLength(1);
    for (const { status, json } of await Promise.all(machines.map((one) => one.ask('refused')))) {
      expect(status).toBe(503);
      expect(json['error']).toMatchObject({ code: 'backpressure' });
    }
    await server.resume();
    await led(...machines);
    // Whoever is next knows of what runs.
    for (const { status } of await Promise.all(machines.map((one) => one.ask('denied')))) expect(status).toBe(429);
    for (let i = 0; i < PLACES; i += 1) up.next();
    for (const reply of await Promise.all(running)) expect(reply.status).toBe(200);
    const more = machines.map((one) => one.ask('again'));
    await up.arrived(PLACES + 2);
    for (let i = 0; i < 2; i += 1) up.next();
    for (const reply of await Promise.all(more)) expect(reply.status).toBe(200);
    expect(up.most).toBe(PLACES);
    expect(relay.problems.join()).toMatch(/cluster.url cannot be used/);
  });
});
