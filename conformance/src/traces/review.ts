import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Approval, digestOf, lastApprovals, reasonFault, withApprovals } from './approvals.ts';
import { approvedText, type Golden, goldens } from './golden.ts';

export const APPROVALS = 'conformance/traces/APPROVALS.md';

/** A golden file that is not as it was approved. */
export interface Unapproved {
  readonly golden: Golden;
  /** What is different, a line each. */
  readonly lines: readonly string[];
}

/** What stands between the tree and its approvals; nothing when all is as approved. */
export function review(root: string, all: readonly Golden[] = goldens(root)): readonly Unapproved[] {
  const approvals = lastApprovals(approvedText(root, APPROVALS) ?? '');
  return all.flatMap((golden) => {
    const there = approvedText(root, golden.path);
    const lines = [
      ...(there === golden.text ? [] : changed(golden, there)),
      ...(approvals.get(golden.path)?.digest === digestOf(there) ? [] : ['the file is not the one that was approved']),
    ];
    return lines.length === 0 ? [] : [{ golden, lines }];
  });
}

function changed(golden: Golden, there: string | undefined): readonly string[] {
  if (there === undefined) return ['new'];
  try {
    const lines = golden.differences(there);
    return lines.length === 0 ? ['the same, written otherwise'] : lines;
  } catch (error) {
    return [`what is there cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Writes every file as it is now, and why. Throws when the reason is none. */
export function approve(
  root: string,
  reason: string,
  day: string,
  all: readonly Golden[] = goldens(root),
): readonly Unapproved[] {
  const fault = reasonFault(reason);
  if (fault !== undefined) throw new RangeError(fault);
  const found = review(root, all);
  const approvals = found.map(({ golden, lines }): Approval => {
    write(root, golden);
    const breaks = lines.some((line) => line.startsWith('BREAKING')) ? 'BREAKING: ' : '';
    return { day, path: golden.path, digest: digestOf(golden.text), reason: `${breaks}${reason.trim()}` };
  });
  if (found.length === 0) return found;
  const text = withApprovals(approvedText(root, APPROVALS) ?? '', approvals);
  mkdirSync(dirname(join(root, APPROVALS)), { recursive: true });
  writeFileSync(join(root, APPROVALS), text);
  return found;
}

function write(root: string, { path, text }: Golden): void {
  const file = join(root, path);
  if (text === undefined) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** For people. */
export function reviewText(found: readonly Unapproved[]): string {
  return found.map(({ golden, lines }) => `${golden.path}\n${lines.map((line) => `  ${line}\n`).join('')}`).join('');
}
