import { isAtpError } from '@atp-router/kernel';
import { adminPath, type Cli, show } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Api, withKey } from '../online/api.ts';
import { adminKey, type OnlineOptions, routerUrl } from '../online/target.ts';
import { type Terminal, wantsColor } from '../terminal.ts';
import { type Flow, readFlow } from './flow.ts';
import { frame } from './frame.ts';
import { ASCII, type Glyphs, UNICODE } from './glyphs.ts';
import type { Sort } from './sorts.ts';
import { textOf } from './spans.ts';
import { answered, initialState, type TopState } from './state.ts';
import { type Clock, watch } from './watch.ts';

export interface TopOptions extends OnlineOptions {
  readonly once?: boolean;
  readonly interval: number;
  readonly sort: Sort;
  readonly tenant?: string;
  readonly ascii?: boolean;
}

/** A router that needs longer for one answer is as good as gone to whoever watches. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Shows the flow of a router: live on a terminal, else as one frame. */
export function runTop(cli: Cli, options: TopOptions, clock: Clock = processClock()): Promise<void> {
  const { terminal } = cli;
  const url = routerUrl(options, terminal);
  return withKey({ url, key: adminKey(options, terminal), timeout_ms: ANSWER_TIMEOUT_MS }, terminal, async (api) => {
    const answer = await api.get(FLOW_PATH);
    if (options.json === true) return show(cli, options, answer, () => '');
    const target = { url: api.url, interval_ms: options.interval, tenant: options.tenant };
    const flow = checked(answer, api.url, options.tenant);
    const state = answered(initialState(target, options.sort), flow, clock.mono_ms());
    const glyphs = glyphsFor(options, terminal);
    const { screen } = terminal;
    const ask = (): Promise<Flow> => asked(api, options.tenant);
    if (screen === undefined || options.once === true) return printOnce({ terminal, clock, ask, state, glyphs });
    return watch({ screen, clock, ask, state, glyphs, has_color: wantsColor(terminal, true) });
  });
}

const FLOW_PATH = adminPath('flow');

async function asked(api: Api, tenant: string | undefined): Promise<Flow> {
  try {
    return checked(await api.get(FLOW_PATH), api.url, tenant);
  } catch (error) {
    // What the client itself refuses, such as an answer that is too large, is no fault of this program.
    if (isAtpError(error)) throw new CliError(EXIT.failed, error.message, error);
    throw error;
  }
}

function checked(answer: unknown, url: string, tenant: string | undefined): Flow {
  const flow = readFlow(answer);
  if (flow === undefined) {
    const advice = 'Is it a router of this version? "atp status" says which one it is.';
    throw new CliError(EXIT.failed, `${url}${FLOW_PATH} answered something else than the flow of a router. ${advice}`);
  }
  const is_whole = flow.tenants.length >= flow.tenants_total;
  if (tenant !== undefined && is_whole && flow.tenants.every((one) => one.tenant !== tenant)) {
    throw new CliError(EXIT.failed, `no tenant has the id ${JSON.stringify(tenant)}. "atp tenants list" shows them.`);
  }
  return flow;
}

interface Once {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly ask: () => Promise<Flow>;
  readonly state: TopState;
  readonly glyphs: Glyphs;
}

/** Of a frame that no terminal shows. */
const PRINTED_COLUMNS = 120;

/** One frame with all rows. It takes two answers, an interval apart: rates are what lies between them. */
async function printOnce({ terminal, clock, ask, state, glyphs }: Once): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.after(state.target.interval_ms, resolve);
  });
  const after = answered(state, await ask(), clock.mono_ms());
  const columns = terminal.screen?.size().columns ?? PRINTED_COLUMNS;
  const lines = frame(after, { columns, rows: Infinity }, clock.mono_ms(), glyphs);
  terminal.out(lines.map((line) => `${textOf(line)}\n`).join(''));
}

/** A locale that is named and not of UTF-8 (POSIX, 8.2: LC_ALL, LC_CTYPE, LANG), and the console of Linux, have no blocks. */
function glyphsFor({ ascii }: TopOptions, { env }: Terminal): Glyphs {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  const has_blocks = env['TERM'] !== 'linux' && (locale === undefined || /utf-?8/i.test(locale));
  return ascii === true || !has_blocks ? ASCII : UNICODE;
}

function processClock(): Clock {
  return {
    mono_ms: () => performance.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
}
