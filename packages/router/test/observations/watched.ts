import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aesGcmSealer } from '@atp-router/adapters';
import { readSegment } from '../../src/observations/segment-reader.ts';
import { call, type Reply } from '../admin/http.ts';
import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { type Crew, crew, OTHER_KEY, type Says } from '../auto/crew.ts';

/** Tenant `acme` is observed, `other` is not. */
const OBSERVED = {
  observations: {},
  tenants: [
    { id: 'acme', observe: true, keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] },
    { id: 'other', keys: [{ id: 'k2', hash: hashOf(OTHER_KEY) }] },
  ],
};

export interface Watched extends Crew {
  /** Asks as the tenant that is not observed. */
  askOther(prompt: string): Promise<Reply>;
  /** What is asked of the admin API; throws what it refuses. */
  got(path: string): Promise<Row>;
  did(path: string, body?: unknown): Promise<Row>;
  /** All bytes of all files, as they are and unsealed. */
  bytes(): Promise<{ readonly raw: string; readonly plain: string; readonly files: readonly string[] }>;
}

export type Row = Readonly<Record<string, unknown>>;

/** A router with three models, whose answers are kept. */
export async function watched(says: Says, routing: object = {}, more: object = {}): Promise<Watched> {
  const one = await crew(says, { plans: 'single', ...routing }, { ...OBSERVED, ...more });
  return over(one);
}

export function over(one: Crew): Watched {
  const { running } = one;
  const data_dir = running.router.manager.config.data_dir;
  const dir = join(data_dir, 'observations');
  const answered = ({ status, json }: Reply): Row => {
    if (status >= 400) throw new Error(JSON.stringify(json));
    return json as Row;
  };
  return Object.assign(one, {
    askOther: (prompt: string) =>
      call(`${running.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${OTHER_KEY}` },
        body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: prompt }] }),
      }),
    got: async (path: string) => answered(await running.admin('GET', path)),
    did: async (path: string, body?: unknown) => answered(await running.admin('POST', path, body)),
    async bytes() {
      const sealer = aesGcmSealer(Buffer.from(readFileSync(join(data_dir, 'seal.key'), 'utf8').trim(), 'hex'));
      const files = readdirSync(dir).sort();
      const raw = files.map((file) => readFileSync(join(dir, file), 'latin1')).join('');
      const contents = await Promise.all(files.map((file) => readSegment(join(dir, file), sealer)));
      return { raw, plain: JSON.stringify(contents.map((content) => content?.records)), files };
    },
  });
}

export function idOf({ headers }: Reply): string {
  return String(headers['x-atp-request-id']);
}

export function rowsOf(page: Row): readonly Row[] {
  return page['data'] as readonly Row[];
}
