import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atp } from './support/terminal.ts';

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string };

describe('the command line', () => {
  test('version, as a command and as a flag', async () => {
    expect(await atp(['version'])).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' });
    expect(await atp(['--version'])).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' });
    const { out } = await atp(['version', '--json']);
    expect(JSON.parse(out)).toEqual({ version: manifest.version, node: process.version });
  });

  test('help is no error, and names every exit code', async () => {
    const { code, out, err } = await atp(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const word of ['serve', 'keys', 'providers', 'journal', '130 ended']) expect(out).toContain(word);
  });

  test.each<{ args: string[]; says: string }>([
    { args: ['frobnicate'], says: "unknown command 'frobnicate'" },
    { args: ['keys', 'creat'], says: 'Did you mean create?' },
    { args: ['serve', '--prot', '1'], says: 'Did you mean --port?' },
    { args: ['serve', '--port', '70000'], says: 'an integer from 0 to 65535' },
    { args: ['serve', '--port', '1e3'], says: 'an integer from 0 to 65535' },
    { args: ['usage', '--from', 'yesterday'], says: 'a day as YYYY-MM-DD' },
    { args: ['kill', 'on', 'planet', 'x', '--reason', 'y'], says: 'Allowed choices are key, model, provider, tenant' },
    { args: ['kill', 'on', 'model', 'x'], says: "required option '--reason <text>'" },
    { args: ['keys', 'create'], says: 'either --tenant <id> or --admin' },
    { args: ['keys', 'create', '--tenant', 'a', '--admin'], says: 'either --tenant <id> or --admin' },
    { args: ['tenants', 'get'], says: "missing required argument 'id'" },
    { args: ['estimate'], says: 'give a prompt' },
    { args: ['tenants', 'put', 'gone.yaml'], says: 'there is no file gone.yaml' },
    { args: ['journal', 'verify', 'gone'], says: 'does not exist' },
    { args: ['ask', ' ', '--key', 'k'], says: 'the prompt is empty' },
    ...[
      ['serve', '--data-dir', ''],
      ['serve', '--data-dir', ' '],
      ['status', '--data-dir', ''],
      ['keys', 'create', '--admin', '--offline', '--data-dir', ''],
      ['journal', 'verify', ''],
      ['journal', 'rebuild', ''],
    ].map((args) => ({ args, says: 'the name of a folder' })),
  ])('$args is wrong usage', async ({ args, says }) => {
    const { code, out, err } = await atp(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^atp: /);
    expect(err).toContain(says);
    expect(err).not.toMatch(/\n {4}at /);
  });

  test('without a command it shows the help and fails', async () => {
    const { code, out, err } = await atp([]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('Usage: atp');
  });
});
