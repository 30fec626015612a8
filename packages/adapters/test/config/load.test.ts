import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAtpError } from '@atp-router/kernel';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig, readTextFile, requireConfig } from '../../src/config/index.ts';
import { append, replace, SMALL } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'atp-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('loading', () => {
  test('reads secrets beside the file and the environment', () => {
    mkdirSync(join(folder, 'secrets'), { recursive: true });
    write('secrets/key', 'sk-file\n');
    const file = write('atp.yaml', `${replace(4, '    api_key: ${file:secrets/key}')}\nnode_id: \${NODE}`);
    const result = loadConfig(file, { NODE: 'n1' });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.config.providers[0]?.api_key).toBe('sk-file');
    expect(result.config.node_id).toBe('n1');
    expect(result.config.data_dir).toBe(join(folder, '.atp'));
  });

  test('takes nothing from the prototype of the environment', () => {
    const file = write('proto.yaml', replace(4, '    api_key: ${toString}'));
    expect(loadConfig(file, {})).toMatchObject({
      ok: false,
      problems: [{ line: 4, message: 'environment variable toString is not set' }],
    });
  });

  test('a secret that is too large is not read', () => {
    write('big', 'x'.repeat(65_537));
    const file = write('bigsecret.yaml', replace(4, '    api_key: ${file:big}'));
    expect(loadConfig(file, {})).toMatchObject({ ok: false, problems: [{ line: 4, path: 'providers[0].api_key' }] });
  });

  test.each([
    ['a missing file', (): string => join(folder, 'none.yaml'), /no such file/],
    ['a folder', (): string => folder, /not a regular file/],
    ['a device', (): string => '/dev/zero', /not a regular file/],
    ['bytes that are no text', (): string => write('bytes.yaml', Uint8Array.of(0x61, 0xff, 0xfe)), /not UTF-8/],
    ['a file that is too large', (): string => write('large.yaml', '#'.repeat(4_194_305)), /larger than 4194304 bytes/],
  ])('reports %s', (_what, path, reason) => {
    const result = loadConfig(path(), {});
    expect(result).toMatchObject({ ok: false, problems: [{ line: 1, column: 1, path: '' }] });
    expect(result.ok ? '' : result.problems[0]?.message).toMatch(reason);
  });

  test('reads up to the limit exactly, also through a link', () => {
    const path = write('exact', 'x'.repeat(100));
    symlinkSync(path, join(folder, 'link'));
    expect(readTextFile(join(folder, 'link'), 100)).toEqual({ ok: true, text: 'x'.repeat(100) });
    expect(readTextFile(path, 99)).toMatchObject({ ok: false });
  });
});

describe('requiring', () => {
  test('gives the configuration', () =>
    expect(requireConfig(loadConfig(write('good.yaml', SMALL.join('\n')), {})).models).toHaveLength(1));

  test('or an error of the catalogue with the first place', () => {
    const file = write('bad.yaml', append('tenant: []', 'agent: []'));
    const thrown = catching(() => requireConfig(loadConfig(file, {})));
    expect(isAtpError(thrown) && thrown.code).toBe('config_invalid');
    expect(thrown).toMatchObject({ param: 'tenant', details: { file, problems: 2 } });
    expect(String(thrown)).toContain(`${file}:10:1: unknown key "tenant" (and 1 more)`);
  });
});

function catching(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
