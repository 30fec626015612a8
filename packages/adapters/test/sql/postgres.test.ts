import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres, type SqlDriver, type SqlQueries } from '../../src/sql/index.ts';
import { findPostgres, PostgresServer } from '../../src/testing/index.ts';

let server: PostgresServer;

async function open(options: {
  connections: number;
  timeout_ms?: number;
}): Promise<{ driver: SqlDriver; url: string }> {
  const url = server.createDatabase();
  const driver = openPostgres(url, options);
  onTestFinished(() => driver.close());
  await driver.query('CREATE TABLE t (n BIGINT PRIMARY KEY)');
  return { driver, url };
}

async function pidOf(queries: SqlQueries): Promise<number> {
  const [row] = await queries.query('SELECT pg_backend_pid() AS pid');
  return Number(row?.['pid']);
}

function kill(pid: number): void {
  expect(server.query('postgres', `SELECT pg_terminate_backend(${pid}, 5000)`)).toBe('t');
}

async function rows(driver: SqlDriver): Promise<number[]> {
  return (await driver.query('SELECT n FROM t ORDER BY n')).map((row) => Number(row['n']));
}

describe.skipIf(findPostgres() === undefined)('connections to PostgreSQL', () => {
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('that die inside a transaction take all of it with them, and are replaced', async () => {
    const { driver } = await open({ connections: 1 });
    const broken = driver.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)');
      kill(await pidOf(tx));
      // On a connection that came back by itself this would be kept, although the transaction failed.
      await tx.query('INSERT INTO t VALUES (2)');
    });
    await expect(broken).rejects.toThrow();
    expect(await rows(driver)).toEqual([]);
  });

  it('that die while work goes on after a failed statement do not let it pass', async () => {
    const { driver } = await open({ connections: 1 });
    const broken = driver.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)');
      const pid = await pidOf(tx);
      const asleep = tx.query('SELECT pg_sleep(60)');
      const sleeps = `SELECT COUNT(*) FROM pg_stat_activity WHERE pid = ${pid} AND wait_event = 'PgSleep'`;
      while (server.query('postgres', sleeps) !== '1') await new Promise((resolve) => setImmediate(resolve));
      kill(pid);
      await asleep.catch(() => undefined);
      await tx.query('INSERT INTO t VALUES (2)').catch(() => undefined);
    });
    await expect(broken).rejects.toThrow();
    expect(await rows(driver)).toEqual([]);
  });

  it('that die idle are not noticed', async () => {
    const { driver } = await open({ connections: 2 });
    const pids = await Promise.all([1, 2].map(() => driver.transaction(pidOf)));
    for (const pid of new Set(pids)) kill(pid);
    for (;;) {
      // The news of the end may be on its way when the first statement goes out.
      const written = await driver.query('INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING').catch(() => undefined);
      if (written !== undefined) break;
    }
    expect(await rows(driver)).toEqual([1]);
  });

  it('do not commit a transaction in which a statement failed, even if the work ignores it', async () => {
    const { driver } = await open({ connections: 1 });
    const ignoring = driver.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)');
      await tx.query('INSERT INTO t VALUES (1)').catch(() => undefined);
    });
    await expect(ignoring).rejects.toThrow(/rolled back/);
    const failing = driver.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (2)');
      await tx.query('INSERT INTO nowhere VALUES (1)');
    });
    await expect(failing).rejects.toMatchObject({ code: '42P01' });
    expect(await rows(driver)).toEqual([]);
  });

  it('serve more work than there are of them, in turn', async () => {
    const { driver } = await open({ connections: 2 });
    const used = new Set<number>();
    const work = async (n: number): Promise<void> => {
      await driver.transaction(async (tx) => {
        used.add(await pidOf(tx));
        await tx.query('INSERT INTO t VALUES ($1)', [n]);
      });
    };
    await Promise.all(Array.from({ length: 30 }, (_, n) => work(n)));
    expect(await rows(driver)).toHaveLength(30);
    expect(used.size).toBe(2);
  });

  it('give up a statement that takes too long, and go on with the next', async () => {
    const { driver } = await open({ connections: 1, timeout_ms: 200 });
    // 57014: canceled by the server's own limit.
    await expect(driver.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
    expect(await rows(driver)).toEqual([]);
  });

  it('finish what runs before they are closed, and refuse what waits', async () => {
    const { driver, url } = await open({ connections: 1 });
    const running = driver.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)');
      void driver.close();
      await tx.query('INSERT INTO t VALUES (2)');
    });
    const waiting = driver.query('INSERT INTO t VALUES (3)');
    await expect(waiting).rejects.toMatchObject({ code: 'draining' });
    await running;
    await expect(driver.query('SELECT 1')).rejects.toMatchObject({ code: 'draining' });
    const other = openPostgres(url, { connections: 1 });
    expect(await rows(other)).toEqual([1, 2]);
    await other.close();
  });

  it('come back with their server', async () => {
    const { driver } = await open({ connections: 3 });
    onTestFinished(() => server.resume());
    await server.halt();
    await expect(driver.query('SELECT 1')).rejects.toThrow();
    await expect(driver.transaction((tx) => tx.query('SELECT 1'))).rejects.toThrow();
    await server.resume();
    expect(await rows(driver)).toEqual([]);
  });
});
