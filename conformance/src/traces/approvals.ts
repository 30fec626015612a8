import { createHash } from 'node:crypto';

/** One line of `conformance/traces/APPROVALS.md`. */
export interface Approval {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** From the root of the repository. */
  readonly path: string;
  /** First 16 hex digits of the SHA-256 of the file, or `removed`. */
  readonly digest: string;
  readonly reason: string;
}

export const REMOVED = 'removed';
const REASON_CHARS_MIN = 8;
const REASON_CHARS_MAX = 300;

export const APPROVALS_HEAD = `# Approvals

Why each golden file is as it is. The last line of a file counts: its digest has to be that of the file, so that nobody changes
one by hand, or unseen. Lines are added by \`npm run traces -w conformance -- --approve "<reason>"\`, and never changed.

| day | file | sha256 | reason |
|---|---|---|---|
`;

/** What a file is known by. Of text, so that line ends of a checkout do not matter. */
export function digestOf(text: string | undefined): string {
  if (text === undefined) return REMOVED;
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex').slice(0, 16);
}

/** The approvals in a document, in its order. */
export function readApprovals(document: string): readonly Approval[] {
  return document.split('\n').flatMap((line) => {
    const found = /^\| (\d{4}-\d\d-\d\d) \| `([^`]+)` \| ([0-9a-f]{16}|removed) \| (.+) \|$/.exec(line);
    if (found === null) return [];
    const [, day = '', path = '', digest = '', reason = ''] = found;
    return [{ day, path, digest, reason }];
  });
}

/** What was approved last, by file. */
export function lastApprovals(document: string): ReadonlyMap<string, Approval> {
  return new Map(readApprovals(document).map((approval) => [approval.path, approval]));
}

/** Why a reason is none; nothing when it is one. */
export function reasonFault(reason: string): string | undefined {
  const length = reason.trim().length;
  if (length < REASON_CHARS_MIN) return `a reason has at least ${REASON_CHARS_MIN} characters`;
  if (length > REASON_CHARS_MAX) return `a reason has at most ${REASON_CHARS_MAX} characters`;
  return /[\n\r|]/.test(reason) ? 'a reason is one line without |' : undefined;
}

export function withApprovals(document: string, approvals: readonly Approval[]): string {
  const lines = approvals.map(({ day, path, digest, reason }) => `| ${day} | \`${path}\` | ${digest} | ${reason} |\n`);
  return `${document === '' ? APPROVALS_HEAD : document}${lines.join('')}`;
}
