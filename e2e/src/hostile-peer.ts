import { mainLane, type Peer, type Probe } from '@atp-router/conform/probe';
import type { Frame } from '@atp-router/wire';

/** The text of a frame that opens stream 1. `content` is JSON as it goes. */
export function opening({ session_id }: Peer, type: string, content: string): string {
  const head = `{"v":1,"session_id":"${session_id}","stream_id":"1","msg_seq":0,"flags":["SYN"]`;
  return `${head},"payload":{"type":"${type}","content":${content}}}`;
}

/** Opens a stream that asks for nothing, and takes the answer to it: the router has handled all that came before. */
export async function fence(peer: Peer, stream_id: string): Promise<void> {
  await peer.stream(stream_id);
  await peer.expect(
    `an answer on stream ${stream_id}`,
    (one) => one.stream_id === stream_id && one.payload?.type === 'error',
  );
  peer.acknowledge(mainLane(stream_id), 0);
}

/** Sends pieces of a message that fit their digests and each other, and of which the last never comes. */
export function sendUnfinished(made: Probe, peer: Peer, msg_seq: number, pieces: readonly string[]): void {
  for (const frame of made.fragments(peer, msg_seq, [...pieces, 'the end']).slice(0, -1)) peer.send(frame);
}

/** The router has no room for what came (S22). */
export function isNoRoom({ flags, payload }: Frame): boolean {
  return flags?.includes('ECN') === true && payload?.type === 'control.window_update';
}
