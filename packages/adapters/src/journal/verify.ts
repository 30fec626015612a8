import {
  type FileEnd,
  type JournalFault,
  type JournalRecord,
  linkFault,
  NO_CHAIN,
  parseRecords,
} from '@atp-router/ledger';
import { onFiles } from '../system-error.ts';
import { type JournalFile, listFiles, noJournal, readBase } from './files.ts';
import { fileTail, type ScanEnd, scanToEnd } from './scan.ts';

export interface VerifiedFile {
  readonly file: string;
  readonly epoch: number;
  readonly bytes: number;
  readonly blocks: number;
  readonly records: number;
  /** Chain hash at the end: write it down elsewhere, and nobody can rewrite the file unseen. */
  readonly chain: string;
}

export interface JournalProblem extends JournalFault {
  readonly file: string;
}

export interface VerifyReport {
  /** No problem; a torn tail is none, the next start cuts it off. */
  readonly ok: boolean;
  readonly files: readonly VerifiedFile[];
  readonly problems: readonly JournalProblem[];
  /** An unfinished write at the end of the newest file: of a crash, or of a router that is writing right now. */
  readonly torn?: { readonly file: string; readonly offset: number; readonly bytes: number };
  readonly calls_opened: number;
  readonly calls_ended: number;
}

/** Reads every block of every file of a journal directory and checks checksums, chain, links and numbering. Writes nothing. Throws when there is no journal. */
export function verifyJournal(dir: string): VerifyReport {
  return onFiles('The journal', dir, () => verify(dir));
}

function verify(dir: string): VerifyReport {
  const base = readBase(dir);
  const all = listFiles(dir);
  if (all.length === 0 && base === undefined) throw noJournal(dir);
  const report = { files: [] as VerifiedFile[], problems: [] as JournalProblem[], opened: 0, ended: 0 };
  let before: FileEnd | undefined = { epoch: base?.epoch ?? 0, chain: base?.chain ?? NO_CHAIN };
  let node_id = base?.node_id;
  let torn: VerifyReport['torn'];
  for (const file of all) {
    if (base !== undefined && file.epoch <= base.epoch) continue;
    const count = { blocks: 0, records: 0 };
    const problem = (fault: JournalFault): number => report.problems.push({ ...fault, file: file.path });
    const end = scanToEnd(file.path, (block) => {
      const { records, fault } = parseRecords(block);
      if (fault !== undefined) problem(fault);
      count.blocks += 1;
      count.records += records.length;
      report.opened += countType(records, 'call.opened');
      report.ended += countType(records, 'call.ended');
    });
    node_id ??= end.header?.node_id;
    const link = checkHeader(file, end, node_id, before);
    if (link !== undefined) problem(link);
    const tail = fileTail(file.path, file.bytes, end);
    const last = file === all.at(-1);
    if (tail.kind === 'torn' && last) torn = { file: file.path, offset: tail.offset, bytes: tail.bytes };
    else if (tail.kind === 'torn') problem({ kind: 'incomplete', ...at(end), reason: 'the file is cut short' });
    else if (tail.kind === 'damaged') problem(tail.fault);
    report.files.push({ file: file.path, epoch: file.epoch, bytes: file.bytes, ...count, chain: end.point.chain });
    before = tail.kind === 'clean' ? { epoch: file.epoch, chain: end.point.chain } : undefined;
  }
  const { files, problems, opened: calls_opened, ended: calls_ended } = report;
  return { ok: problems.length === 0, files, problems, ...(torn && { torn }), calls_opened, calls_ended };
}

function countType(records: readonly JournalRecord[], type: JournalRecord['type']): number {
  return records.reduce((sum, record) => sum + (record.type === type ? 1 : 0), 0);
}

function at(end: ScanEnd): { readonly offset: number; readonly seq: number } {
  return { offset: end.point.offset, seq: end.point.seq + 1 };
}

function checkHeader(
  file: JournalFile,
  { header }: ScanEnd,
  node_id: string | undefined,
  before: FileEnd | undefined,
): JournalFault | undefined {
  // Without a header, and behind a damaged file, there is nothing to compare: that damage is reported already.
  if (header === undefined || node_id === undefined) return undefined;
  const expected = before ?? { epoch: header.prev_epoch, chain: header.prev_hash };
  const reason =
    header.epoch === file.epoch
      ? linkFault(header, node_id, expected)
      : `the header says epoch ${header.epoch}, the name says ${file.epoch}`;
  return reason === undefined ? undefined : { kind: 'file_header', offset: 0, seq: 1, reason };
}
