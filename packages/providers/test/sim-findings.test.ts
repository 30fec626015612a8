import type { JsonObject } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIM_PREFIX } from '../src/index.ts';
import { chat, jsonOf } from './sim.ts';

interface Found {
  readonly file: string;
  readonly span: { readonly start_line: number; readonly end_line: number };
  readonly claim: string;
  readonly severity: string;
  readonly evidence: readonly { readonly quote: string }[];
}

const FORM = 'Reply with JSON alone: {"findings":[{"type":"…"}]}';
const CODE = ['export function mean(values) {', '  let sum = 0;', '', '  return sum / values.length;', '}'];
const PROMPT = ['Review this.', '```text title="src/mean.js" first_line=40', ...CODE, '```', FORM].join('\n');

function said(prompt: string, system: string, quality: number): string {
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: prompt },
  ];
  const body: JsonObject = { model: 'x', messages };
  const { choices } = jsonOf(chat(body, { quality })) as unknown as {
    choices: readonly { message: { content: string } }[];
  };
  return choices[0]?.message.content ?? '';
}

function found(system: string, quality: number, prompt: string = PROMPT): readonly Found[] {
  const text = said(prompt, system, quality);
  expect(text.startsWith(SIM_PREFIX)).toBe(true);
  return (JSON.parse(text.slice(SIM_PREFIX.length)) as { findings: readonly Found[] }).findings;
}

const REVIEWERS = Array.from({ length: 12 }, (_, i) => `You are reviewer ${i}.`);

describe('findings, where a prompt wants some of what it gives to be read', () => {
  test('cite lines that are there, and say that they are made up', () => {
    for (const finding of REVIEWERS.flatMap((system) => found(system, 1))) {
      const line = CODE[finding.span.start_line - 40] ?? '';
      expect(finding).toMatchObject({ file: 'src/mean.js', evidence: [{ quote: line.trim() }] });
      expect(finding.evidence[0]?.quote).toMatch(/\w/);
      expect(finding.claim.startsWith(SIM_PREFIX)).toBe(true);
      expect(['high', 'medium', 'low']).toContain(finding.severity);
    }
  });

  test('cite what is not there where the answer is to be wrong', () => {
    for (const system of REVIEWERS) {
      const quote = found(system, 0).at(-1)?.evidence[0]?.quote ?? '';
      expect(quote.startsWith(SIM_PREFIX)).toBe(true);
    }
  });

  test('are some of them the same for all who are asked, and the same each time', () => {
    const all = REVIEWERS.map((system) => found(system, 1));
    const shared = all.flatMap((findings) => (findings.length === 2 ? [findings[0]] : []));
    expect(shared.length).toBeGreaterThan(2);
    expect(new Set(shared.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(REVIEWERS.map((system) => found(system, 1))).toEqual(all);
  });

  test('are none of a document without words, and none are given where none are wanted', () => {
    expect(found('', 1, `${FORM}\n\`\`\`text title="a"\n\n}\n\`\`\``)).toEqual([]);
    const quoted = PROMPT.replaceAll('\n', '\n| ');
    for (const prompt of [PROMPT.replace('"findings"', 'findings'), `${FORM}\nHello`, quoted]) {
      expect(said(prompt, '', 1)).not.toContain('{');
    }
  });

  test('of any prompt are JSON', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('```', '````x title="a"', '```title="b" first_line=9', FORM),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const text = said([FORM, '```title="z"', ...lines].join('\n'), '', 0.5);
        expect(Array.isArray((JSON.parse(text.slice(SIM_PREFIX.length)) as { findings: unknown }).findings)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
