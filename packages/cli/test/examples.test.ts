import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig } from '@atp-router/adapters';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../../examples');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** Every variable and file that an example names is there. */
const sources = {
  env: (name: string): string => `value-of-${name}`,
  file: (path: string): string => `content of ${path}`.replaceAll(' ', '-'),
};

describe('the examples', () => {
  test('are all listed in their README', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(files.length).toBeGreaterThanOrEqual(4);
    expect(files.filter((name) => !readme.includes(`(${name})`))).toEqual([]);
  });

  test.each(files)('%s is valid', (name) => {
    const result = checkConfig(readFileSync(join(folder, name), 'utf8'), sources);
    expect(result.ok ? [] : result.problems).toEqual([]);
  });

  test.each(files)('%s would not pass with a misspelt key', (name) => {
    const text = readFileSync(join(folder, name), 'utf8').replace('context:', 'contxt:');
    const result = checkConfig(text, sources);
    expect(result.ok ? [] : result.problems.map((problem) => problem.suggestion)).toContain('context');
  });
});
