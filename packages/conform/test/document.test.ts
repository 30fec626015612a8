import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SENTENCES } from '../src/index.ts';

const folder = join(import.meta.dirname, '../../../docs/protocol');
const numbered = ['atp.md', 'atp-sessions.md', 'atp-transports.md'].flatMap((name) =>
  [...readFileSync(join(folder, name), 'utf8').matchAll(/^\*\*([WST]\d+)\*\*/gm)].map((match) => match[1]),
);

test('the sentences that are judged are those of the documents', () => {
  expect(numbered.length).toBeGreaterThan(100);
  expect(SENTENCES.map(({ id }) => id)).toEqual(numbered);
});

test('a sentence of what is optional has its level', () => {
  const wrong = SENTENCES.filter(({ title, level }) => /CBOR|resum/i.test(title) && level !== 'L3');
  expect(wrong.filter(({ id }) => !['W40'].includes(id))).toEqual([]);
});
