import { WaitTimeoutError } from './errors.ts';
import { followRun, resultOf, type FollowedMessage, type FollowOptions } from './follow-run.ts';
import { readBody as read } from './read-body.ts';
import { requestsOf, type RequestsClient } from './requests.ts';
import { type ConnectionOptions, makeSend, type Send } from './send.ts';
import {
  type Accepted,
  type CreatedToken,
  type Health,
  type LogLine,
  type LogPage,
  type RunDetail,
  type RunPage,
  type RunResult,
  type RunState,
  type RunStatus,
  type RunWhy,
  type Secret,
  type SecretChange,
  type Token,
  type Workflow,
} from './wire-format.ts';
import { triggersOf, type TriggersClient } from './triggers.ts';
import { webhooksOf, type WebhooksClient } from './webhooks.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface StartOptions extends CallOptions {
  /** Default `{}`. */
  readonly input?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  /** Starts no earlier: a duration such as `30s`, or an instant of RFC 3339. Default: at once. */
  readonly notBefore?: string;
  /** More is sooner, -10 to 10; more than the workflow has takes a token that may. Default: the workflow's. */
  readonly priority?: number;
  /** Same key, same run. Default: a new UUID, so that a repeated call of this client starts one run only. */
  readonly idempotencyKey?: string;
  /** W3C trace context to continue. */
  readonly traceparent?: string;
}

export interface WaitOptions extends CallOptions {
  /** Longest time to wait; by default until the run ends. */
  readonly timeoutMs?: number;
}

export interface RunFilter extends CallOptions {
  readonly workflow?: string;
  readonly status?: RunState;
  /** RFC 3339. */
  readonly since?: string;
  /** RFC 3339. */
  readonly until?: string;
  /** 1 to 200; 50 by default. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface NewToken extends CallOptions {
  readonly label?: string;
  readonly scopes: readonly string[];
  /** Such as `12h` or `30d`; without it the token does not expire. */
  readonly expiresIn?: string;
}

/** Calls a Millrace server. Every method throws a `MillraceError` of the class that fits. */
export interface MillraceClient {
  readonly health: (options?: CallOptions) => Promise<Health>;
  /** Starts a run; resolves once it is recorded. */
  readonly start: (workflow: string, options?: StartOptions) => Promise<Accepted>;
  /**
   * Starts a run and waits for its end, which may be a failure: look at `status`.
   *
   * @throws WaitTimeoutError with the run's id; the run goes on.
   */
  readonly execute: (workflow: string, options?: StartOptions & WaitOptions) => Promise<RunResult>;
  /** Waits for the end of a run that was started before. @throws WaitTimeoutError */
  readonly wait: (runId: string, options?: WaitOptions) => Promise<RunResult>;
  readonly status: (runId: string, options?: CallOptions) => Promise<RunStatus>;
  readonly run: (runId: string, options?: CallOptions) => Promise<RunDetail>;
  readonly runs: (filter?: RunFilter) => Promise<RunPage>;
  /** What a run says: history first, then live, to the end of the run; reconnects by itself. */
  readonly events: (runId: string, options?: FollowOptions) => AsyncIterable<FollowedMessage>;
  /** What a run has written so far. */
  readonly logs: (runId: string, options?: CallOptions) => AsyncIterable<LogLine>;
  /** Why a run waits, or that it does not. */
  readonly why: (runId: string, options?: CallOptions) => Promise<RunWhy>;
  /** Asks for the end of a run; how it ended is told by {@link MillraceClient.status}. */
  readonly cancel: (runId: string, options?: CallOptions & { readonly reason?: string }) => Promise<void>;
  /** Starts a new run with the input of an old one, on what is in service now (`latest`) or on what ran then (`same`). */
  readonly rerun: (
    runId: string,
    options?: CallOptions & { readonly version?: 'latest' | 'same'; readonly idempotencyKey?: string },
  ) => Promise<Accepted>;
  readonly workflows: (options?: CallOptions) => Promise<readonly Workflow[]>;
  readonly workflow: (path: string, options?: CallOptions) => Promise<Workflow>;
  readonly tokens: {
    readonly create: (token: NewToken) => Promise<CreatedToken>;
    readonly list: (options?: CallOptions) => Promise<readonly Token[]>;
    readonly revoke: (id: string, options?: CallOptions) => Promise<void>;
  };
  readonly secrets: {
    readonly set: (name: string, change: SecretChange, options?: CallOptions) => Promise<Secret>;
    readonly list: (options?: CallOptions) => Promise<readonly Secret[]>;
    readonly remove: (name: string, options?: CallOptions) => Promise<void>;
  };
  readonly triggers: TriggersClient;
  readonly requests: RequestsClient;
  readonly webhooks: WebhooksClient;
}

