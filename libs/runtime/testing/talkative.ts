/** Logs more than any pipe holds, says over its channel that it goes on, and ends when it is told to. */
import { makeLogger } from '../src/logger.ts';

const LINES = 4_000;
const log = makeLogger({ service: 'talkative' });
for (let n = 0; n < LINES; n += 1) log.info('line', { n, filler: 'x'.repeat(200) });
process.on('message', () => process.exit(0));
process.send?.(LINES);
