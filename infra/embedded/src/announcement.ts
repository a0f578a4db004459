import { join, relative } from 'node:path';
import { type DeployProblem } from '@millrace/contracts';
import { type ServerConfig } from '@millrace/runtime';
import { curlLine } from './curl-line.ts';
import { type Platform } from './platform.ts';
import { type Style } from './style.ts';

const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** From where the operator stands, when that is shorter. */
export const shortPath = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
};

const DURABILITY: Readonly<Record<ServerConfig['server']['durability'], string>> = {
  strict: 'strict: what is accepted is on disk before it is answered',
  relaxed: 'relaxed: a power cut may lose what was accepted last',
};

/** `workflows/demo/bad.sh:3:7 reason` */
export const problemLine = (problem: DeployProblem, folder: string): string => {
  const place = [shortPath(join(folder, problem.file)), problem.line, problem.column];
  return `${place.filter((part) => part !== undefined).join(':')} ${problem.reason}`;
};

const tokenText = ({ token, tokenOrigin }: Platform, dataDir: string): string => {
  if (tokenOrigin === 'configured') return 'as configured';
  const place = shortPath(join(dataDir, 'server.json'));
  return tokenOrigin === 'new' ? `${token}  (shown once; kept in ${place})` : `kept in ${place}`;
};

const versionsText = ({ natsVersion, postgresVersion }: Platform): string => {
  const nats = natsVersion === undefined ? 'NATS as given' : `nats-server ${natsVersion}`;
  const postgres = postgresVersion === undefined ? 'PostgreSQL as given' : `PostgreSQL ${postgresVersion}`;
  return `${nats}, ${postgres}, Node ${process.versions.node}`;
};

const workflowsText = ({ deployment }: Platform, folder: string): string => {
  const entries = deployment.workflows();
  const inService = entries.filter(({ current }) => current !== undefined).length;
  const problems = deployment.report?.problems.length ?? 0;
  const refused = problems === 0 ? '' : `, ${problems} refused:`;
  return `${inService} from ${shortPath(folder)}${refused}`;
};

const exposure = (bind: string): readonly string[] =>
  LOOPBACK.test(bind)
    ? []
    : [
        `WARNING: bound to ${bind}, the server is accessible from the network.`,
        'Keep the token secret, and put the server behind a reverse proxy with TLS in production.',
      ];

/** Further addresses, which serve one dialect each. */
const listenersText = ({ url, listeners }: Platform): readonly (readonly [string, string])[] =>
  Object.entries(listeners()).map(([name, port]) => {
    const address = new URL(url);
    address.port = String(port);
    return [`for ${name}`, address.origin];
  });

/** What is said once everything runs; the last line is the one to wait for. */
export const announcement = (platform: Platform, config: ServerConfig, style: Style): readonly string[] => {
  const { dataDir, workflows, durability, bind } = config.server;
  const rows: readonly (readonly [string, string])[] = [
    ['address', platform.url],
    ...listenersText(platform),
    ['token', tokenText(platform, dataDir)],
    ['durability', DURABILITY[durability]],
    ['data', shortPath(dataDir)],
    ['versions', versionsText(platform)],
    ['workflows', workflowsText(platform, workflows)],
  ];
  const problems = platform.deployment.report?.problems ?? [];
  const curl = curlLine(platform, dataDir);
  return [
    '',
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(11))} ${value}`),
    ...problems.map((problem) => `              ${style.red(problemLine(problem, workflows))}`),
    '',
    ...exposure(bind).map((line) => style.yellow(line)),
    ...(curl === undefined ? [] : ['Try it:', '', curl, '']),
    style.bold(`Millrace is ready at ${platform.url}`),
  ];
};
