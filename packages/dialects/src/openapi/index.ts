import { askFragment } from '../ask/openapi.ts';
import { embeddingsFragment } from '../embeddings/openapi.ts';
import { responsesFragment } from '../openai-responses/openapi.ts';
import { chatFragment } from './chat.ts';
import { joinFragments, type OpenApiFragment } from './fragment.ts';
import { messagesFragment } from './messages.ts';
import { sharedFragment } from './shared.ts';

export type { OpenApiFragment } from './fragment.ts';

/** The data plane as a part of `/openapi.json`. */
export const dataPlaneFragment: OpenApiFragment = joinFragments([
  sharedFragment,
  chatFragment,
  responsesFragment,
  embeddingsFragment,
  messagesFragment,
  askFragment,
]);
