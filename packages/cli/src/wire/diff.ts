import type { Frame } from '@atp-router/wire';
import {
  type Difference,
  diffFrames,
  diffTraces,
  isTrace,
  readTrace,
  type Trace,
  TraceError,
} from '@atp-router/wire/tools';
import type { Cli } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { count, printable } from '../print/text.ts';
import { readBytes } from '../read-file.ts';
import { type Form, givenFrames, readableFrames, safeJson } from './input.ts';

export interface DiffOptions {
  readonly json?: boolean;
  readonly form: Form;
}

type Side = { readonly name: string } & ({ readonly trace: Trace } | { readonly frames: readonly Frame[] });

/** Prints what differs in meaning; 1 when anything does. */
export async function diff(cli: Cli, left: string, right: string, options: DiffOptions): Promise<void> {
  if (left === '-' && right === '-') throw new CliError(EXIT.usage, 'only one of the two can be standard input.');
  const [before, after] = [await sideOf(cli, left, options.form), await sideOf(cli, right, options.form)];
  if ('trace' in before && 'trace' in after) {
    const differences = diffTraces(before.trace, after.trace);
    print(cli, options, differences, () => differences.map(traceText).join(''));
  } else if ('frames' in before && 'frames' in after) {
    const differences = frameDifferences(before.frames, after.frames);
    print(cli, options, differences, () => differences.map(framesText).join(''));
  } else {
    throw new CliError(EXIT.usage, `${left} and ${right} are a trace and a frame; compare two of a kind.`);
  }
}

function print(cli: Cli, options: DiffOptions, differences: readonly object[], text: () => string): void {
  const equal = differences.length === 0;
  if (options.json === true) cli.terminal.out(`${safeJson({ equal, differences }, 2)}\n`);
  else cli.terminal.out(equal ? 'No difference in meaning.\n' : text());
  if (!equal) cli.exit(EXIT.failed);
}

async function sideOf(cli: Cli, file: string, form: Form): Promise<Side> {
  const name = file === '-' ? 'the input' : file;
  const bytes = await readBytes(file, cli.terminal);
  const text = form === 'auto' ? new TextDecoder().decode(bytes.subarray(0, 256)) : '';
  if (isTrace(text)) return { name, trace: traceOf(bytes, name) };
  return { name, frames: readableFrames(givenFrames(bytes, form, name), name) };
}

/** A trace that a user named. */
export function traceOf(bytes: Uint8Array, name: string): Trace {
  try {
    return readTrace(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof TraceError)
      throw new CliError(EXIT.usage, `${name} is no trace: ${printable(error.message)}.`);
    throw error;
  }
}

type FramesDifference = { readonly frame: number } & (
  | { readonly differences: readonly Difference[] }
  | { readonly only: 'left' | 'right' }
);

function frameDifferences(left: readonly Frame[], right: readonly Frame[]): readonly FramesDifference[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i): readonly FramesDifference[] => {
    const [before, after] = [left[i], right[i]];
    if (before === undefined) return [{ frame: i + 1, only: 'right' }];
    if (after === undefined) return [{ frame: i + 1, only: 'left' }];
    const differences = diffFrames(before, after);
    return differences.length === 0 ? [] : [{ frame: i + 1, differences }];
  }).flat();
}

function framesText(one: FramesDifference): string {
  if ('only' in one) return `frame ${one.frame}: only in the ${one.only === 'left' ? 'first' : 'second'}\n`;
  return `frame ${one.frame}: ${count(one.differences.length, 'difference')}\n${differencesText(one.differences)}`;
}

function traceText(one: ReturnType<typeof diffTraces>[number]): string {
  const what = printable(one.what);
  switch (one.type) {
    case 'only_left':
      return `line ${one.line}: only in the first: ${what}\n`;
    case 'only_right':
      return `line ${one.line}: only in the second: ${what}\n`;
    case 'order':
      return `line ${one.left_line} and ${one.right_line}: another order from here: ${what}\n`;
    case 'bytes':
      return `line ${one.left_line} and ${one.right_line}: other bytes: ${what}\n`;
    case 'frame':
      return `line ${one.left_line} and ${one.right_line}: ${what}\n${differencesText(one.differences)}`;
  }
}

/** Values are shown up to this length; `--json` has them whole. */
const SHOWN_MAX = 200;

function differencesText(differences: readonly Difference[]): string {
  return differences
    .map(({ path, left, right }) => {
      const before = left === undefined ? '' : `    - ${valueText(left)}\n`;
      const after = right === undefined ? '' : `    + ${valueText(right)}\n`;
      return `  ${printable(path)}\n${before}${after}`;
    })
    .join('');
}

function valueText(value: unknown): string {
  const text = safeJson(value);
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}
