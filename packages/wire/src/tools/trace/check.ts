import type { Digests } from '../../digests.ts';
import { hasFlag } from '../../frame.ts';
import type { FrameError, FrameFault } from '../../frame-error.ts';
import type { Trace, TraceRecord } from './format.ts';
import { judgeAcks } from './judge-acks.ts';
import { judgeForm } from './judge-form.ts';
import { judgeFragments, judgeOpen } from './judge-fragments.ts';
import { judgeGaps, judgeLanes } from './judge-lanes.ts';
import { judgeOpening } from './judge-opening.ts';
import { type Finding, type Judge, type SessionTrack, sessionTrack } from './tracks.ts';

/** What a trace shows. */
export interface TraceReport {
  readonly frames: number;
  readonly sessions: number;
  readonly findings: readonly Finding[];
}

/** More than anybody reads; the trace is at fault as a whole then. */
export const FINDINGS_MAX = 1_000;

/** In this order: what opens a session is known before what it says is judged. */
const JUDGES: readonly Judge[] = [judgeForm, judgeOpening, judgeLanes, judgeFragments, judgeAcks];

/**
 * Judges a trace, frame by frame, by those rules of the wire and of sessions that can be told without a live peer: whether
 * frames can be read, how they are numbered, whether acknowledgements fit and never fall, whether fragments add up, and who
 * may open what. Times are not judged. Findings are in the order of the file, those of its end last.
 */
export function checkTrace({ records }: Trace, digests: Digests): TraceReport {
  const sessions = new Map<string, SessionTrack>();
  const findings: Finding[] = [];
  for (const record of records) {
    if ('error' in record) findings.push(unreadable(record, record.error));
    else judge(record, sessions, findings, digests);
  }
  const last_line = records.at(-1)?.line ?? 1;
  const ends = [...sessions.values()].flatMap((session) => [...judgeGaps(session), ...judgeOpen(session, last_line)]);
  return { frames: records.length, sessions: sessions.size, findings: [...findings, ...ends].slice(0, FINDINGS_MAX) };
}

function judge(
  record: TraceRecord & { readonly frame: SessionTrackFrame },
  sessions: Map<string, SessionTrack>,
  findings: Finding[],
  digests: Digests,
): void {
  const { frame, entry, line } = record;
  const session = sessions.get(frame.session_id) ?? sessionTrack(frame.session_id, digests);
  sessions.set(frame.session_id, session);
  const { dir } = entry;
  const report = (rule: string, message: string, level: Finding['level'] = 'error'): void => {
    if (findings.length < FINDINGS_MAX) findings.push({ line, rule, level, message });
  };
  const sides = { sender: session[dir], receiver: session[dir === 'in' ? 'out' : 'in'] };
  const is_control = hasFlag(frame, 'CTRL');
  if (entry.fault !== undefined) report('W65', `recorded as ${entry.fault}, and read here without a fault`);
  for (const one of JUDGES) one({ record, frame, is_control, session, ...sides, digests, report });
}

type SessionTrackFrame = Extract<TraceRecord, { readonly frame: unknown }>['frame'];

/** Sentences by fault; of faults of members it depends on the member. */
const FAULT_RULES: Readonly<Partial<Record<FrameFault, string>>> = {
  too_large: 'W20',
  too_deep: 'W20',
  too_many_items: 'W20',
  truncated: 'W30',
  trailing: 'W38',
  utf8: 'W10',
  non_canonical: 'W30',
  duplicate_key: 'W33',
  unknown_key: 'W34',
  unsupported: 'W37',
  number: 'W9',
  bytes: 'W28',
  version: 'W5',
  missing: 'W2',
  type: 'W3',
  value: 'W3',
};

function unreadable({ line, entry }: TraceRecord, error: FrameError): Finding {
  const rule = FAULT_RULES[error.fault] ?? (entry.encoding === 'cbor' ? 'W30' : 'W25');
  const recorded = entry.fault !== undefined && entry.fault !== error.fault ? `, and recorded as ${entry.fault}` : '';
  return { line, rule, level: 'error', message: `${error.message}${recorded}` };
}
