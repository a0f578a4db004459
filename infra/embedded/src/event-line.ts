import { type ExitStatus } from './bound-process.ts';
import { problemLine } from './announcement.ts';
import { type PlatformEvent } from './platform-events.ts';
import { type Style } from './style.ts';

const howItEnded = ({ code, signal }: ExitStatus): string =>
  signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`;

type Deployed = Extract<PlatformEvent, { type: 'deployed' }>;

const deployedLines = ({ report }: Deployed, folder: string, style: Style): readonly string[] => [
  ...report.deployed.map(({ path, version }) => `deployed ${path} ${style.dim(version.slice(0, 12))}`),
  ...report.removed.map((path) => `removed ${path}`),
  ...report.problems.map((problem) => style.red(`refused ${problemLine(problem, folder)}`)),
];

/** The lines that the console shows for what happens after or before the start. */
export const eventLines = (event: PlatformEvent, folder: string, style: Style): readonly string[] => {
  switch (event.type) {
    case 'step':
      return [style.dim(event.message)];
    case 'warning':
      return [style.yellow(`WARNING: ${event.message}`)];
    case 'started':
      return [];
    case 'died':
      return [style.yellow(`${event.name} ${howItEnded(event.status)}, restarting in ${event.retryInMs} ms`)];
    case 'restarted':
      return [`${event.name} runs again after ${event.afterMs} ms (pid ${event.pid})`];
    case 'restart-failed':
      return [style.red(`${event.name} did not start: ${event.reason}`), `trying again in ${event.retryInMs} ms`];
    case 'line':
      return [
        `${style.dim(event.name)} ${event.level === 'warn' ? style.yellow('warn') : style.red(event.level)} ${event.message}`,
      ];
    case 'deployed':
      return deployedLines(event, folder, style);
  }
};
