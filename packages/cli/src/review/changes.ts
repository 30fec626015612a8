import { type FileChange, parseDiff } from './diff.ts';
import type { GitDiff } from './git.ts';

/** Files that git calls binary and that are looked at again; the rest are believed. */
const DOUBTED_MAX = 100;

/**
 * The files of a diff. An attribute of the repository makes any file binary to git, and would take it out of the review: one that
 * is text all the same is read as text.
 */
export async function changesOf(diff: GitDiff): Promise<readonly FileChange[]> {
  const changes = [...parseDiff(diff.text)];
  let doubted = 0;
  for (const [i, change] of changes.entries()) {
    if (change.kind !== 'binary' || doubted >= DOUBTED_MAX) continue;
    doubted += 1;
    const [read] = parseDiff((await diff.asText(change.path)) ?? '');
    if (read?.kind === 'text' && read.path === change.path && isText(read)) changes[i] = read;
  }
  return changes;
}

/** Neither a zero byte nor one that is no UTF-8. */
function isText({ lines }: FileChange): boolean {
  return lines.length > 0 && lines.every(({ text }) => !/[\0\ufffd]/.test(text));
}
