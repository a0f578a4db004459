/**
 * Rebuilds the read models and says how far it is, one JSON object per line on stdout:
 * `{"type":"progress","projection":"runs","sequence":1200,"target":4711}`, at the end `{"type":"done","seconds":12.3}` (exit code 0)
 * or `{"type":"failed","code":"…","message":"…"}` (exit code 1). Configured like the projector.
 */
import { AppError, messageOf } from '@millrace/kernel';
import { readConfig } from '../config.ts';
import { rebuildReadModel } from './rebuild-read-model.ts';

const PROGRESS_INTERVAL_MS = 200;

const say = (line: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const begin = performance.now();
let saidAt = 0;
try {
  const config = readConfig(process.env);
  const reaches = await rebuildReadModel({
    natsUrl: config.NATS_URL,
    databaseUrl: config.DATABASE_URL,
    onProgress: (progress) => {
      const isDue = performance.now() - saidAt >= PROGRESS_INTERVAL_MS || progress.sequence === progress.target;
      if (!isDue) return;
      saidAt = performance.now();
      say({ type: 'progress', ...progress });
    },
  });
  say({
    type: 'done',
    seconds: Math.round(performance.now() - begin) / 1_000,
    ...(reaches.length === 1 ? reaches[0] : { shards: reaches }),
  });
} catch (error) {
  say({ type: 'failed', code: error instanceof AppError ? error.code : 'bug', message: messageOf(error) });
  process.exitCode = 1;
}
