import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse, parseDocument, visit } from 'yaml';
import { configJsonSchema } from '../../src/config/index.ts';
import { append, insert, problems, SMALL, valid } from './support.ts';

const root = join(import.meta.dirname, '../../../..');
const full = readFileSync(join(import.meta.dirname, 'fixtures/full.yaml'), 'utf8');

// Strict: words that the draft does not know are errors, as in some editors.
const accepts = new Ajv2020({ strict: true, allErrors: true }).compile(configJsonSchema());

/** What an editor marks in a text. */
function marks(text: string): string[] {
  accepts(parse(text));
  return (accepts.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Every value of a file from the environment, which is the widest that the check accepts. */
function outsource(text: string): { readonly text: string; readonly env: Record<string, string> } {
  const env: Record<string, string> = {};
  const doc = parseDocument(text);
  visit(doc, {
    Scalar: (key, node) => {
      if (key === 'key' || String(node.value).includes('${')) return;
      const name = `V${Object.keys(env).length}`;
      env[name] = String(node.value);
      node.value = `\${${name}}`;
      node.type = 'QUOTE_DOUBLE';
    },
  });
  expect(Object.keys(env).length).toBeGreaterThan(100);
  return { text: doc.toString(), env };
}

describe('the schema for editors accepts what the check accepts', () => {
  test('in the file with every key', () => expect(marks(full)).toEqual([]));

  test('with every value from outside', () => {
    const { text, env } = outsource(full);
    const known = { OPENAI_KEY: 'sk-1', OTLP_TOKEN: 'token-1' };
    const files = { 'secrets/db': 'postgres://u:p@h/d\n' };
    expect(valid(text, { ...env, ...known }, files)).toEqual(valid(full, known, files));
    expect(marks(text)).toEqual([]);
  });

  const documents = ['README.md', 'docs/operations/configuration.md', 'docs/operations/shared-store.md'];
  test.each(documents)('in the examples of %s', (name) => {
    const examples = [...readFileSync(join(root, name), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map((m) => m[1] ?? '');
    expect(examples.length).toBeGreaterThan(0);
    // Some show a section only.
    const missing = " must have required property 'providers'";
    for (const text of examples) expect(marks(text).filter((mark) => mark !== missing)).toEqual([]);
  });

  const folder = join(root, 'examples');
  test.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))('in the example %s', (name) =>
    expect(marks(readFileSync(join(folder, name), 'utf8'))).toEqual([]),
  );

  test.each([
    ['a whole', 'listen: { port: "${PORT}" }'],
    ['a part', 'listen: { port: "7${PART}" }'],
    ['the content of a file', 'listen: { port: "${file:run/port}" }'],
  ])('as %s', (_what, line) => {
    expect(problems(append(line), { PORT: '7000', PART: '000' }, { 'run/port': '7000\n' })).toEqual([]);
    expect(marks(append(line))).toEqual([]);
  });
});

describe('and still marks', () => {
  test.each([
    ['text for a number', append('listen: { port: many }')],
    ['an escaped reference', append('listen: { port: "$${PORT}" }')],
    ['a reference to nothing', append('listen: { port: "${}" }')],
    ['a reference that does not end', append('listen: { port: "${PORT" }')],
    ['a number that is too large', append('listen: { port: 70000 }')],
    ['a number in quotes', append('listen: { port: "7000" }')],
    ['a word that is none of the list', append('journal: { fsync: sometimes }')],
    ['a wrong form', append('node_id: "not a name"')],
    ['an unknown key', append('listen: { prot: 1 }')],
    ['a wrong word in a list', insert(8, '    capabilities: [chat, singing]')],
    ['a missing key', SMALL.filter((line) => !line.includes('type:')).join('\n')],
  ])('%s', (_what, text) => {
    expect(problems(text, { PORT: '7000' })).not.toEqual([]);
    expect(marks(text)).not.toEqual([]);
  });
});
