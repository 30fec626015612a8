import { createHmac, hkdfSync } from 'node:crypto';
import type { Config, DataDirSecrets, RouterMetrics } from '@atp-router/adapters';
import { AtpError, idSource } from '@atp-router/kernel';
import type { Ambient } from '../engine/ports.ts';
import type { Generation } from '../generation/generation.ts';
import type { EventBus } from '../observe/event-bus.ts';
import { dataSealer } from '../shared/sealer.ts';
import { ObservationDesk } from './desk.ts';
import { ObservationIndex } from './observation-index.ts';
import { ObservationRecorder } from './recorder.ts';
import { expired, remove, removeDrafts } from './retention.ts';
import { observationsDir } from './segment-name.ts';
import { listSegments } from './segment-reader.ts';
import { SegmentWriter } from './segment-writer.ts';

/** Between two looks at what is too old or too much. */
const SWEEP_MS = 60_000;
/** What holds where nothing is observed any more, for what was. */
const KEPT = { retention_days: 30, max_bytes: 67_108_864, segment_bytes: 4_194_304 } as const;
/** No erasure takes that long with one file. */
const DRAFT_AGE_MS = 3_600_000;
const HASH_KEY_BYTES = 32;

export interface Observations {
  readonly recorder: ObservationRecorder;
  readonly desk: ObservationDesk;
  /** This process's name among those that write. */
  readonly node: string;
  /** Resolves when all that this process was told is in files. */
  written(): Promise<void>;
  /** The same, in closed ones. */
  closeFile(): Promise<void>;
  /** Has something done at each look; it must not throw. */
  onSweep(run: () => Promise<void>): void;
  close(): Promise<void>;
}

export interface ObservationParts {
  readonly seat: { readonly config: Config; readonly secrets: DataDirSecrets; readonly shared_dir: string };
  readonly ambient: Ambient;
  readonly bus: Pick<EventBus, 'listen'>;
  readonly metrics: Pick<RouterMetrics, 'observations'>;
  readonly config: () => Config;
  readonly generation: () => Generation;
  readonly onProblem: (problem: AtpError) => void;
}

/** What this process observes, and what all have. Files are made when there is something to keep. */
export async function openObservations(parts: ObservationParts): Promise<Observations> {
  const { seat, ambient, bus, metrics, config, generation, onProblem } = parts;
  const { secrets, shared_dir } = seat;
  const { clock, timers, rng } = ambient;
  const series = metrics.observations;
  const dir = observationsDir(shared_dir);
  const sealer = dataSealer(seat.config, secrets);
  const kept = (): typeof KEPT | NonNullable<Config['observations']> => config().observations ?? KEPT;
  const problem = (what: string, error: unknown): void => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    onProblem(new AtpError('internal_error', `${what}: ${code}.`));
  };
  const writer = new SegmentWriter({
    ...{ dir, node: secrets.node_id, sealer, clock, timers, segment_bytes: () => kept().segment_bytes },
    onLost: (records, error) => {
      if (records > 0) series.dropped('disk', records);
      problem('Observations cannot be written, and are lost', error);
    },
  });
  const recorder = new ObservationRecorder({
    ...{ rng, ids: idSource('obs_', rng), generation, series, hashOf: promptHash(secrets.seal_key) },
    add: (record, chars) => writer.add(record, chars),
    later: (run) => void setImmediate(run),
  });
  const index = new ObservationIndex({ dir, sealer, onRefused: (reason, count) => series.refused(reason, count) });
  await writer.begin();
  bus.listen((event) => recorder.observe(event));
  const sweeps: (() => Promise<void>)[] = [];
  const sweep = async (): Promise<void> => {
    await writer.closeOld();
    await remove(expired(await listSegments(dir), kept(), clock.now_ms()));
    await removeDrafts(dir, clock.now_ms() - DRAFT_AGE_MS);
    for (const run of sweeps) await run();
  };
  let ends = false;
  let timer = timers.after(0, () => undefined);
  const next = (): void => {
    timer = timers.after(SWEEP_MS, () => {
      void sweep()
        .catch((error: unknown) => problem('Old observations cannot be removed', error))
        .finally(() => (ends ? undefined : next()));
    });
  };
  next();
  const closeFile = (): Promise<void> => recorder.settled().then(() => writer.close());
  const written = (): Promise<void> => recorder.settled().then(() => writer.flush());
  return {
    ...{ written, recorder, desk: new ObservationDesk({ dir, sealer, index }), node: secrets.node_id, closeFile },
    onSweep: (run) => void sweeps.push(run),
    close: () => {
      ends = true;
      timer.cancel();
      return closeFile();
    },
  };
}

/** Keyed, so that whoever has a hash and a guess of the prompt learns nothing; of a key of its own (RFC 5869). */
function promptHash(seal_key: Uint8Array): (prompt: string) => string {
  const key = new Uint8Array(
    hkdfSync('sha256', seal_key, new Uint8Array(), 'atp-observations-prompt-hash-v1', HASH_KEY_BYTES),
  );
  return (prompt) => createHmac('sha256', key).update(prompt, 'utf8').digest('hex');
}
