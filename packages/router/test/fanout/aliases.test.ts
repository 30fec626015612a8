import { expect, test } from 'vitest';
import { consensusOf, panel } from './scripted.ts';

const POLICY = {
  id: 'panel',
  fanout: { mode: 'diverse', agents: ['a', 'b'] },
  consensus: { strategy: 'union' },
};

/** The same fault in words so different that only its type, its severity and its line say that it is one. */
function findingOf(type: string, severity: string, file: string, claim: string): string {
  return JSON.stringify({ findings: [{ type, severity, file, span: { start_line: 3, end_line: 3 }, claim }] });
}

async function found(more: object): Promise<readonly unknown[]> {
  const running = await panel([POLICY], { ...more });
  const reply = running.chat({ model: 'policy:panel' });
  await running.answerAll({
    a: findingOf('Betragsfehler', 'schwer', '/repo/src/pay.ts', 'pay accepts a negative amount of money'),
    b: findingOf('amount', 'high', 'src/pay.ts', 'a negative amount of money passes'),
  });
  const { json } = await reply;
  const findings = consensusOf(json)['findings'] as readonly Record<string, unknown>[];
  return findings.map(({ type, severity, file, provenance }) => ({
    ...{ type, severity, file },
    from: (provenance as readonly { source: string }[]).map(({ source }) => source),
  }));
}

test('names that an operator has for types, severities and files make one finding of two', async () => {
  const aliases = {
    types: { amount: ['betragsfehler'] },
    severities: { high: ['schwer'] },
    files: { 'src/': ['/repo/src/'] },
  };
  expect(await found({ consensus: { aliases } })).toEqual([
    { type: 'amount', severity: 'high', file: 'src/pay.ts', from: ['a', 'b'] },
  ]);
  expect(await found({})).toHaveLength(2);
});
