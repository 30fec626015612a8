import { expect, test } from 'vitest';
import { aesGcmSealer } from '@atp-router/adapters';
import { answerKeeper } from '../../src/fanout/audit/keeper.ts';
import {
  KEPT_SESSION_CHARS,
  KEPT_TEXT_CHARS,
  KeptRoom,
  type KeptSession,
} from '../../src/fanout/audit/kept-session.ts';
import { unquoted } from '../../src/fanout/audit/words.ts';

const SESSION = { v: 1, error: 'the zebra is late' } as unknown as KeptSession;

test('texts are cut at their bound, and all of them together at theirs', () => {
  const room = new KeptRoom();
  expect(room.text('short')).toEqual({ text: 'short', chars: 5 });
  const long = 'x'.repeat(KEPT_TEXT_CHARS + 7);
  expect(room.text(long)).toEqual({ text: long.slice(0, KEPT_TEXT_CHARS), chars: long.length });
  let kept = 5 + KEPT_TEXT_CHARS;
  for (let i = 0; i < 20; i += 1) kept += room.text(long).text.length;
  expect(kept).toBe(KEPT_SESSION_CHARS);
  expect(room.text('more')).toEqual({ text: '', chars: 4 });
  expect(new KeptRoom().text(`${'x'.repeat(KEPT_TEXT_CHARS - 1)}🦓`).text).toHaveLength(KEPT_TEXT_CHARS - 1);
});

test('findings are kept whole or not at all', () => {
  const finding = { claim: 'x'.repeat(1_000) } as never;
  const few = Array.from({ length: 3 }, () => finding);
  expect(new KeptRoom().findings(few)).toBe(few);
  expect(new KeptRoom().findings(Array.from({ length: 80 }, () => finding))).toBeNull();
  expect(new KeptRoom().findings(undefined)).toBeNull();
});

test('what is sealed opens with its key alone, and nothing is sealed where nothing is to be kept', () => {
  const [mine, theirs] = [1, 2].map((n) => aesGcmSealer(new Uint8Array(32).fill(n)));
  if (mine === undefined || theirs === undefined) throw new Error('no keys');
  const sealed = answerKeeper(mine, () => true).seal(() => SESSION);
  expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('zebra');
  expect(answerKeeper(mine, () => true).open(sealed)).toEqual(SESSION);
  expect(answerKeeper(theirs, () => true).open(sealed)).toBeUndefined();
  expect(
    answerKeeper(mine, () => false).seal(() => {
      throw new Error('asked for');
    }),
  ).toBe('');
});

test('words of a strategy are in clear up to what they quote', () => {
  expect(
    unquoted(['2 of 3 votes', 'left out: the key is "42"', 'source "a" says so', 'a lone " hides the rest']),
  ).toEqual(['2 of 3 votes', 'left out: …', 'source  …', 'a lone  …']);
  expect(unquoted(Array.from({ length: 90 }, (_, i) => `${i} ${'x'.repeat(900)}`))).toHaveLength(24);
  expect(unquoted(['x'.repeat(900)])[0]).toHaveLength(400);
});
