import { describe, expect, test } from 'vitest';
import { startServer } from './support/http.ts';
import { atp, type Outcome } from './support/terminal.ts';

const ROWS = [{ tenant: 'acme' }, { tenant: 'acme' }];

async function asked(args: readonly string[], answer: object): Promise<Outcome> {
  const url = await startServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return atp(args, { env: { ATP_URL: url, ATP_ADMIN_KEY: 'k' } });
}

describe('a list that the router has cut', () => {
  test.each([
    [['sessions', 'list'], { total: 1234, truncated: true }, 'cut: these are 2 of 1234; --tenant shows'],
    [['agents', 'list'], { total: 1234, truncated: true }, 'cut: these are 2 of 1234\n'],
    [['usage'], { truncated: true }, 'cut: these are 2; --to shows'],
  ])('%j says so', async (args, more, says) => {
    const { code, out } = await asked(args, { data: ROWS, ...more });
    expect(code).toBe(0);
    expect(out.split('\n').at(-2)).toMatch(/^cut: /);
    expect(out).toContain(says);
    const whole = await asked(args, { data: ROWS, total: 2, truncated: false });
    expect(whole.out).not.toContain('cut');
    const { out: as_json } = await asked([...args, '--json'], { data: ROWS, ...more });
    expect(JSON.parse(as_json)).toEqual({ data: ROWS, ...more });
  });
});
