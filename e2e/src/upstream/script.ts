/** What the scripted upstream answers, in terms that know no API shape. Everything crosses a process boundary: plain data only. */

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** Pieces of the arguments' JSON text, one streamed frame each. */
  readonly args: readonly string[];
}

export type Finish = 'stop' | 'length' | 'tool_calls';

export interface AnswerChoice {
  readonly thinking?: readonly string[];
  /** Pieces of the text, one streamed frame each. */
  readonly text?: readonly string[];
  readonly tools?: readonly ToolCall[];
  readonly finish: Finish;
  /** Each piece of text comes with log-probabilities. */
  readonly logprobs?: boolean;
}

export interface ServedUsage {
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly cached_in_tokens?: number;
  readonly reasoning_tokens?: number;
}

export interface Answer {
  readonly choices: readonly AnswerChoice[];
  /** Absent: the provider does not report usage. */
  readonly usage?: ServedUsage;
}

/** A place in an answer: so many whole frames, or after the frame that contains the text. -1 is before the head. */
export type Place = number | string;

/** Where and how an answer breaks off. Waits for a step when there is a gate at the same place. */
export interface Cut {
  readonly after: Place;
  /** Bytes of the next frame that still go out. */
  readonly bytes?: number;
  /** `reset`: the socket is destroyed. `end`: the body ends properly. `stall`: nothing follows until the peer leaves. */
  readonly how: 'reset' | 'end' | 'stall';
}

/** How one request is answered. */
export interface Behaviour {
  readonly answer?: Answer;
  /** 300 and above: an error in the provider's shape, unless `body` says otherwise. */
  readonly status?: number;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the whole body, sent as one frame. */
  readonly body?: string;
  /** Replaces the frames of a stream. */
  readonly frames?: readonly string[];
  /** Put before the frame of this index. */
  readonly insert?: { readonly at: number; readonly raw: string };
  /** Steps that wait for `step()`: 0 is the head, 1 the first frame, … or the frame that contains the text. */
  readonly gates?: 'all' | readonly Place[];
  readonly cut?: Cut;
  /** Writes in slices of so many bytes, each in a turn of its own. */
  readonly slice_bytes?: number;
  /** So many bytes of text in frames of `frame_bytes`, written no faster than the peer takes them. */
  readonly flood?: { readonly bytes: number; readonly frame_bytes: number };
  /** Pause between frames, for load. */
  readonly pace_ms?: number;
}

/** Behaviours of the first, second, … request; the last one goes on. */
export type Sequence = readonly [Behaviour, ...Behaviour[]];

/** A script by provider id; `*` is for the others. */
export type Script = Readonly<Record<string, Sequence>>;

/** What the test tells the upstream process. */
export type ToUpstream =
  | { readonly op: 'script'; readonly id: string; readonly script: Script }
  | { readonly op: 'step'; readonly n: number; readonly count: number }
  /** Opens the gates of all that run or come under a script; also in a process that tells nothing of single requests. */
  | { readonly op: 'release'; readonly id: string }
  | { readonly op: 'abort'; readonly n: number }
  | { readonly op: 'written'; readonly n: number; readonly ask: number };

/** What the upstream process tells the test. */
export type FromUpstream =
  | { readonly ev: 'listening'; readonly port: number }
  | { readonly ev: 'done'; readonly id: string }
  | ({ readonly ev: 'request' } & SeenRequest)
  /** A step was carried out: 0 is the head, then one for each frame. */
  | { readonly ev: 'step'; readonly n: number; readonly step: number }
  | ({ readonly ev: 'closed' } & Closed)
  | { readonly ev: 'written'; readonly ask: number; readonly bytes: number };

export interface SeenRequest {
  /** Running number within the process. */
  readonly n: number;
  /** Id in the router's configuration. */
  readonly provider: string;
  readonly shape: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The `script:<id>` found in the body. */
  readonly script: string;
}

export interface Closed {
  readonly n: number;
  /** `complete`: all was sent. `cut`: as the script wanted. `peer`: the other side left. */
  readonly by: 'complete' | 'cut' | 'peer';
  readonly frames: number;
  /** Bytes handed to the socket. */
  readonly bytes: number;
}

/** Marks in prompts, found in any shape without parsing it. */
export const SCRIPT_MARK: RegExp = /script:([A-Za-z0-9_]+)/;
/** Names one client request, so that the log can be compared with the router's records. */
export const REQUEST_MARK: RegExp = /req:([A-Za-z0-9_]+)/;

export function textAnswer(...text: string[]): Answer {
  return { choices: [{ text, finish: 'stop' }], usage: { in_tokens: 11, out_tokens: 7 } };
}
