import type { Payload, Window } from '@atp-router/wire';
import { onTestFinished } from 'vitest';
import { openSessionHub } from '../../src/atp/open-hub.ts';
import type { SessionHub } from '../../src/atp/session-hub.ts';
import { configOf, provider, Stage, tenant } from '../engine/support/fixed.ts';
import type { Script } from '../engine/support/script.ts';
import { HubClient } from './client.ts';

export interface FlowRig {
  readonly stage: Stage;
  readonly hub: SessionHub;
  /** A client whose session is established. */
  open(session_id: string, tenant?: string): Promise<HubClient>;
  /** As `pass` of the stage, with the timers of the clients. */
  pass(by_ms: number): Promise<void>;
  /** Calls in flight that the account of a session may have. */
  ceiling(session_id: string): number;
}

/** Sessions of a router without sockets and a clock. Its tenant has id `a`, its model `m1`. */
export async function flowRig(
  script: (nth: number) => Script,
  more: Readonly<Record<string, unknown>> = {},
  start_ms: number = Date.parse('2027-03-01T12:00:00Z'),
): Promise<FlowRig> {
  const providers = [
    provider('p1', { head_timeout_ms: 100, retry: { max_attempts: 1 }, breaker: { min_calls: 1_000 } }),
  ];
  const config = configOf({ providers, tenants: [tenant({ qos_max: 'gold' })], ...more });
  const stage = new Stage({
    config,
    script: (_provider, nth) => script(nth),
    start_ms,
  });
  const { engine, time } = stage.world;
  const hub = openSessionHub(engine, 'node-a');
  onTestFinished(() => hub.abortAll({ type: 'error', content: { code: 'EDRAINING', reason: 'The test is over.' } }));
  const clients: HubClient[] = [];
  return {
    ...{ stage, hub },
    pass: async (by_ms) => {
      for (let left_ms = by_ms; left_ms > 0; left_ms -= 50) {
        // Frames that are on their way arrive before the clock moves.
        await new Promise((resolve) => setImmediate(resolve));
        await stage.pass(Math.min(50, left_ms));
        for (const client of clients) client.input({ type: 'timeout' });
      }
    },
    open: async (session_id, owner = 'a') => {
      const client = new HubClient(hub, { tenant: owner, key_id: 'k' }, { session_id }, time.mono_ms);
      clients.push(client);
      client.connect();
      await client.until(() => client.session.phase === 'open');
      return client;
    },
    ceiling: (session_id) => stage.world.ledger.windows(`session:a/${session_id}`)?.max_parallel ?? Infinity,
  };
}

/** Windows that the router has told the client, each once. */
export function windowsOf(client: HubClient): Window[] {
  const told = client.came.flatMap(({ window }) => (window === undefined ? [] : [window]));
  return told.filter((window, i) => JSON.stringify(window) !== JSON.stringify(told[i - 1]));
}

export function budgetsOf(client: HubClient): Payload['content'][] {
  return client.came.flatMap(({ payload, flags }) =>
    payload?.type === 'control.budget_update' && !flags?.includes('RST') ? [payload.content] : [],
  );
}

export const TASK = { prompt: 'Hi', model: 'm1', max_output_tokens: 50 };
