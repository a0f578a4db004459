import { type Run, type RunFilter, type RunPage, type RunState } from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { elapsedText } from '../output/duration-text.ts';
import { type Screen } from '../output/screen.ts';
import { formatTable } from '../output/table.ts';
import { parseTimeFlag } from '../parse-time-flag.ts';

export interface RunsFlags extends CommonFlags {
  readonly workflow?: string;
  readonly status?: RunState;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const COLOUR = { completed: 'green', failed: 'red', timed_out: 'red', rejected: 'red', cancelled: 'yellow' } as const;

const paintStatus = (run: Run, screen: Screen): string => {
  const text = run.status.replace('_', ' ');
  return run.status in COLOUR ? screen.paint(COLOUR[run.status as keyof typeof COLOUR], text) : text;
};

const rowOf = (run: Run, screen: Screen): readonly string[] => [
  run.run_id,
  run.workflow,
  paintStatus(run, screen),
  run.queued_at.slice(0, 19).replace('T', ' '),
  elapsedText(run.started_at, run.ended_at, Date.now()) || '-',
  run.attempt > 1 ? `attempt ${run.attempt}` : '',
];

const filterOf = ({ workflow, status, since, until, limit, cursor }: RunsFlags): RunFilter => ({
  ...(workflow !== undefined && { workflow }),
  ...(status !== undefined && { status }),
  ...(since !== undefined && { since: parseTimeFlag('--since', since) }),
  ...(until !== undefined && { until: parseTimeFlag('--until', until) }),
  ...(limit !== undefined && { limit }),
  ...(cursor !== undefined && { cursor }),
});

/** The command for the next page: the same filters, behind the cursor. */
const nextPage = (flags: RunsFlags, next: string): string => {
  const { workflow, status, since, until, limit } = flags;
  const filters = Object.entries({ workflow, status, since, until, limit }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${value}`],
  );
  return ['millrace runs', ...filters, `--cursor ${next}`].join(' ');
};

const showPage = ({ runs, next_cursor: next }: RunPage, screen: Screen, flags: RunsFlags): void => {
  if (runs.length === 0) screen.say('no runs');
  const rows = runs.map((run) => rowOf(run, screen));
  const [heading = '', ...lines] = formatTable([['RUN', 'WORKFLOW', 'STATUS', 'QUEUED (UTC)', 'TOOK', ''], ...rows]);
  if (lines.length > 0) screen.data(screen.paint('dim', heading));
  for (const line of lines) screen.data(line);
  if (next !== undefined) screen.say(screen.paint('dim', `more: ${nextPage(flags, next)}`));
};

export async function runs(this: CliContext, flags: RunsFlags): Promise<void> {
  const screen = this.screen(flags);
  const page = await this.client(flags).runs(filterOf(flags));
  if (flags.json === true) screen.json(page, 'one-line');
  else if (flags.quiet === true) for (const run of page.runs) screen.data(run.run_id);
  else showPage(page, screen, flags);
}
