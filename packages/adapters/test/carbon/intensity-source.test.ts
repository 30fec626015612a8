import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AtpError } from '@atp-router/kernel';
import { expect, onTestFinished, test } from 'vitest';
import { IntensitySource } from '../../src/index.ts';
import type { CarbonSourceConfig } from '../../src/config/types-carbon.ts';

const SETTINGS: CarbonSourceConfig = {
  ...{ headers: {}, zones: {}, refresh_s: 3_600, max_age_s: 600 },
  mapping: {
    ...{
      list: '',
      region: 'region',
      g_per_kwh: 'g_per_kwh',
      valid_from: 'valid_from',
      valid_to: 'valid_to',
      factor: 1,
    },
  },
};

function sourceOf(settings: Partial<CarbonSourceConfig>) {
  const problems: string[] = [];
  const time = { mono_ms: 0 };
  const clock = { now_ms: () => 1_000, mono_ms: () => time.mono_ms };
  const source = new IntensitySource(
    { ...SETTINGS, ...settings },
    { clock, on_problem: (problem: AtpError) => void problems.push(problem.message) },
  );
  onTestFinished(() => source.close());
  return { source, problems, time };
}

test('a file holds until it is read again, for as long as it may be old, and what is wrong is told once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'atp-carbon-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'grid.csv');
  const { source, problems, time } = sourceOf({ file });
  await source.refresh();
  expect([source.at('north'), source.age_s, problems.length]).toEqual([undefined, undefined, 1]);
  writeFileSync(file, 'region,g_per_kwh\nnorth,240\n');
  await source.refresh();
  expect([source.at('north'), source.at('south'), source.age_s]).toEqual([240, undefined, 0]);
  writeFileSync(file, JSON.stringify([{ region: 'north', g_per_kwh: 30 }]));
  await source.refresh();
  expect(source.at('north')).toBe(30);
  writeFileSync(file, '[');
  time.mono_ms = 600_000;
  await source.refresh();
  expect([source.at('north'), source.age_s, problems.length]).toEqual([30, 600, 2]);
  time.mono_ms = 600_001;
  await source.refresh();
  await source.refresh();
  expect([source.at('north'), problems.length]).toEqual([undefined, 3]);
  expect(problems[2]).toContain('older than max_age_s');
  writeFileSync(file, 'region,g_per_kwh\nnorth,7\n');
  await source.refresh();
  expect([source.at('north'), source.age_s]).toEqual([7, 0]);
});

test('a server is asked for each zone, with the headers, and one that fails leaves what was known', async () => {
  const asked: string[] = [];
  let status = 200;
  const server = createServer((req, res) => {
    asked.push(`${req.url} ${req.headers['auth-token']}`);
    const zone = new URL(req.url ?? '', 'http://x').searchParams.get('zone');
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ zone, carbonIntensity: zone === 'DE' ? 302 : 25 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { source, problems } = sourceOf({
    url: `http://127.0.0.1:${port}/latest?zone={zone}`,
    headers: { 'auth-token': 'secret' },
    zones: { 'eu-central-1': 'DE', 'eu-north-1': 'SE & x' },
    mapping: { ...SETTINGS.mapping, g_per_kwh: 'carbonIntensity' },
  });
  await source.refresh();
  expect(asked).toEqual(['/latest?zone=DE secret', '/latest?zone=SE%20%26%20x secret']);
  expect([source.at('eu-central-1'), source.at('eu-north-1'), problems]).toEqual([302, 25, []]);
  status = 500;
  await source.refresh();
  expect([source.at('eu-central-1'), problems.length]).toEqual([302, 1]);
  expect(problems[0]).toContain('answered 500');
});
