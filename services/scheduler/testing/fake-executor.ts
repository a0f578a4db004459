import {
  executorSource,
  type HeartbeatAnswer,
  type HeldAttempt,
  logSubject,
  messagingSubject,
  type RunDispatched,
  type RunEvent,
  type RunEventData,
  type RunEventType,
} from '@millrace/contracts';
import {
  type EventWriter,
  follow,
  type Listening,
  logBounds,
  type LogConnection,
  makeEventWriter,
  request,
  subscribe,
} from '@millrace/eventlog';

const SHARD = 0;
const HEARTBEAT_MS = 1_000;
const HEARTBEAT_TIMEOUT_MS = 2_000;
const APPEND_TIMEOUT_MS = 5_000;

export interface FakeExecutorOptions {
  readonly id: string;
  readonly slots: number;
  /** What it does with a dispatch: ends it at once, holds it until `finish`, or does not even notice it. */
  readonly manner: 'complete' | 'hold' | 'ignore';
  readonly heartbeatMs?: number;
  readonly onDispatch?: (event: RunDispatched) => void;
}

/** Speaks the executor's protocol over real NATS and runs nothing: what the scheduler does can be seen at it. */
export class FakeExecutor {
  readonly #connection: LogConnection;
  readonly #options: FakeExecutorOptions;
  readonly #stopping = new AbortController();
  readonly #writer: EventWriter;
  readonly #held = new Map<string, RunDispatched>();
  #beating: NodeJS.Timeout | undefined;
  #hints: Listening | undefined;
  #following: Promise<void> | undefined;
  readonly dispatches: RunDispatched[] = [];
  readonly cancelHints: string[] = [];
  lastAnswer: HeartbeatAnswer | undefined;

  constructor(connection: LogConnection, options: FakeExecutorOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#writer = makeEventWriter(connection, {
      shard: SHARD,
      subject: logSubject.commit(SHARD),
      inFlightMax: 1,
      timeoutMs: APPEND_TIMEOUT_MS,
      retry: 'until-closed',
    });
  }

  get held(): readonly string[] {
    return [...this.#held.keys()];
  }

  async start(): Promise<void> {
    const { id, heartbeatMs = HEARTBEAT_MS } = this.#options;
    const { last } = await logBounds(this.#connection, SHARD);
    this.#following = this.#follow(last + 1);
    this.#hints = subscribe(this.#connection, messagingSubject.cancel(id), (runId) => this.cancelHints.push(runId));
    this.#beating = setInterval(() => void this.beat(), heartbeatMs);
    await this.beat();
  }

  /** One heartbeat; a leader that does not answer is none. */
  async beat(): Promise<HeartbeatAnswer | undefined> {
    const { id, slots } = this.#options;
    const held: HeldAttempt[] = [...this.#held.values()].map(({ subject, attempt = 0 }) => ({
      runId: subject,
      attempt,
    }));
    const text = JSON.stringify({ executor: id, slots, draining: false, held });
    const asked = request(this.#connection, messagingSubject.heartbeat(SHARD), text, HEARTBEAT_TIMEOUT_MS);
    this.lastAnswer = await asked.then((answer) => JSON.parse(answer) as HeartbeatAnswer).catch(() => undefined);
    return this.lastAnswer;
  }

  /** Ends a run that it holds, or held. */
  async finish(runId: string, output?: string): Promise<void> {
    const dispatch = this.dispatches.findLast(({ subject }) => subject === runId);
    this.#held.delete(runId);
    const data = output === undefined ? {} : { output };
    if (dispatch !== undefined) await this.#writer.append([this.#say(dispatch, 'dev.millrace.run.completed.v1', data)]);
  }

  /** Like a machine that loses its power. */
  async vanish(): Promise<void> {
    clearInterval(this.#beating);
    this.#stopping.abort();
    this.#hints?.close();
    this.#writer.abort();
    await this.#following;
  }

  async #follow(fromSequence: number): Promise<void> {
    const subjects = [logSubject.dispatch(SHARD, this.#options.id)];
    const { signal } = this.#stopping;
    for await (const batch of follow(this.#connection, { shard: SHARD, fromSequence, subjects, signal })) {
      for (const { events } of batch) {
        for (const decoded of events) {
          if (decoded.known && decoded.event.type === 'dev.millrace.run.dispatched.v1') this.#take(decoded.event);
        }
      }
    }
  }

  #take(dispatch: RunDispatched): void {
    const { id, manner, onDispatch } = this.#options;
    this.dispatches.push(dispatch);
    onDispatch?.(dispatch);
    if (manner === 'ignore') return;
    const started = this.#say(dispatch, 'dev.millrace.run.started.v1', { executor: id });
    const events: RunEvent[] = [started];
    if (manner === 'complete') events.push(this.#say(dispatch, 'dev.millrace.run.completed.v1', {}));
    else this.#held.set(dispatch.subject, dispatch);
    this.#writer.append(events).catch(() => undefined); // it vanished meanwhile
  }

  #say<Type extends RunEventType>(dispatch: RunDispatched, type: Type, data: RunEventData<Type>): RunEvent {
    const { subject, attempt } = dispatch;
    const id = `${subject}.${attempt ?? 0}.${type}`;
    return { ...dispatch, id, source: executorSource(this.#options.id), type, data } as RunEvent;
  }
}
