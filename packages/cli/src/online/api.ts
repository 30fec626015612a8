import type {
  AdminAnswer,
  AdminClient,
  AdminRequest,
  AdminStream,
  AdminUnreachable,
} from '@atp-router/adapters/client';
import { CliError, EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import { isRow, type Row, rowsOf } from '../print/table.ts';
import { commandName, type Terminal } from '../terminal.ts';
import { adminKey, type OnlineOptions, routerUrl } from './target.ts';

type Query = NonNullable<AdminRequest['query']>;

/** The longest page that the admin API gives. */
const PAGE_ROWS = '1000';

/** A running router, asked through its HTTP interface. Every refusal is thrown as a `CliError` that says what to do. */
export class Api {
  readonly url: string;
  readonly #client: AdminClient;
  readonly #terminal: Terminal;

  constructor(client: AdminClient, url: string, terminal: Terminal) {
    this.#client = client;
    this.#terminal = terminal;
    this.url = url;
  }

  get(path: string, query: Query = {}): Promise<unknown> {
    return this.#json({ method: 'GET', path, query });
  }

  /** All rows of a paged list. */
  async list(path: string, query: Query = {}): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.get(path, { ...query, limit: PAGE_ROWS, cursor });
      rows.push(...rowsOf(page));
      const next = isRow(page) ? page['next_cursor'] : undefined;
      // A cursor that does not move would never end.
      if (typeof next !== 'string' || next === cursor) return rows;
      cursor = next;
    }
  }

  post(path: string, body?: unknown): Promise<unknown> {
    return this.#json({ method: 'POST', path, ...(body === undefined ? {} : { body }) });
  }

  put(path: string, body: unknown): Promise<unknown> {
    return this.#json({ method: 'PUT', path, body });
  }

  delete(path: string): Promise<unknown> {
    return this.#json({ method: 'DELETE', path });
  }

  async send(what: AdminRequest): Promise<AdminAnswer> {
    return this.#checked(await this.#client.send(what));
  }

  async stream(what: AdminRequest): Promise<AdminStream> {
    const result = await this.#client.stream(what);
    if (result.kind === 'stream') return result;
    const answer = this.#checked(result);
    throw new CliError(EXIT.failed, `${this.url}${what.path} answered ${answer.status} without a stream of events.`);
  }

  async #json(what: AdminRequest): Promise<unknown> {
    const answer = await this.send(what);
    if (answer.json !== undefined || answer.text === '') return answer.json;
    throw new CliError(EXIT.failed, `${this.url}${what.path} answered something that is not JSON. Is it a router?`);
  }

  #checked(result: AdminAnswer | AdminUnreachable): AdminAnswer {
    if (result.kind === 'unreachable') {
      const start = `Start one with "${commandName(this.#terminal)} serve", or say where it is with --url or ATP_URL.`;
      throw new CliError(EXIT.unreachable, `no router answers at ${this.url} (${result.code}). ${start}`);
    }
    if (result.status < 400) return result;
    const message = errorMessage(result) ?? `${this.url} answered with status ${result.status}.`;
    if (result.status === 401 || result.status === 403) throw new CliError(EXIT.denied, message);
    throw new CliError(EXIT.failed, message);
  }
}

/** The message of an error in any of the shapes that the router speaks. */
function errorMessage({ json }: AdminAnswer): string | undefined {
  const error = isRow(json) && isRow(json['error']) ? json['error'] : undefined;
  const message = error?.['message'];
  return typeof message === 'string' ? printable(message) : undefined;
}

/** Runs a command against the admin API. */
export function withAdmin<T>(options: OnlineOptions, terminal: Terminal, run: (api: Api) => Promise<T>): Promise<T> {
  return withKey({ url: routerUrl(options, terminal), key: adminKey(options, terminal) }, terminal, run);
}

/** Runs a command against a router with a key of the user's. */
export async function withKey<T>(
  target: { readonly url: string; readonly key: string; readonly timeout_ms?: number },
  terminal: Terminal,
  run: (api: Api) => Promise<T>,
): Promise<T> {
  const { AdminClient } = await import('@atp-router/adapters/client');
  const client = new AdminClient(target);
  try {
    return await run(new Api(client, target.url.replace(/\/+$/, ''), terminal));
  } finally {
    await client.close();
  }
}
