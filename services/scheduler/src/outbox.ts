/**
 * What the leader says, on its way into the log: a lane for each subject, one batch of a lane in flight. What is said to one executor
 * meanwhile gathers and goes together, so commits grow under load; no lane waits for another's answer before its own is decided.
 * What the log has no room for is offered again; an outcome that is not known is the writer's business.
 */
import { type RunEvent } from '@millrace/contracts';
import { type FencedWriter } from '@millrace/eventlog';
import { AppError, type Milliseconds } from '@millrace/kernel';

/** Pause before the log is asked again when it is full. */
const RETRY_DELAY_MS: Milliseconds = 1_000;

export interface OutboxOptions {
  readonly writer: Pick<FencedWriter, 'append'>;
  /** The log refused for good: another leader, or a defect. Nothing is sent any more. */
  readonly onRefused: (error: unknown) => void;
  /** The log takes nothing for now. */
  readonly onDelayed: (error: AppError) => void;
}

interface Item {
  readonly event: RunEvent;
  readonly onStored: () => void;
}

interface Lane {
  readonly subject: string;
  pending: Item[];
  inFlight: number;
  /** One of those in flight came back: the next batch waits a while. */
  isDelayed: boolean;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #touched = new Set<Lane>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** @param onStored called once the event is on disk */
  push(subject: string, event: RunEvent, onStored: () => void): void {
    const lane = this.#laneOf(subject);
    lane.pending.push({ event, onStored });
    this.#touched.add(lane);
  }

  /** Sends what was pushed, as far as its lane is free. */
  flush(): void {
    for (const lane of this.#touched) this.#send(lane);
    this.#touched.clear();
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #laneOf(subject: string): Lane {
    let lane = this.#lanes.get(subject);
    if (lane === undefined) {
      lane = { subject, pending: [], inFlight: 0, isDelayed: false };
      this.#lanes.set(subject, lane);
    }
    return lane;
  }

  #send(lane: Lane): void {
    if (lane.inFlight > 0 || lane.isDelayed || this.#isClosed) return;
    const items = lane.pending;
    lane.pending = [];
    lane.inFlight = items.length;
    for (const item of items) {
      this.#options.writer.append(lane.subject, [item.event]).then(
        () => {
          item.onStored();
          this.#settle(lane);
        },
        (error: unknown) => this.#fail(lane, item, error),
      );
    }
  }

  #settle(lane: Lane): void {
    lane.inFlight -= 1;
    if (lane.inFlight > 0 || this.#isClosed) return;
    if (lane.pending.length === 0) this.#lanes.delete(lane.subject);
    else if (lane.isDelayed) this.#resume(lane);
    else this.#send(lane);
  }

  #resume(lane: Lane): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      lane.isDelayed = false;
      this.#send(lane);
    }, RETRY_DELAY_MS);
    this.#timers.add(timer);
  }

  #fail(lane: Lane, item: Item, error: unknown): void {
    if (this.#isClosed) return;
    if (error instanceof AppError && error.kind === 'unavailable') {
      lane.pending.push(item);
      lane.isDelayed = true;
      this.#options.onDelayed(error);
      this.#settle(lane);
      return;
    }
    this.close();
    this.#options.onRefused(error);
  }
}
