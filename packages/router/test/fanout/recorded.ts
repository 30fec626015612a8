import { expect } from 'vitest';
import type { JsonObject } from '@atp-router/kernel';
import type { Running } from '../admin/harness.ts';

/** The record of a session, which is there when its call has been answered. */
export async function recorded({ admin }: Pick<Running, 'admin'>, call_id: string): Promise<JsonObject> {
  const { status, json } = await admin('GET', `/consensus/${call_id}`);
  expect(status).toBe(200);
  return json as JsonObject;
}

/** Reconciled again, a session comes to the same, unless what it rested on is not all on record, which it says. */
export async function comesOutAgain({ admin }: Pick<Running, 'admin'>, call_id: string): Promise<JsonObject> {
  const { status, json } = await admin('GET', `/consensus/${call_id}/replay`);
  expect(status).toBe(200);
  const { same, doubts, unanswered } = json as unknown as { same: boolean; doubts: string[]; unanswered: string[] };
  if (doubts.length === 0) expect({ same, unanswered }).toEqual({ same: true, unanswered: [] });
  return json as JsonObject;
}
