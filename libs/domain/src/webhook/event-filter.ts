import {
  publicEventFilter,
  RUN_WEBHOOK_EVENTS,
  TOKEN_WEBHOOK_EVENTS,
  WEBHOOK_EVENT_GROUPS,
  WEBHOOK_EVENTS_DEFAULT,
  type WebhookFormat,
  WORKFLOW_WEBHOOK_EVENTS,
} from '@millrace/contracts';
import { AppError, suggest } from '@millrace/kernel';

const SINGLE: ReadonlySet<string> = new Set([
  ...RUN_WEBHOOK_EVENTS.keys(),
  ...WORKFLOW_WEBHOOK_EVENTS,
  ...TOKEN_WEBHOOK_EVENTS,
]);

/** Every event that a list of names and groups stands for. */
export const expandEvents = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.flatMap((name) => WEBHOOK_EVENT_GROUPS[name] ?? [name]).filter((name) => SINGLE.has(name)));

/** Windmill's receivers know changes of workflows only. */
const EVENTS_DEFAULT: Readonly<Record<WebhookFormat, readonly string[]>> = {
  millrace: WEBHOOK_EVENTS_DEFAULT,
  windmill: ['workflow.deployed', 'workflow.removed'],
};

/**
 * The filter of a new endpoint.
 *
 * @throws AppError `invalid` `webhook.unknown_event`, `webhook.event_has_no_format`.
 */
export const eventsOf = (names: readonly string[] | undefined, format: WebhookFormat): readonly string[] => {
  if (names === undefined) return EVENTS_DEFAULT[format];
  const known = [...Object.keys(WEBHOOK_EVENT_GROUPS), ...SINGLE];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const near = suggest(unknown, known);
    const hint = near === undefined ? '' : `: did you mean ${near}?`;
    throw new AppError('invalid', 'webhook.unknown_event', `there is no event ${unknown}${hint}`);
  }
  const foreign = names.find((name) => format === 'windmill' && !name.startsWith('workflow.'));
  if (foreign !== undefined) {
    const detail = `the format windmill has no message for ${foreign}: it knows workflow.deployed and workflow.removed`;
    throw new AppError('invalid', 'webhook.event_has_no_format', detail);
  }
  return [...new Set(names)];
};

/** What of each stream an endpoint must read. */
export interface WebhookInterests {
  /** Filters on the public events; none: it need not read them. */
  readonly runs: readonly string[];
  readonly workflows: boolean;
  readonly tokens: boolean;
}

export const interestsOf = (names: readonly string[]): WebhookInterests => {
  const wanted = expandEvents(names);
  const types = [...RUN_WEBHOOK_EVENTS].filter(([name]) => wanted.has(name)).map(([, type]) => type);
  const isEvery = types.length === RUN_WEBHOOK_EVENTS.size;
  return {
    runs: isEvery ? [publicEventFilter()] : types.map(publicEventFilter),
    workflows: WORKFLOW_WEBHOOK_EVENTS.some((name) => wanted.has(name)),
    tokens: TOKEN_WEBHOOK_EVENTS.some((name) => wanted.has(name)),
  };
};
