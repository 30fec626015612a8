import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vectorFiles } from '../src/wire/vectors.ts';

const root = join(import.meta.dirname, '../..');

describe('files made from packages/wire', () => {
  it.each(vectorFiles())('$path is up to date', ({ path, text }) => {
    expect(readFileSync(join(root, path), 'utf8'), 'npm run vectors -w conformance').toBe(text);
  });
});
