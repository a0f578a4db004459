/** Judges a history from outside: each rule looks at all observations and names what contradicts it. */
import { type Observations, type SubscriberSaw, WITNESSES } from './observations.ts';

/** One contradiction of a promise. */
export interface Finding {
  readonly rule: string;
  /** The run, the key, the message that it is about. */
  readonly about: string;
  readonly detail: string;
}

export interface Verdict {
  /** Runs whose acceptance a client has seen. */
  readonly acknowledged: number;
  /** Of these, runs that a subscriber and a reader of the status saw end. */
  readonly finished: number;
  /** Acknowledged, and nobody saw it end. */
  readonly lost: number;
  /** Keys with two runs, attempts that ran twice, runs that ended twice. */
  readonly doubled: number;
  /** The most processes, or runs by their own word, at the same time. */
  readonly liveMax: number;
  readonly findings: readonly Finding[];
}

const TERMINAL: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'timed_out', 'rejected']);

type Rule = (seen: Observations) => readonly Finding[];

const groupBy = <Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> => {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
};

const acknowledgedIds = ({ clients }: Observations): ReadonlySet<string> =>
  new Set(clients.flatMap(({ outcome, runId }) => (outcome === 'acknowledged' && runId !== undefined ? [runId] : [])));

const numbersOf = (position: string): readonly [number, number] => {
  const [sequence = '', index = ''] = position.split('.');
  return [Number(sequence), Number(index)];
};

const isBehind = (a: string, b: string): boolean => {
  const [[sequenceA, indexA], [sequenceB, indexB]] = [numbersOf(a), numbersOf(b)];
  return sequenceA > sequenceB || (sequenceA === sequenceB && indexA > indexB);
};

const endsOf = (events: readonly SubscriberSaw[]): readonly SubscriberSaw[] =>
  events.filter(({ name }) => TERMINAL.has(name));

const endsByRun = ({ events }: Observations) => groupBy(endsOf(events), ({ runId }) => runId);

const lostRuns = (seen: Observations): readonly string[] => {
  const ends = endsByRun(seen);
  const over = new Set(seen.statuses.flatMap(({ runId, state }) => (TERMINAL.has(state) ? [runId] : [])));
  return [...acknowledgedIds(seen)].filter((id) => !ends.has(id) || !over.has(id));
};

const nothingIsLost: Rule = (seen) =>
  lostRuns(seen).map((about) => ({ rule: 'lost', about, detail: 'acknowledged, and nobody saw it end' }));

const oneRunPerKey: Rule = ({ clients, events }) => {
  const named = [...clients, ...events].flatMap(({ key, runId }) =>
    key === undefined || key === '' || runId === undefined ? [] : [{ key, runId }],
  );
  return [...groupBy(named, ({ key }) => key)].flatMap(([about, group]) => {
    const ids = new Set(group.map(({ runId }) => runId));
    return ids.size > 1 ? [{ rule: 'key', about, detail: `has ${ids.size} runs: ${[...ids].join(', ')}` }] : [];
  });
};

const oneEndPerRun: Rule = (seen) =>
  [...endsByRun(seen)].flatMap(([about, ends]) =>
    ends.length > 1
      ? [{ rule: 'end', about, detail: `ended ${ends.length} times: ${ends.map(({ name }) => name).join()}` }]
      : [],
  );

const attemptsRunOnce: Rule = ({ witness }) => {
  const starts = witness.filter(({ what }) => what === 'start');
  return [...groupBy(starts, ({ run, attempt }) => `${run} attempt ${attempt}`)].flatMap(([about, group]) =>
    group.length > 1 ? [{ rule: 'start', about, detail: `ran ${group.length} times` }] : [],
  );
};

const whatRanWasDispatched: Rule = ({ witness, events }) => {
  const dispatched = new Set(
    events.filter(({ name }) => name === 'dispatched').map(({ runId, attempt }) => `${runId} ${attempt}`),
  );
  return witness
    .filter(({ what, run, attempt }) => what === 'start' && !dispatched.has(`${run} ${attempt}`))
    .map(({ run, attempt }) => ({ rule: 'dispatch', about: run, detail: `attempt ${attempt} ran without a dispatch` }));
};

const whatCompletedRan: Rule = ({ witness, events }) => {
  const ran = new Set(witness.filter(({ what }) => what === 'start').map(({ run, attempt }) => `${run} ${attempt}`));
  return events
    .filter(({ name, workflow }) => name === 'completed' && workflow.startsWith(WITNESSES))
    .filter(({ runId, attempt }) => !ran.has(`${runId} ${attempt}`))
    .map(({ runId, attempt }) => ({
      rule: 'witness',
      about: runId,
      detail: `attempt ${attempt} completed and never ran`,
    }));
};

const eventsAreInOrder: Rule = ({ events }) =>
  [...groupBy(events, ({ shard = '' }) => shard).values()].flatMap((ofLog) =>
    ofLog.flatMap(({ position, runId, name }, index) => {
      const before = ofLog[index - 1];
      return before === undefined || isBehind(position, before.position)
        ? []
        : [{ rule: 'order', about: runId, detail: `${name} at ${position} came behind ${before.position}` }];
    }),
  );

const runsBeginAndEnd: Rule = ({ events }) =>
  [...groupBy(events, ({ runId }) => runId)].flatMap(([about, story]) => {
    const end = story.findIndex(({ name }) => TERMINAL.has(name));
    const first = story[0]?.name;
    const late = end === -1 ? [] : story.slice(end + 1).filter(({ name }) => !TERMINAL.has(name));
    return [
      ...(first === 'requested' ? [] : [{ rule: 'story', about, detail: `begins with ${first}` }]),
      ...late.map(({ name }) => ({ rule: 'story', about, detail: `${name} after the end` })),
    ];
  });

