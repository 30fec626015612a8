export { first_win } from './first-win.ts';
export { majority } from './majority.ts';
export { self_consistency } from './self-consistency.ts';
export { type Comparison, champion, compare } from './champion.ts';
export { judge } from './judge.ts';
export { mergeStream, type StreamPart } from './merge-stream.ts';
export { streaming_merge } from './streaming-merge.ts';
