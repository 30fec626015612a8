import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { type Api, withKey } from '../online/api.ts';
import { checkedKey, routerUrl } from '../online/target.ts';
import { isRow, json, type Row } from '../print/table.ts';
import { printable, printableProse, shown, usd } from '../print/text.ts';
import type { Terminal } from '../terminal.ts';
import { type Cli, integer } from './context.ts';

interface AskOptions {
  readonly url?: string;
  readonly key?: string;
  readonly model: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly stream?: boolean;
  readonly json?: boolean;
}

const PATH = '/v1/chat/completions';
const TOKENS_MAX = 10_000_000;
/** A plain answer begins when it is complete; as long as the router itself waits for a provider. */
const ANSWER_TIMEOUT_MS = 300_000;

export function addAsk(program: Command, cli: Cli): void {
  program
    .command('ask [prompt]')
    .description('ask a model through a running router; without a prompt, or with -, it is read from standard input')
    .option('--url <url>', 'address of the router (ATP_URL, else http://127.0.0.1:7443)')
    .option('--key <key>', 'key of a tenant (ATP_API_KEY)')
    .option('--model <name>', 'model, agent, policy:<id> or auto', 'auto')
    .option('--system <text>', 'system prompt')
    .option('--max-tokens <n>', 'longest answer, in tokens', integer(1, TOKENS_MAX))
    .option('--stream', 'print the answer as it comes')
    .option('--json', 'the answer as JSON; with --stream one line for each event')
    .action((prompt: string | undefined, options: AskOptions) => ask(cli, prompt, options));
}

async function ask(cli: Cli, prompt: string | undefined, options: AskOptions): Promise<void> {
  const { terminal } = cli;
  const { ATP_API_KEY } = terminal.env;
  const found = options.key ?? (ATP_API_KEY === '' ? undefined : ATP_API_KEY);
  if (found === undefined) {
    throw new CliError(EXIT.denied, 'there is no key: give one of a tenant with --key or ATP_API_KEY.');
  }
  const key = checkedKey(found, options.key === undefined ? 'ATP_API_KEY' : '--key');
  const text = prompt === undefined || prompt === '-' ? await terminal.readStdin() : prompt;
  if (text.trim() === '') throw new CliError(EXIT.usage, 'the prompt is empty.');
  const body = requestBody(text, options);
  const target = { url: routerUrl(options, terminal), key, timeout_ms: ANSWER_TIMEOUT_MS };
  await withKey(target, terminal, (api) =>
    options.stream === true ? stream(terminal, api, body, options) : whole(terminal, api, body, options),
  );
}

function requestBody(prompt: string, { model, system, maxTokens, stream }: AskOptions): Row {
  return {
    model,
    messages: [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: prompt },
    ],
    ...(maxTokens === undefined ? {} : { max_completion_tokens: maxTokens }),
    ...(stream === true ? { stream: true } : {}),
  };
}

async function whole(terminal: Terminal, api: Api, body: Row, options: AskOptions): Promise<void> {
  const answer = await api.send({ method: 'POST', path: PATH, body });
  if (options.json === true) {
    terminal.out(json(answer.json));
    return;
  }
  const message = firstChoice(answer.json)?.['message'];
  terminal.out(`${contentOf(message)}\n`);
  footer(terminal, answer.header('x-atp-model'), Number(answer.header('x-atp-cost-usd-micros') ?? Number.NaN));
}

async function stream(terminal: Terminal, api: Api, body: Row, options: AskOptions): Promise<void> {
  const { events, header } = await api.stream({ method: 'POST', path: PATH, body });
  let cost: unknown;
  for await (const { data } of events) {
    if (data === '[DONE]' || terminal.out_closed) break;
    const chunk = parse(data);
    if (!isRow(chunk)) continue;
    if (isRow(chunk['error'])) throw new CliError(EXIT.failed, printable(String(chunk['error']['message'])));
    if (options.json === true) terminal.out(`${data}\n`);
    else terminal.out(contentOf(firstChoice(chunk)?.['delta']));
    if (isRow(chunk['atp'])) cost = chunk['atp']['cost_usd_micros'];
  }
  if (options.json === true) return;
  terminal.out('\n');
  footer(terminal, header('x-atp-model'), typeof cost === 'number' ? cost : Number.NaN);
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new CliError(EXIT.failed, 'the stream holds something that is not JSON. Is it a router?');
  }
}

function firstChoice(body: unknown): Row | undefined {
  const choices = isRow(body) ? body['choices'] : undefined;
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  return isRow(first) ? first : undefined;
}

/** The text of a message or delta; a refusal is text, too. */
function contentOf(message: unknown): string {
  if (!isRow(message)) return '';
  const text = message['content'] ?? message['refusal'];
  return typeof text === 'string' ? printableProse(text) : '';
}

/** Who answered, and for how much: for people only, so that the answer can be piped on. */
function footer(terminal: Terminal, model: string | undefined, cost_usd_micros: number): void {
  if (!terminal.err_is_tty) return;
  const cost = Number.isNaN(cost_usd_micros) ? '' : `, ${usd(cost_usd_micros)}`;
  terminal.err(`(${shown(model)}${cost})\n`);
}
