export { Knowledge, type KnowledgeOptions } from './knowledge.ts';
export { isLearnedRecord, Learned, LEARNED_POLICIES_MAX, type LearnedRecord } from './learned.ts';
export type { FeedbackLesson, LessonLane, SessionLesson } from './lesson.ts';
export type { RegretSums } from './policy-learned.ts';
