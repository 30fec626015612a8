import type { OwnerReady, ReadyInfo, WorkerReady } from '../../src/serve/link.ts';
import { begin, step } from '../../src/serve/supervisor/core.ts';
import type {
  ChildName,
  SupervisorEffect,
  SupervisorEvent,
  SupervisorState,
  TimerName,
} from '../../src/serve/supervisor/types.ts';

export const OWNER: OwnerReady = {
  kind: 'owner',
  facts: {
    version: '1.2.3',
    node_id: 'node-1',
    config: null,
    data_dir: 'data',
    providers: [],
    provider_lines: [],
    tenant_lines: [],
    simulated: 'none',
    made: { admin_key: false },
    keys: 0,
  },
};

export const WORKER: WorkerReady = { kind: 'worker', address: { host: '127.0.0.1', port: 7443 } };

export function infoOf(child: ChildName): ReadyInfo {
  return child === 'owner' ? OWNER : WORKER;
}

type Setup = Parameters<typeof begin>[0];

/** A supervisor of which each step is looked at. */
export class Stepped {
  state: SupervisorState;
  effects: readonly SupervisorEffect[];

  constructor(setup: Partial<Setup> = {}) {
    const first = begin({ workers: 2, last: 0, earlier: [], grace_ms: 30_000, ...setup });
    this.state = first.state;
    this.effects = first.effects;
  }

  take(event: SupervisorEvent): readonly SupervisorEffect[] {
    const next = step(this.state, event);
    this.state = next.state;
    this.effects = next.effects;
    return next.effects;
  }

  ready(child: ChildName): readonly SupervisorEffect[] {
    return this.take({ kind: 'ready', child, incarnation: this.incarnation(child), info: infoOf(child) });
  }

  exit(child: ChildName, code?: number): readonly SupervisorEffect[] {
    const incarnation = this.incarnation(child);
    return this.take({ kind: 'exited', child, incarnation, code, reason: code === undefined ? 'SIGKILL' : undefined });
  }

  fire(timer: TimerName): readonly SupervisorEffect[] {
    return this.take({ kind: 'timer', timer });
  }

  /** Until all are ready. */
  run(): this {
    for (const name of this.state.children.keys()) this.ready(name);
    return this;
  }

  incarnation(child: ChildName): number {
    const found = this.state.children.get(child);
    if (found === undefined || !('incarnation' in found)) throw new Error(`${child} was never started`);
    return found.incarnation;
  }

  /** What the last step did, in a word each; logs are left out. */
  did(): string[] {
    return this.effects.flatMap((effect) => wordsOf(effect) ?? []);
  }
}

function wordsOf(effect: SupervisorEffect): string | undefined {
  switch (effect.kind) {
    case 'spawn': {
      const workers = effect.workers.map(({ n, incarnation }) => `${n}@${incarnation}`).join(',');
      return `spawn ${effect.child}@${effect.incarnation} beside [${workers}]`;
    }
    case 'send':
      return `${effect.order.type} ${effect.child}`;
    case 'kill':
      return `kill ${effect.child}`;
    case 'arm':
      return effect.timer.kind === 'steady' ? undefined : `${effect.timer.kind} in ${effect.after_ms}`;
    case 'welcome':
      return 'welcome';
    case 'log':
      return undefined;
    case 'exit':
      return `exit ${effect.code}`;
  }
}
