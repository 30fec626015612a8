import { onTestFinished, expect, test, describe } from 'vitest';
import { EXIT } from '../../src/exit.ts';
import { runTop } from '../../src/top/run-top.ts';
import { UNICODE } from '../../src/top/glyphs.ts';
import { watch } from '../../src/top/watch.ts';
import { startServer } from '../support/http.ts';
import { fakeTerminal } from '../support/terminal.ts';
import { FakeClock, FakeTty } from './fake-tty.ts';
import { busy, flowJson, type Json, stateOf, tenantJson, tierJson } from './flows.ts';

// The interactive shell with a keyboard and a display of streams, and a clock that the tests move.

type Answer = Json | number | 'gone';

interface Watching {
  readonly tty: FakeTty;
  readonly clock: FakeClock;
  readonly over: Promise<void>;
  /** What the router answers from now on. */
  answer(next: Answer): void;
}

async function start(first: Answer, more: { columns?: number; env?: Record<string, string> } = {}): Promise<Watching> {
  let current = first;
  const url = await startServer((req, res) => {
    if (current === 'gone') return void req.socket.destroy();
    const [status, body] = typeof current === 'number' ? [current, errorBody(current)] : [200, current];
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const tty = new FakeTty(more.columns ?? 100, 30);
  const clock = new FakeClock();
  const { terminal } = fakeTerminal({ screen: tty.screen, env: more.env ?? {} });
  const options = { url, adminKey: 'k', interval: 1_000, sort: 'waiting' } as const;
  const over = runTop({ terminal, exit: () => undefined }, options, clock);
  over.catch(() => undefined);
  onTestFinished(() => {
    tty.press('q');
  });
  await Promise.race([over.catch(() => undefined), tty.sees(/atp top/)]);
  return {
    ...{ tty, clock, over },
    answer: (next) => {
      current = next;
    },
  };
}

const errorBody = (status: number): Json => ({ error: { message: `Refused with ${status}. Do something.` } });

const granted = (granted_total: number, more: Json = {}): Json =>
  flowJson({ tiers: [tierJson('gold', { granted_total })], tenants: [tenantJson('acme')], ...more });

function expectRestored({ tty, clock }: Watching): void {
  expect({ raw: tty.is_raw, alternate: tty.is_alternate, cursor: tty.is_cursor_shown }).toEqual({
    ...{ raw: false, alternate: false, cursor: true },
  });
  expect(tty.written.endsWith('\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l')).toBe(true);
  expect(tty.listeners()).toBe(0);
  expect(clock.waiting).toBe(0);
}

describe('the screen', () => {
  test('takes the terminal, follows keys and size, and gives it back', async () => {
    const watching = await start(granted(0));
    const { tty, over } = watching;
    expect({ raw: tty.is_raw, alternate: tty.is_alternate, cursor: tty.is_cursor_shown }).toEqual({
      ...{ raw: true, alternate: true, cursor: false },
    });
    expect(tty.text()).toMatch(/ACCOUNT[\s\S]*\nTENANT[\s\S]*\nacme /);
    tty.press('2');
    await tty.sees(/view: accounts/);
    expect(tty.text()).not.toContain('acme');
    tty.press('?');
    await tty.sees(/PgUp/);
    tty.press('\x1b[Z');
    await tty.sees(/view: all/);
    tty.press('s');
    await tty.sees(/sort: calls/);
    tty.resize(40, 12);
    await tty.sees(/^q quit/m);
    expect(tty.text().split('\n')).toHaveLength(12);
    expect(
      Math.max(
        ...tty
          .text()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(40);
    tty.press('q');
    await over;
    expectRestored(watching);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('is given back on %s', async (signal) => {
    const watching = await start(granted(0));
    watching.tty.system.emit(signal);
    await watching.over;
    expectRestored(watching);
  });

  test('is given back on Ctrl-C, and when the terminal is gone', async () => {
    const watching = await start(granted(0));
    watching.tty.press('\x03');
    await watching.over;
    expectRestored(watching);
    const other = await start(granted(0));
    other.tty.hangUp();
    await other.over;
    expectRestored(other);
  });

  test('is given back when the process ends without a word', async () => {
    const { tty } = await start(granted(0));
    tty.system.emit('exit');
    expect(tty.is_alternate).toBe(false);
  });

  test('is given back after a fault of the program, which is thrown', async () => {
    const tty = new FakeTty(80, 24);
    const clock = new FakeClock();
    const ask = (): Promise<never> => Promise.reject(new TypeError('planted fault'));
    const over = watch({
      ...{ screen: tty.screen, clock, ask, state: stateOf(busy(0)), glyphs: UNICODE },
      has_color: true,
    });
    over.catch(() => undefined);
    await tty.sees(/atp top/);
    clock.pass(1_000);
    await expect(over).rejects.toThrow('planted fault');
    expectRestored({ tty, clock, over, answer: () => undefined });
  });

  test('is given back while the process is stopped, and taken again when it goes on', async () => {
    const { tty } = await start(granted(0));
    tty.press('\x1a');
    await tty.until(() => tty.killed.length > 0);
    expect(tty.killed).toEqual([[0, 'SIGTSTP']]);
    expect({ raw: tty.is_raw, alternate: tty.is_alternate }).toEqual({ raw: false, alternate: false });
    tty.system.emit('SIGCONT');
    expect({ raw: tty.is_raw, alternate: tty.is_alternate }).toEqual({ raw: true, alternate: true });
    await tty.sees(/atp top/);
  });

  test('has no colours with NO_COLOR', async () => {
    expect((await start(granted(0))).tty.written).toContain('\x1b[2m');
    expect((await start(granted(0), { env: { NO_COLOR: '1' } })).tty.written).not.toMatch(/\[\d+(;\d+)?m/);
  });

  test('has no blocks where the locale has none', async () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is ASCII
    expect((await start(granted(0), { env: { LC_ALL: 'C' } })).tty.written).toMatch(/^[\x00-\x7f]*$/);
  });
});

describe('the router', () => {
  test('is asked again after each interval', async () => {
    const { tty, clock, answer } = await start(granted(10));
    await tty.sees(/grants -\/s/);
    answer(granted(40, { uptime_s: 11_001 }));
    clock.pass(1_000);
    await tty.sees(/grants 30\.0\/s/);
  });

  test('that is gone is told of with what to do, and found again', async () => {
    const { tty, clock, answer } = await start(granted(10));
    answer('gone');
    clock.pass(1_000);
    await tty.sees(/asking again in 1s[\s\S]*no router answers at http:[\s\S]*Start one with "atp serve"/);
    expect(tty.text()).toContain('acme');
    clock.pass(1_000);
    await tty.sees(/asking again in 2s/);
    clock.pass(1_000);
    await tty.sees(/asking again in 1s/);
    answer(401);
    clock.pass(1_000);
    await tty.sees(/Refused with 401\. Do something\./);
    answer({ nothing: 'of this' });
    clock.pass(4_000);
    await tty.sees(/answered something else than the flow of a router/);
    answer(granted(5, { uptime_s: 1 }));
    clock.pass(8_000);
    await tty.sees(/^atp top {2}node-1/);
    expect(tty.text()).toContain('grants -/s');
    expect(tty.text()).not.toContain('!');
  });

  test.each([
    ['gone', EXIT.unreachable],
    [401, EXIT.denied],
    [403, EXIT.denied],
    [404, EXIT.failed],
  ] as const)('that is %s at first ends it with the usual code, and the screen is never taken', async (first, code) => {
    const { tty, over } = await start(first);
    await expect(over).rejects.toMatchObject({ exit_code: code });
    expect(tty.written).toBe('');
  });
});
