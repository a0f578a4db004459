import { createClient } from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { checkGateway } from '../doctor/check-gateway.ts';
import { checkDisk, checkExposure, checkProcesses, freeBytesFor } from '../doctor/check-machine.ts';
import { checkNatsServer, checkNatsUsers, checkSync, readLogState } from '../doctor/check-nats.ts';
import { checkPostgres } from '../doctor/check-postgres.ts';
import { checkMasterKey, checkSecrets } from '../doctor/check-secrets.ts';
import { checkTriggers } from '../doctor/check-triggers.ts';
import { checkRoom } from '../doctor/check-room.ts';
import { type Finding, type Level } from '../doctor/finding.ts';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../output/table.ts';
import { findServer, findServerFile } from '../server/find-server.ts';

const COLOUR = { OK: 'green', WARN: 'yellow', FAIL: 'red' } as const satisfies Record<Level, string>;

/** What can be checked depends on what is known: only HTTP without `server.json`, everything with it. */
const examine = async (context: CliContext, flags: CommonFlags): Promise<readonly Finding[]> => {
  const { url, token } = findServer(flags, context.env, context.cwd);
  const client = createClient({
    baseUrl: url,
    retriesMax: 0,
    clientName: 'millrace-cli',
    ...(token !== undefined && { token }),
  });
  const gateway = [...(await checkGateway(client, url)), checkExposure(url), ...(await checkTriggers(client))];
  const found = findServerFile(context.env, context.cwd);
  if (found?.file.url !== url) return gateway;
  const { dataDir, file } = found;
  const [nats, log] = await Promise.all([
    checkNatsServer(file.natsUrl),
    readLogState(file.natsUrl).catch(() => undefined),
  ]);
  return [
    ...gateway,
    nats,
    checkSync(dataDir),
    checkNatsUsers(file.pids),
    ...(await checkPostgres({ ...file, lastSequences: log?.lastSequences })),
    ...checkProcesses(file.pids),
    ...(await checkDisk(dataDir)),
    checkMasterKey(context.env, dataDir),
    ...(await checkSecrets(client)),
    ...checkRoom(log?.fills ?? [], await freeBytesFor(dataDir)),
    ...(log?.problems ?? []),
  ];
};

export async function doctor(this: CliContext, flags: CommonFlags): Promise<void> {
  const screen = this.screen(flags);
  const findings = await examine(this, flags);
  if (flags.json === true) screen.json({ findings }, 'one-line');
  else {
    const lines = formatTable(
      findings.map(({ level, name, detail }) => [screen.paint(COLOUR[level], level), name, detail]),
    );
    lines.forEach((line, index) => {
      const fix = findings[index]?.fix;
      if (flags.quiet !== true || fix !== undefined) screen.data(line);
      if (fix !== undefined) screen.data(`      → ${fix}`);
    });
  }
  this.endWith(findings.some(({ level }) => level === 'FAIL') ? EXIT.failed : EXIT.ok);
}
