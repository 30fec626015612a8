import { readFile, stat } from 'node:fs/promises';
import {
  INTENSITY_ROWS_MAX,
  intensityCsv,
  intensityRows,
  type IntensityRow,
  type IntensityRows,
} from '@atp-router/routing';
import { Agent, request } from 'undici';
import type { CarbonSourceConfig } from '../config/types-carbon.ts';

/** A year of hours of one region are a few hundred kilobytes. */
const BYTES_MAX = 4_194_304;
const TIMEOUT_MS = 10_000;

/** Reads a source once. Throws with the reason, which quotes nothing of the answer. */
export async function readSource(settings: CarbonSourceConfig): Promise<readonly IntensityRow[]> {
  const { file, url, zones } = settings;
  if (file !== undefined) return fromFile(file, settings);
  if (url === undefined) return [];
  const agent = new Agent({
    connections: 1,
    maxResponseSize: BYTES_MAX,
    connect: { timeout: TIMEOUT_MS },
  });
  try {
    const asked = Object.entries(zones);
    if (asked.length === 0) return taken(intensityRows(await ask(agent, url, settings), settings.mapping));
    const rows: IntensityRow[] = [];
    for (const [region, zone] of asked) {
      const answer = await ask(agent, url.replaceAll('{zone}', encodeURIComponent(zone)), settings);
      rows.push(...taken(intensityRows(answer, settings.mapping, region)));
      if (rows.length > INTENSITY_ROWS_MAX)
        throw new Error(`the zones have more than ${INTENSITY_ROWS_MAX} rows together`);
    }
    return rows;
  } finally {
    await agent.destroy();
  }
}

async function fromFile(file: string, { mapping }: CarbonSourceConfig): Promise<readonly IntensityRow[]> {
  const { size } = await stat(file);
  if (size > BYTES_MAX) throw new Error(`${file} has more than ${BYTES_MAX} bytes`);
  const text = await readFile(file, 'utf8');
  if (!/^\s*[[{]/.test(text)) return taken(intensityCsv(text, mapping));
  return taken(intensityRows(jsonOf(text), mapping));
}

async function ask(dispatcher: Agent, url: string, { headers }: CarbonSourceConfig): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal,
    headers: { accept: 'application/json', ...headers },
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`the source answered ${statusCode}`);
  return jsonOf(text);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('the source says something that is no JSON');
  }
}

function taken(read: IntensityRows): readonly IntensityRow[] {
  if (!read.ok) throw new Error(read.problem);
  return read.rows;
}
