import type { Config, UpstreamTransport } from '@atp-router/adapters';
import { AccountLedger } from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import { expect, it } from 'vitest';
import { Changes } from '../../src/admin/changes.ts';
import { GenerationManager, type OverlayChange } from '../../src/generation/manager.ts';
import { EventBus } from '../../src/observe/event-bus.ts';
import { configOf, NO_SOURCES } from './harness.ts';
import { SlowJournal } from './slow-journal.ts';

const SILENT: UpstreamTransport = {
  send: () => ({ cancel() {}, pause() {}, resume() {} }),
  close: async () => undefined,
};

interface Bench {
  readonly journal: SlowJournal;
  readonly manager: GenerationManager;
  readonly changes: Changes;
  readonly base: Config;
}

function bench(): Bench {
  const journal = new SlowJournal();
  const bus = new EventBus(journal);
  const base = configOf('./unused');
  const parts = { log: bus, accounts: new AccountLedger(), sources: NO_SOURCES, transportOf: () => SILENT };
  const manager = new GenerationManager(base, [], parts);
  const ledger = { journal } as never;
  return { journal, manager, changes: new Changes({ manager, bus, ledger }), base };
}

const tenant = (id: string, value: object = {}): OverlayChange => ({
  op: 'put',
  entity: { kind: 'tenant', id, value: { id, ...value } },
});

const tenants = (manager: GenerationManager): string[] => [...manager.generation.tenants.keys()];

it('is in force only when it is written', async () => {
  const { journal, manager, changes } = bench();
  const done = changes.alone(() => changes.apply([tenant('beta')], 'root'));
  await journal.awaited();
  expect(tenants(manager)).toEqual(['acme']);
  expect(journal.events).toEqual([
    { type: 'entity.put', kind: 'tenant', id: 'beta', value: { id: 'beta' }, by: 'root' },
  ]);
  await journal.end();
  await done;
  expect(tenants(manager)).toEqual(['acme', 'beta']);
});

it('is not journaled when it would not be valid', async () => {
  const { journal, manager, changes } = bench();
  const done = changes.alone(() => changes.apply([tenant('beta', { at_limit: 'explode' })], 'root'));
  await expect(done).rejects.toMatchObject({ code: 'invalid_request', param: 'tenants.beta.at_limit' });
  expect([journal.events, tenants(manager)]).toEqual([[], ['acme']]);
});

it('is taken back when it cannot be written', async () => {
  const { journal, manager, changes } = bench();
  const made = changes.alone(() => changes.apply([tenant('beta')], 'root'));
  await journal.end();
  await made;
  const steps: OverlayChange[] = [{ op: 'remove', kind: 'tenant', id: 'beta' }, tenant('gamma')];
  const failed = expect(changes.alone(() => changes.apply(steps, 'root'))).rejects.toThrow('the disk is full');
  await journal.end(new AtpError('internal_error', 'the disk is full'));
  await journal.end(new AtpError('internal_error', 'the disk is full'));
  await failed;
  expect(tenants(manager)).toEqual(['acme', 'beta']);
  expect(journal.events.filter((event) => event.type.startsWith('entity.')).slice(1)).toEqual([
    { type: 'entity.deleted', kind: 'tenant', id: 'beta', by: 'root' },
    { type: 'entity.put', kind: 'tenant', id: 'gamma', value: { id: 'gamma' }, by: 'root' },
    { type: 'entity.put', kind: 'tenant', id: 'beta', value: { id: 'beta' }, by: 'root' },
    { type: 'entity.deleted', kind: 'tenant', id: 'gamma', by: 'root' },
  ]);
  journal.failure = undefined;
  const next = changes.alone(() => changes.apply([tenant('delta')], 'root'));
  await journal.end();
  await next;
  expect(tenants(manager)).toEqual(['acme', 'beta', 'delta']);
});

it('holds while a file is reloaded in the middle of it', async () => {
  const { journal, manager, changes } = bench();
  const model = { id: 'mine', provider: 'sim', context: 1_000 };
  const change: OverlayChange = { op: 'put', entity: { kind: 'model', id: 'mine', value: model } };
  const done = changes.alone(() => changes.apply([change], 'root'));
  await journal.awaited();
  const without = configOf('./unused', {
    providers: [{ id: 'other', type: 'sim' }],
    models: [{ id: 'small', provider: 'other', context: 1_000 }],
  });
  expect(manager.replaceBase(without).ok).toBe(false);
  expect(manager.replaceBase(configOf('./unused', { tenants: [{ id: 'gamma' }] })).ok).toBe(true);
  expect(manager.config.models.map((one) => one.id)).toEqual(['small']);
  await journal.end();
  await done;
  expect(manager.config.models.map((one) => one.id)).toEqual(['small', 'mine']);
  expect(tenants(manager)).toEqual(['gamma']);
});

it('waits for its turn, in a bounded queue', async () => {
  const { journal, manager, changes } = bench();
  const first = changes.alone(() => changes.apply([tenant('t0')], 'root'));
  const others = Array.from({ length: 63 }, (_, i) =>
    changes.alone(async () => {
      expect(tenants(manager)).toContain(`t${i}`);
      await changes.apply([tenant(`t${i + 1}`)], 'root');
    }),
  );
  await expect(changes.alone(() => Promise.resolve())).rejects.toMatchObject({ code: 'backpressure' });
  for (let i = 0; i < 64; i += 1) await journal.end();
  await Promise.all([first, ...others]);
  expect(tenants(manager).length).toBe(65);
  await changes.alone(() => Promise.resolve());
});
