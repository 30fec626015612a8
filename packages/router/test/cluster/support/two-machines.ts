import { ValkeyServer, type ValkeyServerOptions } from '@atp-router/adapters/testing';
import { onTestFinished } from 'vitest';
import { dataDir } from '../../admin/harness.ts';
import { type HeldUpstream, heldUpstream } from './held.ts';
import { led, Machine } from './machine.ts';

export const PLACES = 4;

export async function serverFor(options: ValkeyServerOptions = {}): Promise<ValkeyServer> {
  const server = await ValkeyServer.start(options);
  onTestFinished(() => server.stop());
  return server;
}

export interface Two {
  readonly up: HeldUpstream;
  readonly leader: Machine;
  readonly relay: Machine;
}

/** Two of them over one upstream and one limit, once one of them holds it. */
export async function twoMachines(
  server: ValkeyServer,
  places: number = PLACES,
  at_limit: string = 'wait',
): Promise<Two> {
  const up = await heldUpstream();
  const options = {
    url: server.url(),
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', queue_timeout_ms: 1_000 }],
    tenant: { window: { max_parallel: places }, at_limit },
  };
  const machines = [
    await Machine.start({ ...options, dir: dataDir() }),
    await Machine.start({ ...options, dir: dataDir() }),
  ] as const;
  const { leader, relays } = await led(...machines);
  return { up, leader, relay: relays[0] as Machine };
}
