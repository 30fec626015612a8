import type { JoinParts } from './join-parts.ts';
import type { Membership } from './membership.ts';

/** Takes the place among other processes that the role says; undefined for a process that is alone. */
export async function joinOthers(parts: JoinParts): Promise<Membership | undefined> {
  const { role } = parts.seat;
  if (role.kind === 'single') return undefined;
  if (role.kind === 'owner') {
    const { OwnerMember } = await import('./owner-member.ts');
    return OwnerMember.open({ ...parts, role });
  }
  const { WorkerMember } = await import('./worker-member.ts');
  return WorkerMember.join({ ...parts, role });
}
