/** The bench's workflows: `noop` answers at once, `clock` tells when it started, `true` runs `/bin/true`, `held` is recorded and never runs. */
export type Kind = 'noop' | 'clock' | 'true' | 'held';

/** Where to POST; everything but the body. */
export interface Target {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Default: {@link jobBody}. */
  readonly body?: string;
}

/** One system under the bench: ours or a peer. */
export interface Contender {
  readonly name: string;
  readonly version: string;
  /** What is kept when the process is killed and when power fails, and the setting that says so. */
  readonly durability: string;
  /** Whether an accepted job outlives the process. */
  readonly isDurable: boolean;
  /** What stands between HTTP and the system. */
  readonly front: string;
  /** Answers 2xx once the job is recorded; `undefined` where it cannot do that kind. */
  readonly accept: (kind: Kind) => Target | undefined;
  /** Answers with the job's result; `undefined` where it has no such thing. */
  readonly wait: (kind: Kind) => Target | undefined;
  /** Whether as many jobs of the kind as were ever accepted have ended, as the system's own store tells. */
  readonly haveEnded: (kind: Kind, acceptedInAll: number) => Promise<boolean>;
  /** One job of kind `clock`: milliseconds from sending the request to its first line. */
  readonly triggerToStart: () => Promise<number>;
  /** Forgets what `held` has gathered. */
  readonly dropHeld: () => Promise<void>;
  /** The processes it began with; their children count, too. */
  readonly pids: () => readonly number[];
  readonly stop: () => Promise<void>;
}

export const JSON_HEADERS: Readonly<Record<string, string>> = { 'content-type': 'application/json' };
export const jobBody = (n = 1): string => JSON.stringify({ n });

const REQUEST_TIMEOUT_MS = 20_000;

/** Sends one job. @throws unless the answer is 2xx. */
export const postJob = async ({ url, path, headers, body }: Target, n = 1): Promise<unknown> => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers,
    body: body ?? jobBody(n),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${text.slice(0, 200)}`);
  return text === '' ? undefined : JSON.parse(text);
};

/** Milliseconds since the epoch with fractions, comparable between processes of one machine. */
export const epochNow = (): number => performance.timeOrigin + performance.now();

/** By a result that holds `startedAt`, as the kind `clock` gives it. */
export const triggerToStartByWait = async (target: Target, startedAt: (answer: unknown) => number): Promise<number> => {
  const sentAt = epochNow();
  return startedAt(await postJob(target)) - sentAt;
};
