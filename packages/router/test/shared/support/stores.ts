import { PGlite } from '@electric-sql/pglite';
import {
  memoryBudgetStore,
  memoryIdempotencyStore,
  memoryLeaseStore,
  migrate,
  openPostgres,
  type SqlDriver,
  sqlBudgetStore,
  sqlIdempotencyStore,
  sqlLeaseStore,
} from '@atp-router/adapters/sql';
import { findPostgres, pgliteDriver, PostgresServer } from '@atp-router/adapters/testing';
import type { Clock } from '@atp-router/kernel';
import type { SharedStores } from '../../../src/shared/shared-state.ts';

/** A kind of store that routers can share. */
export interface Backend {
  readonly name: string;
  /** Its server is not installed here. */
  readonly absent: boolean;
  /** An empty store; each call of the result is one router's own way to it. */
  open(clock: Clock): Promise<() => Promise<SharedStores>>;
  close(): Promise<void>;
}

function overSql(driver: SqlDriver, clock: Clock): SharedStores {
  return {
    budgets: sqlBudgetStore(driver, clock),
    claims: sqlIdempotencyStore(driver, clock),
    leases: sqlLeaseStore(driver, clock),
    close: () => driver.close(),
  };
}

const memory: Backend = {
  name: 'memory',
  absent: false,
  async open(clock) {
    const stores: SharedStores = {
      budgets: memoryBudgetStore(clock),
      claims: memoryIdempotencyStore(clock),
      leases: memoryLeaseStore(clock),
      close: async () => undefined,
    };
    return async () => stores;
  },
  close: async () => undefined,
};

function pglite(): Backend {
  let started: Promise<PGlite> | undefined;
  let schemas = 0;
  return {
    name: 'PGlite',
    absent: false,
    async open(clock) {
      started ??= PGlite.create();
      const db = await started;
      schemas += 1;
      await db.exec(`CREATE SCHEMA s${schemas}; SET search_path TO s${schemas}`);
      const driver = pgliteDriver(db);
      await migrate(driver);
      return async () => overSql(driver, clock);
    },
    async close() {
      await (await started)?.close();
    },
  };
}

function postgres(): Backend {
  let server: Promise<PostgresServer> | undefined;
  const opened: SqlDriver[] = [];
  return {
    name: 'PostgreSQL',
    absent: findPostgres() === undefined,
    async open(clock) {
      server ??= PostgresServer.start();
      const url = (await server).createDatabase();
      return async () => {
        const driver = openPostgres(url, { connections: 4 });
        opened.push(driver);
        await migrate(driver);
        return overSql(driver, clock);
      };
    },
    async close() {
      await Promise.all(opened.map((driver) => driver.close()));
      await (await server)?.stop();
    },
  };
}

export function backends(): Backend[] {
  // PostgreSQL itself, or where there is none its code in this process.
  const server = postgres();
  return [memory, server.absent ? pglite() : server];
}
