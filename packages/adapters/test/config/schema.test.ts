import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isMap, isScalar, type Node, parseDocument } from 'yaml';
import { futureKeys } from '../../src/config/future-keys.ts';
import { configJsonSchema, referenceRows } from '../../src/config/index.ts';
import { type SchemaNode, schemaTree } from '../../src/config/json-schema.ts';
import { DOCUMENT, withReference } from './reference.ts';
import { problems, valid } from './support.ts';

interface Property {
  readonly path: string;
  readonly node: SchemaNode;
}

function properties(node: SchemaNode, path = ''): Property[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [{ path: at, node: child }, ...properties(child, at)];
  });
  return node.items === undefined ? own : [...own, ...properties(node.items, `${path}[]`)];
}

const ALL = properties(schemaTree());

describe('the schema', () => {
  test('describes every key, and bounds every value', () => {
    expect(ALL.length).toBeGreaterThan(130);
    for (const { path, node } of ALL) {
      expect(node.description, path).toMatch(/^[A-Z0-9`].*\.$/s);
      if (node.type === 'integer' || node.type === 'number')
        expect([typeof node.minimum, typeof node.maximum], path).toEqual(['number', 'number']);
      if (node.type === 'array') expect(typeof node.maxItems, path).toBe('number');
      if (node.type === 'string' && node.enum === undefined) expect(node.maxLength ?? node.pattern, path).toBeDefined();
      if (node.type === 'object' && node.properties !== undefined) expect(node.additionalProperties, path).toBe(false);
    }
  });

  test('every duration, size and price carries its unit in its name', () => {
    for (const { path, node } of ALL) {
      if (/in milliseconds/.test(node.description ?? '')) expect(path).toMatch(/_ms(\.p\d\d)?$/);
      if (/in bytes/.test(node.description ?? '')) expect(path).toMatch(/_bytes$/);
      if (/US dollars/.test(node.description ?? '')) expect(path).toMatch(/usd/);
    }
  });

  test('for editors names its draft and uses no words of its own', () => {
    const schema = configJsonSchema();
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema['required']).toEqual(['providers']);
    const text = JSON.stringify(schema);
    expect(text).not.toMatch(/"(expected|restart)":/);
    expect(text).toContain('"writeOnly":true');
  });

  test('marks the secrets, and only those', () => {
    expect(ALL.filter(({ node }) => node.writeOnly === true).map(({ path }) => path)).toEqual([
      'listen.tls.key',
      'cluster.url',
      'providers[].api_key',
      'tenants[].keys[].hash',
      'tenants[].signing_keys[].secret',
      'admin.keys[].hash',
      'store.url',
      'store.seal_key',
      'sessions.store.url',
      'sessions.store.seal_key',
    ]);
  });

  test('has no key that is also refused as one of a later version', () => {
    const known = new Set(ALL.map(({ path }) => path));
    for (const { path, words } of futureKeys()) {
      const parent = ALL.find((entry) => entry.path === path || entry.path === path.replace(/\[\]$/, ''));
      expect(path === '' || parent !== undefined, path).toBe(true);
      for (const word of words) expect(known.has(path === '' ? word : `${path}.${word}`), word).toBe(false);
    }
  });
});

describe('the document', () => {
  // As with snapshots: written on request only, and then compared like always.
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(DOCUMENT, withReference(readFileSync(DOCUMENT, 'utf8')));
  const document = readFileSync(DOCUMENT, 'utf8');

  test('has the generated reference of this very schema', () => expect(withReference(document)).toBe(document));

  test('documents every key of the schema and no other', () => {
    const documented = [...document.matchAll(/^\| `([a-z][\w.[\]]*)` \|.*\|.*\|.*\|$/gm)].map((match) => match[1]);
    expect(documented).toEqual(ALL.map(({ path }) => path));
    expect(referenceRows().map((row) => row.path)).toEqual(documented);
  });

  test('has examples that pass the check', () => {
    const examples = [...document.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples)
      expect(problems(example, { OPENAI_API_KEY: 'k', KEY: 'k' }, { '/run/secrets/anthropic': 'k' }), example).toEqual(
        [],
      );
    valid(examples[0] ?? '', { OPENAI_API_KEY: 'k' });
  });
});

test('the position of a problem is that of the node', () => {
  const text = 'models:\n  - { id: a, provider: zebra, context: 1 }\nproviders: [{ id: up, type: sim }]\n';
  const [problem] = problems(text);
  const doc = parseDocument(text);
  const node = doc.getIn(['models', 0, 'provider'], true) as Node | undefined;
  expect(isMap(doc.contents) && isScalar(node)).toBe(true);
  expect(text.split('\n')[(problem?.line ?? 0) - 1]?.indexOf('zebra')).toBe((problem?.column ?? 0) - 1);
  expect(node?.range?.[0]).toBe(text.indexOf('zebra'));
});
