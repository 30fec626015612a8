// For tests of servers that are more than one sentence: an end of a session of which every frame is written by hand.
export { OPCODE, wsFrame } from '../net/ws-frames.ts';
export { mainLane } from './frames.ts';
export { Peer } from './peer.ts';
export { Probe } from './probe.ts';
export { Transcript } from './transcript.ts';
