import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodeBlock,
  encodeFileHeader,
  firstChain,
  NO_CHAIN,
  RecordEncoder,
  type RouterEvent,
} from '@atp-router/ledger';
import { sampleStream } from '@atp-router/ledger/testing';
import { describe, expect, it } from 'vitest';
import {
  filePath,
  type Journal,
  listFiles,
  NODE_DIGESTS,
  openJournal,
  verifyJournal,
} from '../../src/journal/index.ts';
import { journalOptions, readEvents, readRecords, tempDirs } from './support/helpers.ts';

const tempDir = tempDirs();
const events = sampleStream(5, 300).map(({ event }) => event);

function barrier(journal: Journal): Promise<void> {
  return new Promise((resolve, reject) => {
    journal.barrier((error) => (error === undefined ? resolve() : reject(error)));
  });
}

describe('journal', () => {
  it('numbers its records, in files that only their owner reads', async () => {
    const dir = join(tempDir(), 'data', 'journal');
    const journal = openJournal(journalOptions(dir));
    expect(events.map((event) => journal.append(event))).toEqual(events.map((_, i) => i + 1));
    await journal.close();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(filePath(dir, 1)).mode & 0o777).toBe(0o600);
  });

  it('encodes blocks exactly as the ledger room defines them', async () => {
    const dir = tempDir();
    const journal = openJournal(journalOptions(dir, { clock: { now_ms: () => 7, mono_ms: () => 7 } }));
    const texts: string[] = [];
    const encoder = new RecordEncoder();
    for (const [i, event] of events.slice(0, 6).entries()) {
      texts.push(encoder.encode(event, i + 1, 7));
      journal.append(event);
      if (i % 2 === 1) journal.flushNow();
    }
    await journal.close();
    const header = encodeFileHeader({
      ...{ format: 1, node_id: 'n1', epoch: 1, prev_epoch: 0, prev_hash: NO_CHAIN, created_ms: 7 },
    });
    let file = header;
    let prev_chain = firstChain(Buffer.from(header.slice(0, -1)), NODE_DIGESTS);
    for (let i = 0; i < 6; i += 2) {
      const body = `${texts[i]}${texts[i + 1]}`;
      const block = { prev_chain, first_seq: i + 1, count: 2, body: Buffer.from(body) };
      const { line, chain } = encodeBlock(block, NODE_DIGESTS);
      file += line + body;
      prev_chain = chain;
    }
    expect(readFileSync(filePath(dir, 1), 'utf8')).toBe(file);
  });

  it('writes a block early when it is large, and reads it back', async () => {
    const dir = tempDir();
    const journal = openJournal(journalOptions(dir));
    const big: RouterEvent = {
      type: 'idempotency.stored',
      ...{ scope_hash: 's', body_hash: 'b', call_id: 'c', expires_ms: 1, sealed: '☃'.repeat(700_000) },
    };
    journal.append(big);
    expect(journal.stats().blocks_total).toBe(0);
    journal.append(big);
    expect(journal.stats()).toMatchObject({ blocks_total: 1, records_total: 2 });
    await journal.close();
    expect(readEvents(dir)).toEqual([big, big]);
  });

  it('takes the next epoch at each start and when a file is full, all linked', async () => {
    const dir = tempDir();
    for (let start = 0; start < 3; start += 1) {
      const journal = openJournal(journalOptions(dir, { segment_bytes: 20_000, fsync: 'always' }));
      for (const event of events.slice(0, 100)) {
        journal.append(event);
        await barrier(journal);
      }
      await journal.close();
    }
    const files = listFiles(dir);
    expect(files.map((file) => file.epoch)).toEqual(files.map((_, i) => i + 1));
    expect(files.length).toBeGreaterThan(6);
    expect(verifyJournal(dir)).toMatchObject({ ok: true, problems: [] });
    const again = events.slice(0, 100);
    expect(readEvents(dir)).toEqual([...again, ...again, ...again]);
    for (const list of readRecords(dir).values()) expect(list.map((r) => r.seq)).toEqual(list.map((_, i) => i + 1));
  });

  it('refuses a journal of another node', async () => {
    const dir = tempDir();
    await openJournal(journalOptions(dir)).close();
    expect(() => openJournal(journalOptions(dir, { node_id: 'n2' }))).toThrow(/belongs to node "n1"/);
  });
});

