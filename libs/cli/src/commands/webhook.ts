import { type Webhook, type WebhookDelivery } from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { safeLine } from '../output/safe-text.ts';
import { type Screen } from '../output/screen.ts';
import { formatTable } from '../output/table.ts';

export interface AddWebhookFlags extends CommonFlags {
  readonly event?: readonly string[];
  readonly format?: 'millrace' | 'windmill';
  readonly description?: string;
}

const printTable = (screen: Screen, rows: readonly (readonly string[])[]): void => {
  const [heading = '', ...lines] = formatTable(rows);
  screen.data(screen.paint('dim', heading));
  for (const line of lines) screen.data(line);
};

export async function addWebhook(this: CliContext, flags: AddWebhookFlags, url: string): Promise<void> {
  const screen = this.screen(flags);
  const events = flags.event?.flatMap((names) => names.split(','));
  const created = await this.client(flags).webhooks.create({
    url,
    ...(events !== undefined && { events }),
    ...(flags.format !== undefined && { format: flags.format }),
    ...(flags.description !== undefined && { description: flags.description }),
  });
  if (flags.json === true) {
    screen.json(created, 'one-line');
    return;
  }
  screen.data(created.secret);
  screen.say('the signing secret, shown once; give it to the receiver');
  screen.say(`try it: millrace webhook test ${created.id}`);
}

const rowOf = ({ id, url, events, format, enabled, disabled_reason }: Webhook): readonly string[] => [
  id,
  enabled ? 'enabled' : `disabled: ${safeLine(disabled_reason ?? '')}`,
  format,
  events.join(','),
  safeLine(url),
];

export async function listWebhooks(this: CliContext, flags: CommonFlags): Promise<void> {
  const screen = this.screen(flags);
  const webhooks = await this.client(flags).webhooks.list();
  if (flags.json === true) screen.json({ webhooks }, 'one-line');
  else printTable(screen, [['ID', 'STATE', 'FORMAT', 'EVENTS', 'URL'], ...webhooks.map(rowOf)]);
}

export interface ChangeWebhookFlags extends CommonFlags {
  readonly to?: string;
  readonly event?: readonly string[];
  readonly description?: string;
}

export async function changeWebhook(this: CliContext, flags: ChangeWebhookFlags, id: string): Promise<void> {
  const { to, event, description } = flags;
  if (to === undefined && event === undefined && description === undefined) {
    throw new CommandError(EXIT.usage, 'nothing to change', 'give --to, --event or --description');
  }
  const changed = await this.client(flags).webhooks.change(id, {
    ...(to !== undefined && { url: to }),
    ...(event !== undefined && { events: event.flatMap((names) => names.split(',')) }),
    ...(description !== undefined && { description }),
  });
  if (flags.json === true) this.screen(flags).json(changed, 'one-line');
  else this.screen(flags).say(`webhook ${id} is changed`);
}

export async function removeWebhook(this: CliContext, flags: CommonFlags, id: string): Promise<void> {
  await this.client(flags).webhooks.remove(id);
  if (flags.json === true) this.screen(flags).json({ id, status: 'removed' }, 'one-line');
  else this.screen(flags).say(`webhook ${id} is removed`);
}

export async function enableWebhook(this: CliContext, flags: CommonFlags, id: string): Promise<void> {
  const webhook = await this.client(flags).webhooks.enable(id);
  if (flags.json === true) this.screen(flags).json(webhook, 'one-line');
  else this.screen(flags).say(`webhook ${id} is enabled`);
}

export async function testWebhook(this: CliContext, flags: CommonFlags, id: string): Promise<void> {
  const delivery = await this.client(flags).webhooks.test(id);
  if (flags.json === true) this.screen(flags).json({ id: delivery }, 'one-line');
  else this.screen(flags).say(`on its way; see millrace webhook deliveries ${id}`);
}

const answerOf = ({ attempts, next_attempt_at }: WebhookDelivery): string => {
  const last = attempts.at(-1);
  const answer = last === undefined ? 'not tried yet' : (last.error ?? String(last.status));
  return next_attempt_at === undefined ? answer : `${answer}; again at ${next_attempt_at}`;
};

export async function listDeliveries(this: CliContext, flags: CommonFlags, id: string): Promise<void> {
  const screen = this.screen(flags);
  const deliveries = await this.client(flags).webhooks.deliveries(id);
  if (flags.json === true) {
    screen.json({ deliveries }, 'one-line');
    return;
  }
  const rows = deliveries.map((delivery) => [
    delivery.id,
    delivery.event,
    safeLine(delivery.subject),
    delivery.state,
    String(delivery.attempts.length),
    safeLine(answerOf(delivery)),
  ]);
  printTable(screen, [['ID', 'EVENT', 'SUBJECT', 'STATE', 'ATTEMPTS', 'ANSWER'], ...rows]);
}

export async function resendDelivery(
  this: CliContext,
  flags: CommonFlags,
  id: string,
  delivery: string,
): Promise<void> {
  await this.client(flags).webhooks.resend(id, delivery);
  if (flags.json === true) this.screen(flags).json({ id: delivery }, 'one-line');
  else this.screen(flags).say('on its way again');
}
