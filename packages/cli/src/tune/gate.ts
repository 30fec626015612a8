import { gateLearned } from '@atp-router/flow/tune';
import { type Cli, show } from '../commands/context.ts';
import { EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import { loadText } from './load-file.ts';

export interface GateOptions {
  readonly json?: boolean;
}

interface Answer {
  readonly load: string;
  readonly ok: boolean;
  /** Points over PID. */
  readonly margin?: number;
  readonly reason?: string;
}

/** Asks of each load what a router asks at its start. */
export async function gateLoads(cli: Cli, files: readonly string[], options: GateOptions): Promise<void> {
  const answers: Answer[] = [];
  for (const file of files) {
    const verdict = gateLearned(await loadText(file, cli.terminal));
    answers.push(
      verdict.ok ? { load: file, ok: true, margin: verdict.margin } : { load: file, ok: false, reason: verdict.reason },
    );
  }
  show(cli, options, answers, () =>
    answers
      .map(({ load, ok, margin, reason }) => {
        const said = ok ? `the learned tuner may run: it beats PID by ${margin?.toFixed(3)}.` : printable(reason ?? '');
        return `${ok ? 'yes' : 'no '}  ${printable(load)}: ${said}\n`;
      })
      .join(''),
  );
  if (answers.some(({ ok }) => !ok)) cli.exit(EXIT.failed);
}
