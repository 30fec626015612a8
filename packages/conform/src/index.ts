export type * from './model.ts';
export { type Reach, reach } from './reach.ts';
export { type Recorder, type RecordOptions, startRecorder } from './record/recorder.ts';
export { judgeSentence, type RunOptions, runConformance } from './run.ts';
export type * from './sentence.ts';
export { SENTENCES } from './sentences.ts';
