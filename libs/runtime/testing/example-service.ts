import { setTimeout as delay } from 'node:timers/promises';
import { makeMetrics, runService, startAdminServer } from '@millrace/runtime';

// A service for the tests of `runService`; what goes wrong is said by MILLRACE_TEST.
const mode = process.env['MILLRACE_TEST'] ?? '';

await runService('example', async ({ log, defer, signal, fail }) => {
  const metrics = makeMetrics('example');
  metrics.counter({ name: 'millrace_examples_total', help: 'Examples.', labels: ['kind'] }).inc({ kind: 'one' }, 2);
  const health = () => ({
    ready: mode !== 'unready',
    dependencies: { log: { ok: mode !== 'unready', detail: 'away' } },
  });
  const admin = await startAdminServer({ port: 0, metrics, health });
  defer('admin server', admin.close);
  defer('broken', () => {
    throw new Error('cannot be closed');
  });
  defer('first made, undone last but two', async () => {
    await delay(20);
    log.info('undone: one');
  });
  defer('second', () => log.info(`undone: two, aborted: ${signal.aborted}`));
  if (mode === 'stuck') defer('stuck', () => delay(60_000));
  if (mode === 'start') throw new Error('no database');
  if (mode === 'fail') setTimeout(() => fail('the lease is lost', new Error('deposed')), 50);
  if (mode === 'throw') setTimeout(() => void Promise.reject(new Error('nobody waits')), 50);
  return { adminPort: admin.port };
});