const statusesAgree: Rule = (seen) => {
  const ends = endsByRun(seen);
  return seen.statuses.flatMap(({ runId, state }) => {
    const end = ends.get(runId)?.[0]?.name;
    return end === undefined || end === state
      ? []
      : [{ rule: 'status', about: runId, detail: `is ${state}, and subscribers heard ${end}` }];
  });
};

/** What a stream of a run told of its events, against what subscribers heard of them; only of streams that came to the end. */
const streamsAgree: Rule = ({ streams, events }) => {
  const heard = groupBy(events, ({ runId }) => runId);
  return [...groupBy(streams, ({ runId }) => runId)].flatMap(([about, told]) => {
    const ids = told.map(({ id }) => id);
    const repeats = ids.filter((id, index) => ids.indexOf(id) !== index);
    const twice = repeats.map((id) => ({ rule: 'stream', about, detail: `told ${id} twice` }));
    if (!told.some(({ type }) => type === 'complete')) return twice;
    const toldAt = told.filter(({ type }) => type !== 'log').map(({ id }) => id.split('-')[0] ?? '');
    const heardAt = (heard.get(about) ?? []).map(({ position }) => position);
    const isSame = toldAt.join() === heardAt.join();
    const detail = `told ${toldAt.join(' ')}, subscribers heard ${heardAt.join(' ')}`;
    return isSame ? twice : [...twice, { rule: 'stream', about, detail }];
  });
};

const refusalsSayWhen: Rule = ({ clients }) =>
  clients
    .filter(({ outcome, retryAfter }) => outcome === 'refused' && retryAfter !== true)
    .map(({ key, status, code }) => ({ rule: 'refusal', about: key, detail: `${status} ${code} without Retry-After` }));

/** By the scripts' own word: each said so after it began and before it ended, so the sum is never too high. */
const mostAtOnce = ({ witness }: Observations): number => {
  const spans = [...groupBy(witness, ({ run, attempt }) => `${run} ${attempt}`).values()].flatMap((words) => {
    const [start, end] = [words.find(({ what }) => what === 'start'), words.find(({ what }) => what === 'end')];
    return start === undefined || end === undefined ? [] : [{ start: start.at, end: end.at }];
  });
  const changes = spans.flatMap(({ start, end }) => [
    { at: start, by: 1 },
    { at: end, by: -1 },
  ]);
  let [now, most] = [0, 0];
  for (const { by } of changes.sort((a, b) => a.at - b.at || a.by - b.by)) most = Math.max(most, (now += by));
  return most;
};

const liveMax = (seen: Observations): number => Math.max(mostAtOnce(seen), ...seen.census.map(({ live }) => live));

const limitHolds: Rule = (seen) => {
  const { limit } = seen.experiment;
  const most = liveMax(seen);
  if (limit === undefined || most <= limit) return [];
  return [{ rule: 'limit', about: String(limit), detail: `${most} ran at the same time` }];
};

const messagesArrive: Rule = ({ experiment, events, receiver }) => {
  const got = new Set(receiver.map(({ endpoint, runId, event }) => `${endpoint} ${runId} ${event}`));
  return (experiment.endpoints ?? []).flatMap((endpoint) =>
    endsOf(events)
      .filter(({ runId, name }) => !got.has(`${endpoint} ${runId} ${name}`))
      .map(({ runId, name }) => ({ rule: 'webhook', about: runId, detail: `${endpoint} was not told of ${name}` })),
  );
};

const messagesAreTheSame: Rule = ({ receiver }) => [
  ...receiver
    .filter(({ isSigned }) => !isSigned)
    .map(({ id }) => ({ rule: 'webhook', about: id, detail: 'is not signed' })),
  ...[...groupBy(receiver, ({ id }) => id)].flatMap(([about, group]) =>
    new Set(group.map(({ bodyHash }) => bodyHash)).size > 1
      ? [{ rule: 'webhook', about, detail: 'changed its body' }]
      : [],
  ),
  ...[...groupBy(receiver, ({ endpoint, runId, event }) => `${endpoint} ${runId} ${event}`)].flatMap(
    ([about, group]) =>
      new Set(group.map(({ id }) => id)).size > 1 ? [{ rule: 'webhook', about, detail: 'came under two ids' }] : [],
  ),
];

const DOUBLING: ReadonlySet<string> = new Set(['key', 'start', 'end']);

const RULES: readonly Rule[] = [
  nothingIsLost,
  oneRunPerKey,
  oneEndPerRun,
  attemptsRunOnce,
  whatRanWasDispatched,
  whatCompletedRan,
  eventsAreInOrder,
  runsBeginAndEnd,
  statusesAgree,
  streamsAgree,
  refusalsSayWhen,
  limitHolds,
  messagesArrive,
  messagesAreTheSame,
];

export const check = (seen: Observations): Verdict => {
  const findings = RULES.flatMap((rule) => rule(seen));
  const acknowledged = acknowledgedIds(seen).size;
  const lost = lostRuns(seen).length;
  return {
    acknowledged,
    finished: acknowledged - lost,
    lost,
    doubled: findings.filter(({ rule }) => DOUBLING.has(rule)).length,
    liveMax: liveMax(seen),
    findings,
  };
};
