import type { Candidate, GuardKind, Segment } from '@atp-router/routing';
import { adminPath } from '../commands/context.ts';
import type { Api } from '../online/api.ts';
import { isRow, type Row, rowsOf } from '../print/table.ts';

/** All closed files of a router, and what a dataset needs of their observations. */
export interface Collected {
  readonly segments: readonly Segment[];
  readonly candidates: readonly Candidate[];
}

/** Has the router close its files, so that what is there now does not change any more, and says which these are. */
export async function closedSegments(api: Api): Promise<readonly Segment[]> {
  await api.post(adminPath('observations', 'close'));
  const rows = rowsOf(await api.get(adminPath('observations', 'segments')));
  return rows
    .filter((row) => row['is_open'] !== true)
    .map((row) => ({ name: String(row['name']), sha256: String(row['sha256']) }));
}

export async function collect(api: Api, tenant: string | undefined): Promise<Collected> {
  const segments = await closedSegments(api);
  const rows = await api.list(adminPath('observations'), { words: 'true', closed: 'true', tenant });
  return { segments, candidates: rows.map(candidateOf) };
}

function candidateOf(row: Row): Candidate {
  const text = (name: string): string => String(row[name] ?? '');
  const score = row['score'];
  return {
    ...{ id: text('id'), at_ms: Number(row['at_ms']), model: text('model'), subject: text('topic') },
    ...{ prompt: text('prompt'), answer: text('answer'), prompt_hash: text('prompt_hash') },
    is_cut: row['is_cut'] === true,
    removed: isRow(row['removed']) ? (row['removed'] as Partial<Record<GuardKind, number>>) : {},
    score: typeof score === 'number' ? score : undefined,
  };
}
