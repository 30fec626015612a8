import { describe, expect, test } from 'vitest';
import { aliasTable, checkAnswer, type Document, DocumentIndex, readFindings } from '../../src/index.ts';
import { holds } from '../../src/session/triggers.ts';

const documents: readonly Document[] = [{ name: 'src/a.ts', text: 'one\ntwo\nthree\n' }];
const findings = (...lines: readonly number[]): string =>
  JSON.stringify({
    findings: lines.map((line) => ({
      ...{ type: 'bug', claim: 'x', severity: 'high', file: 'src/a.ts' },
      span: { start_line: line, end_line: line },
    })),
  });

/** Whether too few citations of a result hold, as the router reads and checks them. */
function isWeak(text: string, given: readonly Document[] = documents): boolean {
  const index = new DocumentIndex(given, aliasTable());
  const read = readFindings(text, { lane: 0, source: 's' }, aliasTable()).findings;
  const result = {
    ...{ text, findings: read, lane: 0, agreement: 1, confidence: 1 },
    ...{ uncertainties: [], why: [], shares: [] },
  };
  const to = { source: 'e', name: 'e', is_challenger: false } as never;
  return holds(
    { when: 'weak_citations', threshold: 0.5, to },
    { result, answers: [], documents: given, confidence: 1, citations: (said) => checkAnswer(said, index).good_share },
  );
}

describe('weak citations', () => {
  test('are those of findings, where there are any', () => {
    expect([isWeak(findings(2)), isWeak(findings(2, 90, 91)), isWeak(findings())]).toEqual([false, true, false]);
  });

  test('are those of the words else, and none at all', () => {
    expect([isWeak('See src/a.ts:2.'), isWeak('See src/a.ts:90.'), isWeak('Trust me.')]).toEqual([false, true, true]);
  });

  test('are none where there is nothing to cite', () => {
    expect([isWeak(findings(90), []), isWeak('Trust me.', [])]).toEqual([false, false]);
  });
});
