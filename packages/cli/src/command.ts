import { Command, type ParseOptionsResult } from 'commander';

/** Behind it nothing is an option (POSIX Utility Syntax Guidelines, 10). */
const END_OF_OPTIONS = '--';

/**
 * A command of which `--` reaches the command that runs. The library lets the outermost one take it off, and the inner one
 * then takes an id that begins with `-` for an option.
 */
export class AtpCommand extends Command {
  override createCommand(name?: string): Command {
    return new AtpCommand(name);
  }

  override parseOptions(args: string[]): ParseOptionsResult {
    const at = args.indexOf(END_OF_OPTIONS);
    if (at < 0 || this.commands.length === 0) return super.parseOptions(args);
    const { operands, unknown } = super.parseOptions(args.slice(0, at));
    // Without a name before it there is no inner command.
    if (operands.length === 0) return super.parseOptions(args);
    return { operands, unknown: [...unknown, ...args.slice(at)] };
  }
}
