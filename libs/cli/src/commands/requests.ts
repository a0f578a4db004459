import {
  type InboxRequest,
  type InboxRequestDetail,
  type InboxRequestPage,
  type RequestFilter,
  type RequestOutcome,
} from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { safeLine, safeText } from '../output/safe-text.ts';
import { type Screen } from '../output/screen.ts';
import { formatTable } from '../output/table.ts';
import { parseTimeFlag } from '../parse-time-flag.ts';

export interface RequestsFlags extends CommonFlags {
  readonly workflow?: string;
  readonly trigger?: string;
  readonly outcome?: RequestOutcome;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const FILTERS = ['workflow', 'trigger', 'outcome', 'since', 'until', 'limit'] as const;

const filterOf = (flags: RequestsFlags): RequestFilter => {
  const { workflow, trigger, outcome, since, until, limit, cursor } = flags;
  return {
    ...(workflow !== undefined && { workflow }),
    ...(trigger !== undefined && { trigger }),
    ...(outcome !== undefined && { outcome }),
    ...(since !== undefined && { since: parseTimeFlag('--since', since) }),
    ...(until !== undefined && { until: parseTimeFlag('--until', until) }),
    ...(limit !== undefined && { limit }),
    ...(cursor !== undefined && { cursor }),
  };
};

const COLOUR = {
  accepted: 'green',
  refused: 'red',
  filtered: 'yellow',
  duplicate: 'yellow',
  challenge: 'green',
} as const;

/** What became of it, as far as its outcome does not say it. */
const resultOf = ({ outcome, code, reason, run_id: run }: InboxRequest): string => {
  if (outcome === 'duplicate') return `run ${run ?? ''}`;
  return outcome === 'refused' ? code : (reason ?? '');
};

const rowOf = (request: InboxRequest, screen: Screen): readonly string[] => [
  request.id,
  request.time.slice(0, 19).replace('T', ' '),
  request.workflow,
  request.trigger,
  screen.paint(COLOUR[request.outcome], request.outcome),
  request.verified,
  safeLine(resultOf(request)),
];

const HEADING = ['REQUEST', 'TIME (UTC)', 'WORKFLOW', 'TRIGGER', 'OUTCOME', 'VERIFIED', ''];

const showPage = (page: InboxRequestPage, screen: Screen, flags: RequestsFlags): void => {
  if (page.requests.length === 0) screen.say('no requests');
  const [heading = '', ...lines] = formatTable([HEADING, ...page.requests.map((one) => rowOf(one, screen))]);
  if (lines.length > 0) screen.data(screen.paint('dim', heading));
  for (const line of lines) screen.data(line);
  if (page.next_cursor === undefined) return;
  const filters = FILTERS.flatMap((name) => (flags[name] === undefined ? [] : [`--${name} ${flags[name]}`]));
  const next = ['millrace requests', ...filters, `--cursor ${page.next_cursor}`].join(' ');
  screen.say(screen.paint('dim', `more: ${next}`));
};

export async function listRequests(this: CliContext, flags: RequestsFlags): Promise<void> {
  const screen = this.screen(flags);
  const page = await this.client(flags).requests.list(filterOf(flags));
  if (flags.json === true) screen.json(page, 'one-line');
  else if (flags.quiet === true) for (const request of page.requests) screen.data(request.id);
  else showPage(page, screen, flags);
}

const FACTS = ['id', 'time', 'workflow', 'trigger', 'dialect', 'outcome', 'code', 'reason', 'verified'] as const;
const MORE_FACTS = ['from', 'delivery', 'run_id', 'requested_by', 'body_bytes'] as const;

/** One fact a line, then headers, then the body. */
const factsOf = (request: InboxRequestDetail): readonly (readonly [name: string, value: string])[] => {
  const named = [...FACTS, ...MORE_FACTS].flatMap((name) =>
    request[name] === undefined ? [] : [[name, String(request[name])] as const],
  );
  const query = (request.query ?? []).map(([name, value]) => [`?${name}`, value] as const);
  return [...named, ['request', `${request.method} ${request.path}`], ...query, ...(request.headers ?? [])];
};

export async function showRequest(this: CliContext, flags: CommonFlags, id: string): Promise<void> {
  const screen = this.screen(flags);
  const request = await this.client(flags).requests.get(id);
  if (flags.json === true) {
    screen.json(request, 'one-line');
    return;
  }
  const rows = factsOf(request).map(([name, value]) => [safeLine(name), safeLine(value)]);
  for (const line of formatTable(rows)) screen.data(line);
  const { body } = request;
  if (body === undefined) return;
  screen.data('');
  screen.data(safeText(body.text));
  if (body.encoding === 'base64') screen.say('the body is no text; this is its base64');
  if (body.cut) screen.say('the body is longer; this is how it begins');
}

/** @throws CommandError with exit code 1 when a condition of the trigger is still false. */
export async function redeliverRequest(this: CliContext, flags: CommonFlags, id: string): Promise<void> {
  const screen = this.screen(flags);
  const answer = await this.client(flags).requests.redeliver(id);
  if (flags.json === true) screen.json(answer, 'one-line');
  if (!('run_id' in answer)) throw new CommandError(EXIT.failed, `no run: ${safeLine(answer.reason)}`);
  if (flags.json === true) return;
  screen.data(answer.run_id);
  screen.say(`follow it: millrace logs -f ${answer.run_id}`);
}
