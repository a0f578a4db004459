import { type ExampleCall, type Trigger } from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { inShell } from '../key-placeholders.ts';
import { safeLine } from '../output/safe-text.ts';
import { formatTable } from '../output/table.ts';
import { findServer } from '../server/find-server.ts';

/** `path=/github`, or `company.team/nightly` where the values speak for themselves. */
const addressText = ({ address }: Trigger): string => Object.values(address).map(String).join(' ');

const rowOf = (trigger: Trigger): readonly string[] => [
  trigger.workflow,
  trigger.id,
  trigger.dialect,
  safeLine(addressText(trigger)),
  trigger.methods.join(','),
  trigger.preset === undefined ? trigger.auth : `${trigger.auth}:${trigger.preset}`,
  trigger.reason === undefined ? trigger.state : `${trigger.state}: ${safeLine(trigger.reason)}`,
  trigger.next_at ?? '',
];

export async function listTriggers(this: CliContext, flags: CommonFlags): Promise<void> {
  const screen = this.screen(flags);
  const triggers = await this.client(flags).triggers.list();
  if (flags.json === true) {
    screen.json({ triggers }, 'one-line');
    return;
  }
  const columns = ['WORKFLOW', 'ID', 'DIALECT', 'ADDRESS', 'METHODS', 'AUTH', 'STATE', 'NEXT'];
  const [heading = '', ...lines] = formatTable([columns, ...triggers.map(rowOf)]);
  screen.data(screen.paint('dim', heading));
  for (const line of lines) screen.data(line);
}

const singleQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const curlLine = (baseUrl: string, { method, path, headers, body }: ExampleCall, key: string | undefined): string =>
  [
    `curl -sS -X ${method} ${inShell(`${baseUrl}${path}`, key, true)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${inShell(`${name}: ${value}`, key, false)}`),
    ...(body === undefined ? [] : [`--data ${singleQuoted(body)}`]),
  ].join(' ');

export interface CurlFlags extends CommonFlags {
  readonly key?: string;
}

export async function showCurl(this: CliContext, flags: CurlFlags, workflow: string): Promise<void> {
  const screen = this.screen(flags);
  const { calls } = await this.client(flags).triggers.of(workflow);
  const { url } = findServer(flags, this.env, this.cwd);
  if (flags.json === true) {
    screen.json({ calls: calls.map((call) => ({ ...call, curl: curlLine(url, call, flags.key) })) }, 'one-line');
    return;
  }
  for (const call of calls) {
    screen.data(screen.paint('dim', `# ${call.dialect}: ${safeLine(call.title)}`));
    screen.data(safeLine(curlLine(url, call, flags.key)));
  }
}

export interface SwitchFlags extends CommonFlags {
  readonly reason?: string;
}

/** Enables or disables one trigger of a workflow. */
type SwitchTrigger = (this: CliContext, flags: SwitchFlags, workflow: string, id: string) => Promise<void>;

const switchTo = (word: 'enable' | 'disable'): SwitchTrigger =>
  async function change(this: CliContext, flags, workflow, id) {
    const reason = flags.reason === undefined ? {} : { reason: flags.reason };
    const switched = await this.client(flags).triggers[word]({ workflow, trigger: id, ...reason });
    if (flags.json === true) this.screen(flags).json(switched, 'one-line');
    else this.screen(flags).say(`trigger ${id} of ${workflow} is ${switched.state}`);
  };

export const enableTrigger = switchTo('enable');
export const disableTrigger = switchTo('disable');
