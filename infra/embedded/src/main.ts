import { messageOf } from '@millrace/kernel';
import { serve } from './serve.ts';
import { parseServeFlags, serveHelp } from './serve-flags.ts';

const run = async (argv: readonly string[]): Promise<number> => {
  const { wantsHelp, ...parsed } = parseServeFlags(argv);
  if (!wantsHelp) return serve(parsed);
  process.stdout.write(`${serveHelp()}\n`);
  return 0;
};

try {
  process.exit(await run(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n\n${serveHelp()}\n`);
  process.exit(2);
}
