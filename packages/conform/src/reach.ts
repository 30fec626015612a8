import type { Target } from './model.ts';
import { errorOf, has } from './probe/frames.ts';
import { Failed } from './probe/outcome.ts';
import { Probe } from './probe/probe.ts';
import { Transcript } from './probe/transcript.ts';

/** Whether there is a server that can be judged. `why` is the end of a sentence, and holds nothing that the server said but codes. */
export type Reach =
  | { readonly type: 'there' }
  /** Nobody takes the connection. */
  | { readonly type: 'unreachable'; readonly why: string }
  /** Somebody does, and speaks something else. */
  | { readonly type: 'no_server'; readonly why: string }
  /** The key, or that there is none. */
  | { readonly type: 'denied'; readonly why: string };

const THERE: Reach = { type: 'there' };

/**
 * Opens one session, so that a wrong address or key is said once and not for every sentence. A server that answers with any
 * frame is there, whatever the frame says: that is to be judged. `key`: with another of its keys. Throws for a target that is none.
 */
export async function reach({ key: own, ...target }: Target, key: string | undefined = own): Promise<Reach> {
  const probe = new Probe({ ...target, ...(key !== undefined && { key }) }, new Transcript([]));
  try {
    return await hello(probe);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return { type: 'unreachable', why: error.seen.replace(/^none: /, '') };
  } finally {
    probe.end();
  }
}

async function hello(probe: Probe): Promise<Reach> {
  const ws = await probe.raw();
  const reply = await ws.request(probe.handshake(), probe.patience_ms);
  if (reply === undefined) return { type: 'no_server', why: 'it does not answer the request for a WebSocket in HTTP' };
  const { status } = reply;
  if (status === 401 || status === 403) return { type: 'denied', why: `HTTP ${status}` };
  if (status !== 101) return { type: 'no_server', why: `it answers the request for a WebSocket with HTTP ${status}` };
  const peer = probe.over(ws);
  probe.syn(peer);
  const first = await peer.maybe(() => true, probe.patience_ms);
  if (first === undefined) return { type: 'no_server', why: 'it answers the hello of a session with no frame' };
  if (has(first.frame, 'RST') && errorOf(first.frame)?.code === 'ESEC') return { type: 'denied', why: 'ESEC' };
  return THERE;
}
