import { readDocument } from '@atp-router/adapters';
import { expect, test } from 'vitest';

test('YAML and JSON become plain data, references stay', () => {
  expect(readDocument('id: x\nlist: [1, true, "${KEY}"]\nplain: ${KEY}\n')).toEqual({
    id: 'x',
    list: [1, true, '${KEY}'],
    plain: '${KEY}',
  });
  expect(readDocument('{"a":{"b":null}}')).toEqual({ a: { b: null } });
  expect(readDocument('a: &x { b: 1 }\nc: *x\n')).toEqual({ a: { b: 1 }, c: { b: 1 } });
});

test('a fault has a place, and quotes nothing', () => {
  expect(() => readDocument('id: x\nkey: "sk-secret\n')).toThrow(/^line 3, column 1: a quote/);
  expect(() => readDocument('id: x\nkey: "sk-secret\n')).not.toThrow(/sk-secret/);
  expect(() => readDocument('a: 1\na: 2\n')).toThrow(/line 2, column 1: a key stands twice/);
});
