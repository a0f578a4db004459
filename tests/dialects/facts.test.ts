/**
 * Part 1 of the facts: what each of the five protocols says, performed against the running product. `facts/lists` has every fact of it,
 * line by line; a row names those that it shows.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENDPOINT_FACTS } from './facts/endpoints.ts';
import { ENDPOINT_OTHERS } from './facts/endpoints-others.ts';
import { EVENT_SOURCES } from './facts/event-sources.ts';
import { type Fact, type FactList, type NotOurs } from './facts/fact.ts';
import { KESTRA_CONDITIONS } from './facts/kestra-conditions.ts';
import { KESTRA_OTHERS } from './facts/kestra-others.ts';
import { KESTRA } from './facts/kestra.ts';
import { ENDPOINTS_LIST, ENDPOINTS_NOT_OURS } from './facts/lists/endpoints.ts';
import { KESTRA_LIST, KESTRA_NOT_OURS } from './facts/lists/kestra.ts';
import { SERVE_LIST, SERVE_NOT_OURS } from './facts/lists/serve.ts';
import { SINK_LIST, SINK_NOT_OURS } from './facts/lists/sink.ts';
import { WINDMILL_LIST, WINDMILL_NOT_OURS } from './facts/lists/windmill.ts';
import { SERVE_OTHERS } from './facts/serve-others.ts';
import { SERVE } from './facts/serve.ts';
import { SINK_ANSWERS, SINK_INPUT, SINK_KINDS } from './facts/sink-answers.ts';
import { SINK_OTHERS } from './facts/sink-others.ts';
import { SINK_ACCESS, SINK_ROUTES } from './facts/sink-routes.ts';
import { WINDMILL_ACCESS } from './facts/windmill-access.ts';
import { WINDMILL_ADDRESSES } from './facts/windmill-addresses.ts';
import { WINDMILL_ANSWERS } from './facts/windmill-answers.ts';
import { WINDMILL_ARGUMENTS } from './facts/windmill-arguments.ts';
import { ECHO, get, JOBS, started, SYNC } from './facts/windmill-calls.ts';
import { WINDMILL_JOBS } from './facts/windmill-jobs.ts';
import { WINDMILL_OTHERS } from './facts/windmill-others.ts';
import { WINDMILL_PREPROCESSORS } from './facts/windmill-preprocessors.ts';
import { WINDMILL_ROUTES } from './facts/windmill-routes.ts';
import { WINDMILL_SIGNATURES } from './facts/windmill-signatures.ts';
import { FACT_SECRETS, FACT_WORKFLOWS } from './facts/workflows.ts';
import { PATIENCE_CONFIG } from './patience.ts';
import { startWorld, type World } from './world.ts';

let world: Awaited<ReturnType<typeof startWorld>> | undefined;
beforeAll(async () => {
  world = await startWorld({ workflows: FACT_WORKFLOWS, secrets: FACT_SECRETS, config: PATIENCE_CONFIG });
});
afterAll(() => world?.stop());

interface Protocol {
  readonly list: FactList;
  readonly notOurs: NotOurs;
  readonly rows: readonly Fact[];
}

const TABLE: readonly (readonly [dialect: string, protocol: Protocol])[] = [
  ['serve', { list: SERVE_LIST, notOurs: SERVE_NOT_OURS, rows: [...SERVE_OTHERS, ...SERVE] }],
  [
    'windmill',
    {
      list: WINDMILL_LIST,
      notOurs: WINDMILL_NOT_OURS,
      rows: [
        ...WINDMILL_ADDRESSES,
        ...WINDMILL_ACCESS,
        ...WINDMILL_ARGUMENTS,
        ...WINDMILL_PREPROCESSORS,
        ...WINDMILL_ANSWERS,
        ...WINDMILL_OTHERS,
        ...WINDMILL_ROUTES,
        ...WINDMILL_SIGNATURES,
        ...WINDMILL_JOBS,
      ],
    },
  ],
  [
    'sink',
    {
      list: SINK_LIST,
      notOurs: SINK_NOT_OURS,
      rows: [...SINK_ROUTES, ...SINK_ACCESS, ...SINK_INPUT, ...SINK_ANSWERS, ...SINK_KINDS, ...SINK_OTHERS],
    },
  ],
  [
    'endpoints',
    {
      list: ENDPOINTS_LIST,
      notOurs: ENDPOINTS_NOT_OURS,
      rows: [...ENDPOINT_FACTS, ...EVENT_SOURCES, ...ENDPOINT_OTHERS],
    },
  ],
  [
    'kestra',
    { list: KESTRA_LIST, notOurs: KESTRA_NOT_OURS, rows: [...KESTRA, ...KESTRA_CONDITIONS, ...KESTRA_OTHERS] },
  ],
];

describe.each(TABLE)('%s', (_dialect, { list, notOurs, rows }) => {
  test.each(rows.map(({ shows, says, show }) => [shows.join(' '), says, show] as const))(
    '%s %s',
    async (_ids, _says, show) => {
      if (world !== undefined) await show(world);
    },
  );

  test('every fact of the list has a row, and every row names facts of it', () => {
    const shown = new Set(rows.flatMap(({ shows }) => shows));
    expect(Object.keys(list).filter((id) => !shown.has(id))).toEqual([]);
    expect([...shown].filter((id) => !(id in list))).toEqual([]);
    expect(rows.filter(({ shows }) => shows.length === 0)).toEqual([]);
  });

  test('what is none of ours is not listed twice', () => {
    expect(Object.keys(notOurs).filter((id) => id in list)).toEqual([]);
  });
});

/** The subsections of part 1, by their number of each protocol. */
const SECTIONS = [7, 7, 7, 7, 7].flatMap((count, protocol) =>
  Array.from({ length: count }, (_, index) => `${protocol}.${index + 1}`),
);

test('every section of part 1 has facts', () => {
  const sections = TABLE.flatMap(([, { list }]) => Object.keys(list).map((id) => id.split('/')[0]));
  expect([...new Set(sections)].toSorted()).toEqual(SECTIONS);
});

/** They say what is not there. */
const ALWAYS_REFUSED = ['windmillDisapprove', 'windmillResultById', 'windmillResume'];

/** Addresses that no row is about. */
const callTheOthers = async (all: World): Promise<void> => {
  const id = await started(all);
  await all.ended(id);
  await get(all, `/api/w/demo/jobs_u/get_root_job_id/${id}`);
  await all.call(`/api/w/demo/jobs_u/queue/force_cancel/${id}`, { body: {} });
  await all.call(`${JOBS}/run_wait_result/${ECHO}`, { body: {} });
  const body = new FormData();
  body.append('file', new Blob(['text']), 'a.txt');
  const { file } = (await all.call(SYNC, { body })).json as { readonly file: readonly [{ readonly s3: string }] };
  await get(all, `/api/w/demo/job_helpers/download_s3_file?file_key=${encodeURIComponent(file[0].s3)}`);
};

test('every operation of the five protocols has answered, as OpenAPI describes it', async () => {
  if (world === undefined) throw new Error('there is no world');
  await callTheOthers(world);
  expect(world.described.complaints()).toEqual([]);
  expect(world.described.unseen(TABLE.map(([dialect]) => dialect))).toEqual(ALWAYS_REFUSED);
});
