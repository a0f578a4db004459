import { type ApplicationContext } from '@stricli/core';
import { type CliContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { makeScreen } from './output/screen.ts';
import { connect } from './server/find-server.ts';

export interface MadeContext {
  readonly context: CliContext & ApplicationContext;
  /** What a command asked to end with. */
  readonly outcome: () => number | undefined;
}

/** The first Ctrl-C aborts, the second ends the process. */
const watchInterruption = (): AbortSignal => {
  const interruption = new AbortController();
  process.on('SIGINT', () => {
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort();
  });
  return interruption.signal;
};

/** The world of a command: this process. */
export const makeContext = (): MadeContext => {
  const { env, stdout, stderr, stdin } = process;
  const cwd = process.cwd();
  let exitCode: number | undefined;
  let interruption: AbortSignal | undefined;
  // A reader that has seen enough (`| head`) is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
  });
  const context = {
    process: { stdout, stderr, env, exitCode: undefined as number | string | null | undefined },
    env,
    cwd,
    stdin,
    endWith: (code: number) => {
      exitCode = code;
    },
    screen: ({ quiet }: { readonly quiet?: boolean }) => makeScreen({ stdout, stderr, env, isQuiet: quiet }),
    client: (flags: Parameters<CliContext['client']>[0]) => connect(flags, env, cwd),
    interruption: () => (interruption ??= watchInterruption()),
  };
  return { context: context as CliContext & ApplicationContext, outcome: () => exitCode };
};
