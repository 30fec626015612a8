/**
 * The load scenarios. Each runs against every target with the same request bytes.
 */
export type ScenarioId = 'closed64' | 'closed1' | 'open1k' | 'open2k5' | 'open5k' | 'streams300';

export type BodyKind = 'plain' | 'stream';

export interface Scenario {
  readonly id: ScenarioId;
  readonly title: string;
  readonly body: BodyKind;
  /** What CPU time is divided by. */
  readonly unit: 'request' | 'chunk';
  /** Flags of the generator. */
  readonly flags: readonly string[];
}

/** Large enough that a target which sustains the rate never lets an arrival wait for a connection. */
const OPEN_CONNECTIONS = 128;
export const STREAM_CHUNKS = 50;
export const STREAM_PACE_MS = 20;
/** First streams are spread over the length of one, which keeps their chunks apart for good. */
const STREAM_SECONDS = (STREAM_CHUNKS * STREAM_PACE_MS) / 1000;

function open(id: ScenarioId, rate: number): Scenario {
  return {
    id,
    title: `open loop, ${rate} requests/s over ${OPEN_CONNECTIONS} connections`,
    body: 'plain',
    unit: 'request',
    flags: ['-mode', 'open', '-conns', String(OPEN_CONNECTIONS), '-rate', String(rate)],
  };
}

function closed(id: ScenarioId, connections: number): Scenario {
  return {
    id,
    title: `closed loop, ${connections} connection${connections === 1 ? '' : 's'}`,
    body: 'plain',
    unit: 'request',
    flags: ['-mode', 'closed', '-conns', String(connections)],
  };
}

function streams(id: ScenarioId, count: number): Scenario {
  return {
    id,
    title: `${count} paced streams of ${STREAM_CHUNKS} chunks, one per ${STREAM_PACE_MS} ms`,
    body: 'stream',
    unit: 'chunk',
    flags: ['-mode', 'streams', '-streams', String(count), '-ramp', `${STREAM_SECONDS}s`],
  };
}

export const SCENARIOS: readonly Scenario[] = [
  closed('closed64', 64),
  closed('closed1', 1),
  open('open1k', 1000),
  open('open2k5', 2500),
  open('open5k', 5000),
  streams('streams300', 300),
];

export const SCENARIO_IDS: readonly ScenarioId[] = SCENARIOS.map((one) => one.id);
