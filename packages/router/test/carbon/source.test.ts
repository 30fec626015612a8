import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CallEnded } from '@atp-router/ledger';
import { expect, test, vi } from 'vitest';
import { dataDir } from '../admin/harness.ts';
import { type Crew, crew } from '../auto/crew.ts';
import { scrape } from '../observe/scrape.ts';

const POWER = { in_joule_per_token: 0.5, out_joule_per_token: 5 };
const MODEL = { provider: 'up', context: 128_000, power: POWER };

async function emitted({ ask, events }: Crew, model: string): Promise<CallEnded> {
  await ask('hello', { model });
  const ended = events.findLast((event): event is CallEnded => event.type === 'call.ended');
  if (ended === undefined) throw new Error('no call has ended');
  return ended;
}

test('a source goes before the table, which counts where the source says nothing', async () => {
  const file = join(dataDir(), 'grid.csv');
  writeFileSync(file, 'region,g_per_kwh\nnorth,480\n');
  const models = [
    { ...MODEL, id: 'said', regions: ['north'] },
    { ...MODEL, id: 'table', regions: ['south'] },
  ];
  const carbon = { intensity: { north: 240, south: 120 }, source: { file } };
  const one = await crew(() => 'Yes.', {}, { models, carbon });
  await vi.waitFor(async () => expect((await scrape(one.running)).sum('atp_carbon_source_age_seconds')).toBeDefined(), {
    timeout: 20_000,
    interval: 50,
  });
  // 180 J at 480 g/kWh, and at 120 g/kWh.
  expect(await emitted(one, 'said')).toMatchObject({ co2e_mg: 24, attempts: [{ region: 'north' }] });
  expect(await emitted(one, 'table')).toMatchObject({ co2e_mg: 6, attempts: [{ region: 'south' }] });
});

test('a source that is not there leaves the table', async () => {
  const carbon = { intensity: { north: 240 }, source: { file: join(dataDir(), 'none.csv') } };
  const one = await crew(() => 'Yes.', {}, { models: [{ ...MODEL, id: 'said', regions: ['north'] }], carbon });
  expect(await emitted(one, 'said')).toMatchObject({ co2e_mg: 12 });
});

test('where a provider runs goes before the regions of its models', async () => {
  const sim = { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 };
  const one = await crew(
    () => 'Yes.',
    {},
    {
      providers: [{ id: 'up', type: 'sim', region: 'south', sim }],
      models: [{ ...MODEL, id: 'said', regions: ['north'] }],
      carbon: { intensity: { north: 240, south: 3_600 } },
    },
  );
  const { energy_joules, co2e_mg, attempts } = await emitted(one, 'said');
  expect(attempts[0]?.region).toBe('south');
  expect(co2e_mg).toBe(energy_joules);
});
