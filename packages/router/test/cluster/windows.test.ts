import { findValkey } from '@atp-router/adapters/testing';
import { describe, expect, it } from 'vitest';
import { dataDir } from '../admin/harness.ts';
import { upstream } from '../admin/upstream.ts';
import { answer } from '../admin/held.ts';
import { until } from '../shared/support/time.ts';
import { led, Machine } from './support/machine.ts';
import { serverFor } from './support/two-machines.ts';

const PLACES = 2;

interface Two {
  readonly leader: Machine;
  readonly relay: Machine;
}

/** Two machines over an upstream that has too much when it is told so. */
async function twoOver(): Promise<Two> {
  const { base_url } = await upstream((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      if (Buffer.concat(parts).includes('too much')) res.writeHead(429).end();
      else answer(res);
    });
  });
  const server = await serverFor();
  const providers = [{ id: 'up', type: 'openai', base_url, api_key: 'k', retry: { max_attempts: 1 } }];
  const options = { url: server.url(), providers, model: { max_concurrency: PLACES } };
  const all = [
    await Machine.start({ ...options, dir: dataDir() }),
    await Machine.start({ ...options, dir: dataDir() }),
  ] as const;
  const { leader, relays } = await led(...all);
  return { leader, relay: relays[0] as Machine };
}

/** Calls that a deployment may have, as the owner process of a machine has it. */
async function windowAt(machine: Machine): Promise<number | null> {
  const { accounts } = (await machine.flow()) as unknown as {
    accounts: readonly { account: string; calls: { window: number | null } }[];
  };
  return accounts.find(({ account }) => account === 'deployment:up/m')?.calls.window ?? null;
}

/** Windows that a process moves by itself. */
async function movedBy(machine: Machine): Promise<readonly string[]> {
  return (await machine.metrics()).split('\n').filter((line) => line.startsWith('atp_flow_window_factor{'));
}

const FACTOR = 'atp_flow_window_factor{account="deployment:up/m"} 0.5';

/** The upstream says at the machine that does not hold the limits that it has too much. */
async function narrowed(): Promise<Two> {
  const two = await twoOver();
  await two.relay.ask('this is too much');
  await until(async () => (await windowAt(two.leader)) === 1 && (await windowAt(two.relay)) === 1);
  return two;
}

describe.skipIf(findValkey() === undefined)(
  'the window of a deployment over two machines',
  { timeout: 120_000 },
  () => {
    it('is the one of whoever holds the limits: the other one has it from there, and moves none', async () => {
      const { leader, relay } = await narrowed();
      expect([await movedBy(leader), await movedBy(relay)]).toEqual([[FACTOR], []]);
    });

    it('opens by timely answers, wherever they come', async () => {
      const { leader, relay } = await narrowed();
      let is_open = false;
      const asking = Array.from({ length: 3 }, async () => {
        while (!is_open) expect((await relay.ask('this is fine')).status).toBe(200);
      });
      await until(async () => (await windowAt(leader)) === PLACES && (await windowAt(relay)) === PLACES);
      is_open = true;
      await Promise.all(asking);
      expect(await movedBy(leader)).toEqual([]);
    });

    it('is not narrow where the limits are held next, and the one before is told so when it is back', async () => {
      const { leader, relay } = await narrowed();
      await leader.stopOwner();
      await relay.until(({ role }) => role === 'leader');
      expect([await windowAt(relay), await movedBy(relay)]).toEqual([PLACES, []]);
      await leader.startOwner();
      await led(leader, relay);
      await leader.ask('this is too much');
      await until(async () => (await windowAt(leader)) === 1 && (await windowAt(relay)) === 1);
      expect([await movedBy(leader), await movedBy(relay)]).toEqual([[], [FACTOR]]);
    });
  },
);
