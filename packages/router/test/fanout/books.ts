import { expect } from 'vitest';
import { until } from '../shared/support/time.ts';
import type { Panel } from './scripted.ts';

interface Live {
  readonly calls_total: number;
  readonly tenants: readonly {
    readonly outstanding: Readonly<Record<string, number>>;
    readonly used: { readonly calls: number; readonly tokens: number; readonly usd_micros: number };
  }[];
}

interface Flow {
  readonly waiting: number;
  readonly accounts: readonly { readonly account: string; readonly calls: { readonly outstanding: number } }[];
}

export interface AttemptRow {
  readonly outcome: string;
  readonly model: string;
  readonly kind: string;
  readonly error: string | null;
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly cost_usd_micros: number;
}

/** Nothing is held any more, and what the day was charged is what the attempts of these calls cost. Returns all attempts. */
export async function balanced({ admin }: Panel, ids: readonly string[]): Promise<readonly AttemptRow[]> {
  const live = async (): Promise<Live> => (await admin('GET', '/live')).json as unknown as Live;
  await until(async () => (await live()).calls_total === 0);
  const [tenant] = (await live()).tenants;
  expect(tenant?.outstanding).toEqual({ calls: 0, tokens: 0, usd_micros: 0 });
  const flow = (await admin('GET', '/flow')).json as unknown as Flow;
  expect(flow.waiting).toBe(0);
  for (const { account, calls } of flow.accounts) expect([account, calls.outstanding]).toEqual([account, 0]);
  const all: AttemptRow[] = [];
  for (const id of ids) {
    const { call, attempts } = (await admin('GET', `/calls/${id}`)).json as unknown as {
      readonly call: { readonly cost_usd_micros: number };
      readonly attempts: readonly AttemptRow[];
    };
    expect(sum(attempts, (one) => one.cost_usd_micros)).toBe(call.cost_usd_micros);
    all.push(...attempts);
  }
  expect(tenant?.used).toEqual({
    calls: ids.length,
    tokens: sum(all, (one) => one.in_tokens + one.out_tokens),
    usd_micros: sum(all, (one) => one.cost_usd_micros),
  });
  return all;
}

function sum<T>(of: readonly T[], value: (one: T) => number): number {
  return of.reduce((total, one) => total + value(one), 0);
}
