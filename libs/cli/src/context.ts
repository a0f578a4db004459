import { type CommandContext } from '@stricli/core';
import { type MillraceClient } from '@millrace/client';
import { type Screen } from './output/screen.ts';
import { type Environment } from './server/find-server.ts';

/** Flags that every command has. */
export interface CommonFlags {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What a command works with. */
export interface CliContext extends CommandContext {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Sets what the process ends with when the command itself succeeded. */
  readonly endWith: (exitCode: number) => void;
  readonly screen: (flags: CommonFlags) => Screen;
  /** @throws CommandError when nothing says where a server is. */
  readonly client: (flags: CommonFlags) => MillraceClient;
  /** Aborted by the first Ctrl-C; the second ends the process. Without a call Ctrl-C ends it at once. */
  readonly interruption: () => AbortSignal;
}
