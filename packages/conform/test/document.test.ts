import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SENTENCES } from '../src/index.ts';

const folder = join(import.meta.dirname, '../../../docs/protocol');
const numbered = ['atp.md', 'atp-sessions.md', 'atp-transports.md', 'atp-agents.md'].flatMap((name) =>
  [...readFileSync(join(folder, name), 'utf8').matchAll(/^\*\*([WSTA]\d+)\*\*/gm)].map((match) => match[1]),
);

test('the sentences that are judged are those of the documents', () => {
  expect(numbered.length).toBeGreaterThan(100);
  expect(SENTENCES.map(({ id }) => id).toSorted()).toEqual(numbered.toSorted());
});

test('what is optional has its level', () => {
  expect(
    SENTENCES.filter(({ title, level }) => /CBOR|resume/i.test(title) && level !== 'L3').map(({ id }) => id),
  ).toEqual([
    // The canonical form is CBOR, also for whoever speaks JSON only.
    'W40',
  ]);
});

test('few sentences are not judged, each for a reason', () => {
  const hidden = SENTENCES.filter((one) => 'not_observable' in one);
  expect(hidden.length).toBeLessThan(SENTENCES.length / 7);
  for (const one of hidden) expect('not_observable' in one && one.not_observable).toMatch(/^[A-Z].{20,}\.$/);
});

/** `WRITE_DOCS=1 npx vitest run packages/conform/test/document.test.ts` writes the table. */
test('docs/protocol/atp-conformance.md has every sentence', () => {
  const file = join(folder, 'atp-conformance.md');
  const document = readFileSync(file, 'utf8');
  const rows = SENTENCES.map((one) => {
    const judged = 'judge' in one ? 'yes' : `no: ${one.not_observable}`;
    return `| ${one.id} | ${one.level} | ${one.title.replaceAll('|', '\\|')} | ${judged} |`;
  });
  const table = ['| sentence | level | what | judged |', '|---|---|---|---|', ...rows].join('\n');
  const due = document.replace(/(## Sentences\n\n)[\s\S]*$/, `$1${table}\n`);
  if (process.env['WRITE_DOCS'] !== undefined) writeFileSync(file, due);
  else expect(document).toBe(due);
});
