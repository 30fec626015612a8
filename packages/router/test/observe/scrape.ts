import { call, type Reply } from '../admin/http.ts';
import type { Running } from '../admin/harness.ts';

type Labels = Readonly<Record<string, string>>;

/** Metrics as a scraper on the same machine reads them. */
export class Scrape {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Names of the router's own metrics that have at least one sample; a histogram under its own name. */
  get names(): readonly string[] {
    const lines = this.text.split('\n').filter((line) => line.startsWith('atp_'));
    return [...new Set(lines.map((line) => line.replace(/[{ ].*/, '').replace(/_(bucket|sum|count)$/, '')))].sort();
  }

  /** Sum over all samples of a metric whose labels contain the given ones; undefined when there is none. */
  sum(name: string, labels: Labels = {}): number | undefined {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    const lines = this.text.split('\n').filter((line) => {
      const of = line.startsWith(`${name} `) || line.startsWith(`${name}{`);
      return of && wanted.every((pair) => line.includes(pair));
    });
    if (lines.length === 0) return undefined;
    return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }
}

export async function scrape({ url }: Running): Promise<Scrape> {
  const reply = await call(`${url}/metrics`);
  if (reply.status !== 200) throw new Error(`/metrics answered ${reply.status}: ${reply.text}`);
  return new Scrape(reply.text);
}

/** A chat request with headers of its own. */
export function chatWith({ url }: Running, key: string, headers: Labels, body: object = {}): Promise<Reply> {
  return call(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }], ...body }),
  });
}
