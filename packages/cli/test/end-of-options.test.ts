import type { Argument, Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../src/program.ts';
import { processTerminal } from '../src/terminal.ts';
import { startServer } from './support/http.ts';
import { atp } from './support/terminal.ts';

/** Everything that can be run, with the names by which it is reached. */
function leaves(command: Command, path: readonly string[] = []): readonly (readonly [readonly string[], Command])[] {
  const below = command.commands.filter((one) => one.name() !== 'help');
  return below.length === 0 ? [[path, command]] : below.flatMap((one) => leaves(one, [...path, one.name()]));
}

const terminal = processTerminal();
const program = (): Command => buildProgram({ terminal, exit: () => undefined });
const names = leaves(program()).map(([path]) => path.join(' '));

describe('behind --', () => {
  test.each(names)('%s takes arguments that begin with -', async (name) => {
    const root = program();
    const [, command] = leaves(root).find(([path]) => path.join(' ') === name) as [unknown, Command];
    let seen: readonly unknown[] = [];
    command.action((...all: readonly unknown[]) => {
      seen = all;
    });
    const wanted = command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long ?? '', 'x']);
    const given = command.registeredArguments.map(
      ({ argChoices }: Argument, i) => argChoices?.[0] ?? ['-s', '--json'][i] ?? '-',
    );
    await root.parseAsync([...name.split(' '), ...wanted, '--', ...given], { from: 'user' });
    // What may be named several times comes as a list.
    expect(seen.slice(0, given.length).flat()).toEqual(given);
  });

  test.each([
    [
      ['sessions', 'end', '--json', '--', '-acme', '--session'],
      ['sessions', 'end', '--', '-acme', '--session'],
    ],
    [['agents', 'check', '--', '-echo']],
    [['models', 'get', '--', '-m']],
    [['models', 'get', '--', '--']],
    [['estimate', '--', '--help']],
  ])('%j asks the router for it', async (...all) => {
    const asked: string[] = [];
    const url = await startServer((req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      req.on('end', () => {
        asked.push(`${req.method ?? ''} ${req.url ?? ''} ${body}`);
        res.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"data":[]}');
      });
    });
    for (const args of all) {
      const { err } = await atp(args, { env: { ATP_URL: url, ATP_ADMIN_KEY: 'k' } });
      const last = args.at(-1) as string;
      expect([err, asked.at(-1)]).toEqual(['', expect.stringContaining(last)]);
    }
    expect(asked.length).toBe(all.length);
  });

  test('is no command of its own', async () => {
    expect((await atp(['--', 'version'])).code).toBe(0);
    expect(await atp(['wire', 'diff', '--', '-one'])).toMatchObject({
      code: 2,
      err: expect.stringContaining("missing required argument 'second'"),
    });
  });
});
