export * from './dialect.ts';
export * from './features.ts';
export * from './framing.ts';
export * from './model.ts';
export { openaiChat } from './openai-chat/index.ts';
export { kindOfStatus, remoteToAtpError } from './remote-error.ts';
