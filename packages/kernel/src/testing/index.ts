export { Draw } from './draw.ts';
export { type ShrunkEvents, shrinkEvents } from './shrink.ts';
