import { makeMetrics, runService, startAdminServer } from '@millrace/runtime';

// A service that the tests of `startService` start; MILLRACE_TEST=start makes its start fail.
await runService('example', async ({ defer, env }) => {
  const metrics = makeMetrics('example');
  const admin = await startAdminServer({ port: 0, metrics, health: () => ({ ready: true, dependencies: {} }) });
  defer('admin server', admin.close);
  if (env['MILLRACE_TEST'] === 'start') throw new Error('no database');
  return { adminPort: admin.port };
});
