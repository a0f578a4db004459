import { type Health, type RunStatus } from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { elapsedText } from '../output/duration-text.ts';
import { safeLine, safeText } from '../output/safe-text.ts';
import { type Screen } from '../output/screen.ts';
import { formatTable } from '../output/table.ts';

const given = (rows: readonly (readonly [string, string | undefined])[]): readonly (readonly string[])[] =>
  rows.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]]));

const progressText = ({ progress }: RunStatus): string | undefined =>
  progress && `${Math.round(progress.percent)} % ${safeLine(progress.message ?? '')}`.trimEnd();

const runRows = (status: RunStatus, nowMs: number): readonly (readonly string[])[] =>
  given([
    ['run', status.run_id],
    ['workflow', status.workflow],
    ['state', status.state.replace('_', ' ')],
    ['progress', progressText(status)],
    ['attempt', status.attempt > 1 ? String(status.attempt) : undefined],
    ['queued', status.queued],
    ['not before', status.not_before],
    ['retry at', status.retry_at],
    ['started', status.started],
    ['ended', status.ended],
    ['took', elapsedText(status.started, status.ended, nowMs)],
    ['exit code', status.exit_code?.toString()],
    ['error', status.error && safeText(status.error)],
    ['trace', status.trace_id],
  ]);

const showHealth = (health: Health, screen: Screen): void => {
  const rows = Object.entries(health.dependencies ?? {}).map(
    ([name, { ok, detail }]) => [name, `${ok ? 'ok' : 'away'} ${detail ?? ''}`] as const,
  );
  for (const line of formatTable(given([['server', health.status], ['durability', health.durability], ...rows]))) {
    screen.data(safeText(line));
  }
};

export async function status(this: CliContext, flags: CommonFlags, runId?: string): Promise<void> {
  const screen = this.screen(flags);
  const client = this.client(flags);
  if (runId === undefined) {
    const health = await client.health();
    if (flags.json === true) screen.json(health, 'one-line');
    else showHealth(health, screen);
    return;
  }
  const found = await client.status(runId);
  if (flags.json === true) {
    screen.json(found, 'one-line');
    return;
  }
  for (const line of formatTable(runRows(found, Date.now()))) screen.data(line);
  if (found.output !== undefined) screen.json(found.output);
}