/** A request is held open this long at most; then the run's events tell the rest. */
const HELD_SECONDS_MAX = 60;

const segments = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

const query = (parameters: Readonly<Record<string, string | number | undefined>>): string => {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given.toString()}`;
};

const startCall = (workflow: string, options: StartOptions, waitSeconds?: number) =>
  ({
    method: 'POST',
    target: `/run/${segments(workflow)}${query({ wait: waitSeconds, not_before: options.notBefore, priority: options.priority })}`,
    body: { input: options.input ?? {}, ...(options.env !== undefined && { env: options.env }) },
    headers: {
      'idempotency-key': options.idempotencyKey ?? crypto.randomUUID(),
      traceparent: options.traceparent,
    },
    isRepeatable: true,
    accepts: waitSeconds === undefined ? [] : [422],
    signal: options.signal,
  }) as const;

const isResult = (answer: Accepted | RunResult): answer is RunResult => answer.status !== 'accepted';

const waitForEnd = async (
  send: Send,
  runId: string,
  { signal, timeoutMs = Infinity }: WaitOptions,
): Promise<RunResult> => {
  const deadline = Number.isFinite(timeoutMs) ? AbortSignal.timeout(Math.ceil(timeoutMs)) : undefined;
  const signals = [signal, deadline].filter((one) => one !== undefined);
  try {
    for await (const { message } of followRun(send, runId, { signal: AbortSignal.any(signals) })) {
      if (message.type === 'complete') return resultOf(message);
    }
  } catch (error) {
    if (deadline?.aborted !== true) throw error;
  }
  throw new WaitTimeoutError(runId);
};

const executeAndWait = async (
  send: Send,
  workflow: string,
  options: StartOptions & WaitOptions,
): Promise<RunResult> => {
  const { timeoutMs = Infinity } = options;
  const startedMs = performance.now();
  const heldSeconds = Math.min(HELD_SECONDS_MAX, Math.ceil(timeoutMs / 1_000));
  const answer = await read<Accepted | RunResult>(send(startCall(workflow, options, heldSeconds)), 'run_id');
  if (isResult(answer)) return answer;
  const leftMs = timeoutMs - (performance.now() - startedMs);
  if (leftMs <= 0) throw new WaitTimeoutError(answer.run_id);
  return waitForEnd(send, answer.run_id, { ...options, timeoutMs: leftMs });
};

async function* allLines(send: Send, runId: string, { signal }: CallOptions): AsyncGenerator<LogLine> {
  let after: string | undefined;
  do {
    const target = `/runs/${encodeURIComponent(runId)}/logs${query({ after })}`;
    const page = await read<LogPage>(send({ method: 'GET', target, isRepeatable: true, signal }), 'lines');
    yield* page.lines;
    after = page.lines.length === 0 ? undefined : page.next_after;
  } while (after !== undefined);
}

const tokensOf = (send: Send): MillraceClient['tokens'] => ({
  create: ({ label, scopes, expiresIn, signal }) =>
    read(
      send({
        method: 'POST',
        target: '/tokens',
        body: {
          scopes,
          ...(label !== undefined && { label }),
          ...(expiresIn !== undefined && { expires_in: expiresIn }),
        },
        isRepeatable: false,
        signal,
      }),
      'token',
    ),
  list: async ({ signal } = {}) =>
    (await read<{ tokens: Token[] }>(send({ method: 'GET', target: '/tokens', isRepeatable: true, signal }), 'tokens'))
      .tokens,
  revoke: async (id, { signal } = {}) => {
    await send({ method: 'DELETE', target: `/tokens/${encodeURIComponent(id)}`, isRepeatable: true, signal });
  },
});

const secretTarget = (name: string): string => `/secrets/${encodeURIComponent(name)}`;

const secretsOf = (send: Send): MillraceClient['secrets'] => ({
  set: (name, change, { signal } = {}) =>
    // Adding twice would add two values.
    read<Secret>(
      send({ method: 'PUT', target: secretTarget(name), body: change, isRepeatable: change.add !== true, signal }),
      'name',
    ),
  list: async ({ signal } = {}) =>
    (
      await read<{ secrets: Secret[] }>(
        send({ method: 'GET', target: '/secrets', isRepeatable: true, signal }),
        'secrets',
      )
    ).secrets,
  remove: async (name, { signal } = {}) => {
    await send({ method: 'DELETE', target: secretTarget(name), isRepeatable: true, signal });
  },
});

/** Makes a client; it holds no connection, so there is nothing to close. */
export const createClient = (options: ConnectionOptions): MillraceClient => {
  const send = makeSend(options);
  const get = <Answer>(
    target: string,
    member: keyof Answer & string,
    { signal }: CallOptions = {},
    accepts: readonly number[] = [],
  ): Promise<Answer> => read<Answer>(send({ method: 'GET', target, isRepeatable: true, accepts, signal }), member);
  const runTarget = (runId: string, rest = ''): string => `/runs/${encodeURIComponent(runId)}${rest}`;

  const rerun: MillraceClient['rerun'] = (runId, { version, idempotencyKey, signal } = {}) =>
    read(
      send({
        method: 'POST',
        target: runTarget(runId, `/rerun${query({ version })}`),
        headers: { 'idempotency-key': idempotencyKey ?? crypto.randomUUID() },
        isRepeatable: true,
        signal,
      }),
      'run_id',
    );

  return {
    health: (call) => get('/health', 'status', call, [503]),
    start: (workflow, call = {}) => read(send(startCall(workflow, call)), 'run_id'),
    execute: (workflow, call = {}) => executeAndWait(send, workflow, call),
    wait: (runId, call = {}) => waitForEnd(send, runId, call),
    status: (runId, call) => get(`/status/${encodeURIComponent(runId)}`, 'run_id', call),
    run: (runId, call) => get(runTarget(runId), 'run_id', call),
    why: (runId, call) => get(runTarget(runId, '/why'), 'reason', call),
    runs: ({ signal, ...filter } = {}) => get(`/runs${query(filter)}`, 'runs', signal === undefined ? {} : { signal }),
    events: (runId, call) => followRun(send, runId, call),
    logs: (runId, call = {}) => allLines(send, runId, call),
    cancel: async (runId, { reason, signal } = {}) => {
      const body = reason === undefined ? {} : { reason };
      await read(
        send({ method: 'POST', target: runTarget(runId, '/cancel'), body, isRepeatable: true, signal }),
        'run_id',
      );
    },
    rerun,
    workflows: async (call) => (await get<{ workflows: Workflow[] }>('/workflows', 'workflows', call)).workflows,
    workflow: (path, call) => get(`/workflows/${segments(path)}`, 'path', call),
    tokens: tokensOf(send),
    secrets: secretsOf(send),
    triggers: triggersOf(send, read),
    requests: requestsOf(send, read, rerun),
    webhooks: webhooksOf(send, read),
  };
};
