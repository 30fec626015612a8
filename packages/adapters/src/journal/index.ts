export { NODE_DIGESTS } from './digests.ts';
export { filePath, type JournalFile, journalPath, listFiles, readBase } from './files.ts';
export { type JournalIo, NODE_IO } from './io.ts';
export { openJournal } from './journal.ts';
export { type DataDirLock, isAlive, type LockHolder, lockDataDir, readHolder } from './lock.ts';
export { type FileTail, fileTail, type ScanEnd, type ScanOptions, scanFile, scanToEnd } from './scan.ts';
export type { TornTail } from './segment.ts';
export type { BarrierCallback, Journal, JournalOptions, JournalStats, WrittenBlock } from './types.ts';
export { type JournalProblem, type VerifiedFile, type VerifyReport, verifyJournal } from './verify.ts';