describe('torn tails and damage', () => {
  async function written(dir: string, blocks: number): Promise<string> {
    const journal = openJournal(journalOptions(dir));
    for (let i = 0; i < blocks; i += 1) {
      journal.append(events[i] ?? (events[0] as RouterEvent));
      journal.flushNow();
    }
    await journal.close();
    return filePath(dir, journal.epoch);
  }

  it('cuts off the remains of an unfinished write and says so', async () => {
    const dir = tempDir();
    const path = await written(dir, 5);
    const size = statSync(path).size;
    truncateSync(path, size - 10);
    const journal = openJournal(journalOptions(dir));
    expect(journal.torn).toMatchObject({ file: path, seq: 5 });
    expect(journal.torn?.offset).toBe(statSync(path).size);
    await journal.close();
    expect(readEvents(dir)).toEqual(events.slice(0, 4));
    expect(verifyJournal(dir).ok).toBe(true);
  });

  it('treats a last block with a wrong checksum as torn', async () => {
    const dir = tempDir();
    const path = await written(dir, 5);
    const bytes = readFileSync(path);
    bytes.fill(0, bytes.length - 20);
    writeFileSync(path, bytes);
    const report = verifyJournal(dir);
    expect(report.ok).toBe(true);
    expect(report.torn?.file).toBe(path);
    const journal = openJournal(journalOptions(dir));
    expect(journal.torn?.seq).toBe(5);
    await journal.close();
  });

  it('removes a file that never got its header', async () => {
    const dir = tempDir();
    await written(dir, 2);
    const path = filePath(dir, 2);
    writeFileSync(path, '{"format":1,"node');
    writeFileSync(`${filePath(dir, 3)}.tmp`, '');
    const journal = openJournal(journalOptions(dir));
    expect(journal.torn).toMatchObject({ file: path, offset: 0 });
    expect(journal.epoch).toBe(2);
    await journal.close();
    expect(verifyJournal(dir).ok).toBe(true);
  });

  it('refuses to start on damage inside the file, names it, and changes nothing', async () => {
    const dir = tempDir();
    const path = await written(dir, 9);
    const bytes = readFileSync(path);
    const at = bytes.indexOf('"seq":4');
    bytes[at + 6] = 57;
    writeFileSync(path, bytes);
    expect(() => openJournal(journalOptions(dir))).toThrow(/00000001\.atpj is damaged at byte \d+, record 4/);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(verifyJournal(dir)).toMatchObject({ ok: false, problems: [{ file: path, kind: 'crc', seq: 4 }] });
  });

  it('finds a file that was removed, replaced or edited with care', async () => {
    const dir = tempDir();
    const other = tempDir();
    for (let i = 0; i < 3; i += 1) await written(dir, 3);
    mkdirSync(other, { recursive: true });
    const files = listFiles(dir).map((file) => ({ ...file, contents: readFileSync(file.path) }));
    const lay = (chosen: typeof files): string => {
      const target = tempDir();
      for (const file of chosen) writeFileSync(filePath(target, file.epoch), file.contents);
      return target;
    };
    const [first, second, third] = files;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three files');
    expect(verifyJournal(lay(files)).ok).toBe(true);
    expect(verifyJournal(lay([first, third])).problems).toMatchObject([{ kind: 'file_header' }]);
    expect(verifyJournal(lay([second, third])).problems).toMatchObject([{ kind: 'file_header' }]);
    expect(verifyJournal(lay([first, { ...second, epoch: 3 }])).problems).toMatchObject([{ kind: 'file_header' }]);
    // A whole block cut from the end of an older file: each block left is valid, only the next header knows.
    const cut = second.contents.subarray(0, second.contents.lastIndexOf('\n#') + 1);
    expect(verifyJournal(lay([first, { ...second, contents: cut }, third])).problems).toMatchObject([
      { file: expect.stringContaining('00000003.atpj'), kind: 'file_header' },
    ]);
  });
});
