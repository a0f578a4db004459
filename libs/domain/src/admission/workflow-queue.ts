import { type Lane, type LaneTable } from './lane-table.ts';
import { PriorityGroup } from './priority-group.ts';
import { StartWindow } from './start-window.ts';

/** What waits and what runs of one workflow. */
export class WorkflowQueue {
  readonly number: number;
  readonly workspace: string;
  /** Path of the workflow. */
  readonly path: string;
  readonly #lanes: LaneTable;
  readonly #groups: PriorityGroup[] = [];
  /** Lanes by concurrency key. */
  readonly keyed = new Map<string, Lane>();
  /** Lanes of runs without a key, by the level of their priority; kept for good. */
  readonly plain = new Map<number, Lane>();
  /** The run that waits for later ones of its key, by debounce key. */
  readonly debounced = new Map<string, Debounced>();
  /** Its latest starts; absent while no version of it has a rate. */
  starts: StartWindow | undefined;
  /** Runs that take a slot. */
  running = 0;
  waiting = 0;

  constructor(lanes: LaneTable, { number, workspace, path }: Pick<WorkflowQueue, 'number' | 'workspace' | 'path'>) {
    this.#lanes = lanes;
    this.number = number;
    this.workspace = workspace;
    this.path = path;
  }

  /** Those that were ever needed, in the order of that. */
  get groups(): readonly PriorityGroup[] {
    return this.#groups;
  }

  group(level: number): PriorityGroup {
    const known = this.#groups.find((group) => group.level === level);
    if (known !== undefined) return known;
    const group = new PriorityGroup(this.#lanes, this, level);
    this.#groups.push(group);
    return group;
  }

  /** The lane of a key, or of a priority where there is no key. */
  lane(key: string | undefined, level: number): Lane {
    const known = key === undefined ? this.plain.get(level) : this.keyed.get(key);
    if (known !== undefined) return known;
    const lane = this.#lanes.add(this.number, key);
    if (key === undefined) this.plain.set(level, lane);
    else this.keyed.set(key, lane);
    return lane;
  }

  /** Forgets a lane of a key that has no open run any more. */
  tidy(lane: Lane): void {
    const key = this.#lanes.key(lane);
    if (key === undefined || this.#lanes.members.get(lane) > 0) return;
    this.keyed.delete(key);
    this.#lanes.remove(lane);
  }

  startWindow(): StartWindow {
    this.starts ??= new StartWindow();
    return this.starts;
  }
}

/** The latest run of a debounce key. */
export interface Debounced {
  readonly runId: string;
  /** When the first of those arrived that this one stands for, by the time of the log. */
  readonly sinceMs: number;
  /** It starts no earlier. */
  readonly dueMs: number;
}
