import { STRATEGIES, STRATEGY_KINDS, TRIGGER_KINDS, TRIGGERS } from '@atp-router/consensus';
import { describe, expect, test } from 'vitest';
import { fileText, quoted, rowsOf, section } from '../observe/document.ts';

const CONSENSUS = 'docs/operations/consensus.md';

/** What a row says in its first cell, and in its second, of the table whose head begins with this. */
function described(part: string, head: string): string[][] {
  const rows = rowsOf(part);
  const at = rows.findIndex(([first]) => first === head);
  if (at === -1) throw new Error(`there is no table of ${head}`);
  return rows.slice(at + 1).map(([first = '', second = '']) => [...quoted(first), second.trim()]);
}

describe('what is documented of fan-outs', () => {
  test('is every strategy', () => {
    const rows = described(section(fileText(CONSENSUS), '## How a result comes about'), '`consensus.strategy`');
    expect(rows.map(([kind]) => kind).sort()).toEqual([...STRATEGY_KINDS].sort());
  });

  test('is whether the order of arrival changes what a strategy comes to', () => {
    const part = section(fileText(CONSENSUS), '## How a result comes about');
    const said = quoted(part.slice(part.indexOf('The order in which'), part.indexOf('Where a session ends early')));
    expect(said.sort()).toEqual([...STRATEGY_KINDS].sort());
  });

  test('is every trigger, and what its threshold is held against', () => {
    const rows = described(section(fileText(CONSENSUS), '## Escalation'), '`when`');
    expect(rows).toEqual(TRIGGER_KINDS.map((kind) => [kind, TRIGGERS[kind].below ?? 'none']));
  });

  test('is which strategies compare texts', () => {
    const part = section(fileText('docs/operations/embeddings.md'), '## What is embedded');
    const said = quoted(part.slice(part.indexOf('them:'), part.indexOf('and `adaptive`')));
    expect(said.sort()).toEqual(STRATEGY_KINDS.filter((kind) => STRATEGIES[kind].compares !== 'nothing').sort());
  });

  test('is among which `adaptive` cannot choose', () => {
    const [row = ''] = /^\| `consensus\.among` .*$/m.exec(fileText('docs/operations/policies.md')) ?? [];
    const said = quoted(row.slice(row.indexOf('(not')));
    const not = STRATEGY_KINDS.filter((kind) => kind !== 'adaptive' && !STRATEGIES[kind].decides_alone);
    expect(said.sort()).toEqual(not.sort());
  });
});
