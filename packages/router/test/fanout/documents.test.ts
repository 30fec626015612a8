import type { GenRequest } from '@atp-router/dialects';
import { describe, expect, test } from 'vitest';
import { documentsOf } from '../../src/fanout/documents.ts';

const asked = (text: string): GenRequest =>
  ({ system: [], messages: [{ role: 'user', parts: [{ type: 'text', text }] }] }) as unknown as GenRequest;

const block = (info: string, ...lines: readonly string[]): string => [`\`\`\`${info}`, ...lines, '```'].join('\n');

describe('documents of a task', () => {
  test('have any name in their title, without an ending too', () => {
    const text = [block('text title="Makefile"', 'all:'), block('text title="über uns/a b.md" first_line=1', 'x')].join(
      '\n',
    );
    expect(documentsOf(asked(text))).toEqual([
      { name: 'Makefile', text: 'all:' },
      { name: 'über uns/a b.md', text: 'x' },
    ]);
  });

  test('are put together from excerpts, with empty lines for what is not shown', () => {
    const text = [
      block('text title="a.ts" first_line=3', 'three', 'four'),
      block('text title="b.ts" first_line=1', 'other'),
      block('text title="a.ts" first_line=6', 'six'),
      block('text title="a.ts" first_line=4', 'four', 'five'),
    ].join('\n');
    expect(documentsOf(asked(text))).toEqual([
      { name: 'a.ts', text: '\n\nthree\nfour\nfive\nsix' },
      { name: 'b.ts', text: 'other' },
    ]);
  });

  test('of excerpts that begin far off are bounded as all are', () => {
    const far = Array.from({ length: 40 }, (_, i) => block(`text title="${i}.ts" first_line=99999`, 'x')).join('\n');
    const documents = documentsOf(asked(far));
    expect(documents).toHaveLength(2);
    expect(documents[0]?.text.split('\n')).toHaveLength(99_999);
    expect(documentsOf(asked(block('text title="a.ts" first_line=0', 'x')))).toEqual([{ name: 'a.ts', text: 'x' }]);
  });
});
