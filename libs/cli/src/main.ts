import { readFileSync } from 'node:fs';
import { proposeCompletions, run } from '@stricli/core';
import { makeApp } from './app.ts';
import { collectErrors } from './error-texts.ts';
import { makeContext } from './make-context.ts';
import { EXIT } from './exit-codes.ts';

const readVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string })
    .version;

/** The flags of `serve` are the server's own; its code is loaded for nothing else. */
const serve = async (args: readonly string[]): Promise<number> => {
  const { parseServeFlags, serve: serveUntilEnd, serveHelp } = await import('@millrace/embedded');
  try {
    const { wantsHelp, ...parsed } = parseServeFlags(args);
    if (!wantsHelp) return await serveUntilEnd(parsed);
    process.stdout.write(`${serveHelp()}\n`);
    return EXIT.ok;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${serveHelp()}\n`);
    return EXIT.usage;
  }
};

/** What completion scripts ask: one proposal per line, with a tab before what it means. */
const complete = async (args: readonly string[]): Promise<number> => {
  const proposals = await proposeCompletions(makeApp(readVersion()), args, makeContext().context);
  for (const { completion, brief } of proposals) process.stdout.write(`${completion}\t${brief}\n`);
  return EXIT.ok;
};

/** Exit codes of the parser are negative: what it could not understand is a usage error. */
const exitCodeOf = (parserCode: unknown, ownCode: number | undefined): number => {
  const code = Number(parserCode ?? 0);
  if (code === 0) return ownCode ?? EXIT.ok;
  return code < 0 ? EXIT.usage : code;
};

/** Asked before the arguments are parsed, because it holds for errors in them as well. */
const wantsJson = (args: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? undefined : end).includes('--json');
};

/** The parser's own words go nowhere: they are in the one object that is printed at the end. */
const runForProgram = async (args: readonly string[]): Promise<number> => {
  const { context, outcome } = makeContext();
  const errors = collectErrors();
  const silent = { ...context.process, stderr: { write: () => undefined } };
  await run(makeApp(readVersion(), errors.show), args, { ...context, process: silent });
  const line = errors.line();
  if (line !== undefined) context.process.stderr.write(line);
  return exitCodeOf(silent.exitCode, outcome());
};

/** Runs the command line; gives the exit code. */
export const main = async (args: readonly string[]): Promise<number> => {
  if (args[0] === 'serve') return serve(args.slice(1));
  if (args[0] === '__complete') return complete(args.slice(1));
  if (wantsJson(args)) return runForProgram(args);
  const { context, outcome } = makeContext();
  await run(makeApp(readVersion()), args.length === 0 ? ['--help'] : args, context);
  return exitCodeOf(context.process.exitCode, outcome());
};
