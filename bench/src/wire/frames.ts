import type { Frame, Payload } from '@atp-router/wire';

/** A frame of a size that matters, named by about how large its JSON is. */
export interface SampleFrame {
  readonly name: string;
  readonly frame: Frame;
  /** Operations in one slice: about a millisecond of work. */
  readonly slice: number;
}

const SENTENCE = 'The second diff keeps the lock while it waits; the first one does not. ';
const META = {
  task_type: 'code_review',
  languages: ['en', 'de'],
  risk: 'low',
  data_scope: ['internal'],
  trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const RESULT = {
  type: 'agent.result.partial',
  confidence: 0.82,
  cost_est: { in_tokens: 412, out_tokens: 128, usd_micros: 911 },
};

function result(content: Payload['content'] & {}): Frame {
  const head = { v: 1, session_id: '01k9x4m2q7v8wz3b', stream_id: 'task-7', msg_seq: 12, qos: 'gold', ttl: 7 } as const;
  return { ...head, meta: META, payload: { ...RESULT, content } };
}

/** Content of `agent.stream` as the samples have it. */
export interface StreamSample {
  readonly session_id: string;
  readonly persona_id: string;
  readonly clone_id: string;
  readonly seq: number;
  readonly data: string | Uint8Array;
}

export interface ItemSample {
  readonly id: string;
  readonly score: number;
  readonly title: string;
  readonly ok: boolean;
}

/** For encodings that need to know what is in a content. */
export const streamOf = (content: unknown): StreamSample => content as StreamSample;
export const itemsOf = (content: unknown): readonly ItemSample[] => content as readonly ItemSample[];

function stream(data: StreamSample['data']): Frame {
  const content = { session_id: 's-01k9x4', persona_id: 'critic', clone_id: 'c1', seq: 17, data };
  return { v: 1, session_id: 's-01k9x4', stream_id: 't-7', msg_seq: 412, payload: { type: 'agent.stream', content } };
}

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31) & 0xff);

export const FRAMES: readonly SampleFrame[] = [
  { name: '200 B text', slice: 800, frame: stream('The second diff') },
  { name: '200 B bytes', slice: 800, frame: stream(bytes(15)) },
  { name: '2 KB text', slice: 400, frame: result(SENTENCE.repeat(22)) },
  { name: '2 KB bytes', slice: 400, frame: result(bytes(1_176)) },
  {
    name: '2 KB objects',
    slice: 100,
    frame: result(
      Array.from({ length: 24 }, (_, i) => ({ id: `item-${i}`, score: i / 7, title: `finding ${i}`, ok: true })),
    ),
  },
  { name: '64 KB text', slice: 40, frame: result(SENTENCE.repeat(890)) },
  { name: '64 KB bytes', slice: 40, frame: result(bytes(49_152)) },
];
