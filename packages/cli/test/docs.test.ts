import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig } from '@atp-router/adapters';
import { EXIT } from '@atp-router/cli';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../src/program.ts';
import { processTerminal } from '../src/terminal.ts';

const root = join(import.meta.dirname, '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const manual = readFileSync(join(root, 'docs/operations/cli.md'), 'utf8');

/** `keys create`, `serve`, …: everything that can be run. */
function leaves(
  command: Command,
  path: readonly string[] = [],
): { readonly name: string; readonly command: Command }[] {
  const below = command.commands.filter((one) => one.name() !== 'help');
  if (below.length === 0) return [{ name: path.join(' '), command }];
  return below.flatMap((one) => leaves(one, [...path, one.name()]));
}

const program = buildProgram({ terminal: processTerminal(), exit: () => undefined });
const runnable = leaves(program);
const commands = runnable.map(({ name }) => name);

/** The words after `atp ` in code, as far as they can be a command. */
function named(text: string): string[] {
  return [...text.matchAll(/\batp ([a-z]+(?: [a-z]+)?)/g)].map((match) => match[1] ?? '');
}

/** Whether words begin with a command or a group of commands. */
function exists(words: string): boolean {
  const [first = '', second = ''] = words.split(' ');
  const group = commands.some((one) => one.startsWith(`${first} `));
  return (
    commands.includes(first) || commands.includes(`${first} ${second}`) || (group && second === '') || first === 'help'
  );
}

const code = (text: string): string => [...text.matchAll(/`[^`\n]+`|```[^`]*```/g)].map((match) => match[0]).join('\n');

describe('README and manual', () => {
  test('the manual has every command', () => {
    expect(commands.length).toBeGreaterThan(30);
    expect(commands.filter((command) => !manual.includes(`\`atp ${command}`))).toEqual([]);
  });

  test('every command takes --json, as both say', () => {
    expect(manual).toContain('`--json` works everywhere');
    expect(readme).toContain('Everything takes `--json`.');
    const without = runnable.filter(({ command }) => command.options.every(({ long }) => long !== '--json'));
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  test.each([
    ['README.md', readme],
    ['docs/operations/cli.md', manual],
  ])('%s names no command that does not exist', (_name, text) => {
    const words = named(code(text));
    expect(words.length).toBeGreaterThan(10);
    expect(words.filter((one) => !exists(one))).toEqual([]);
    expect(exists('frobnicate')).toBe(false);
    expect(exists('keys frobnicate')).toBe(false);
  });

  test('ids of calls look in the protocol as they are', () => {
    const folder = join(root, 'docs/protocol');
    const text = readdirSync(folder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    const ids = [...text.join().matchAll(/"request_id": ?"([^"]*)"|"id": ?"([^"]*)", ?"(?:model|text)"/g)];
    expect(ids.length).toBeGreaterThan(4);
    expect(ids.map(([, request, answer]) => request ?? answer).filter((id) => !id?.startsWith('call_'))).toEqual([]);
  });

  test('the manual has every exit code', () => {
    const documented = [...manual.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(documented).toEqual(Object.values(EXIT));
  });

  test('the configuration of the README is valid', () => {
    const yaml = /```yaml\n([^`]+)```/.exec(readme)?.[1] ?? '';
    const result = checkConfig(yaml, { env: () => 'sk-x', file: () => undefined });
    expect(result.ok ? [] : result.problems).toEqual([]);
  });

  test('the two lines of the README are scripts of the workspace', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(readme).toMatch(/^npm ci && npm start /m);
    expect(readme).toMatch(/^npm ci && npm test /m);
    expect(scripts['start']).toContain('packages/cli/src/main.ts serve');
    expect(scripts['atp']).toMatch(/packages\/cli\/src\/main\.ts$/);
  });
});
