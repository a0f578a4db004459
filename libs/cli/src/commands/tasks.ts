import { type Workflow, type WorkflowProblem } from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { safeLine } from '../output/safe-text.ts';
import { formatTable } from '../output/table.ts';

const VERSION_DIGITS = 8;

/** `a/b.sh:3:1 reason` */
export const problemText = ({ file, line, column, reason }: Omit<WorkflowProblem, 'at'>): string => {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return `${safeLine(place)} ${safeLine(reason)}`;
};

const rowOf = ({ path, kind, version, description }: Workflow): readonly string[] => [
  path,
  kind ?? '-',
  version?.slice(0, VERSION_DIGITS) ?? 'refused',
  safeLine(description),
];

export async function tasks(this: CliContext, flags: CommonFlags): Promise<void> {
  const screen = this.screen(flags);
  const workflows = await this.client(flags).workflows();
  if (flags.json === true) {
    screen.json({ workflows }, 'one-line');
    return;
  }
  if (workflows.length === 0) screen.say('no workflows yet: save a file as workflows/<folder>/<name>.sh');
  const [heading = '', ...lines] = formatTable([['PATH', 'KIND', 'VERSION', 'DESCRIPTION'], ...workflows.map(rowOf)]);
  if (workflows.length > 0) screen.data(screen.paint('dim', heading));
  for (const line of lines) screen.data(line);
  for (const { problem } of workflows) {
    if (problem !== undefined) screen.say(screen.paint('red', `refused: ${problemText(problem)}`));
  }
}
