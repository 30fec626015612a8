import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import type { OnlineOptions } from '../online/target.ts';

export interface OwnerOptions extends OnlineOptions {
  readonly tenant?: string;
  readonly admin?: boolean;
}

/** Owner of admin keys in the paths of the admin API. */
export const ADMIN_OWNER = '@admin';

export function withOwner(command: Command): Command {
  return command.option('--tenant <id>', 'tenant of the key').option('--admin', 'a key of the admin API');
}

export function ownerOf({ tenant, admin }: OwnerOptions): string {
  if (tenant !== undefined && admin !== true) return tenant;
  if (tenant === undefined && admin === true) return ADMIN_OWNER;
  throw new CliError(EXIT.usage, 'say whose key it is: either --tenant <id> or --admin.');
}
