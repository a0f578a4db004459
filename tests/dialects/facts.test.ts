/** Part 1 of the facts: what each of the five protocols says, section by section, performed against the running product. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENDPOINT_FACTS } from './facts/endpoints.ts';
import { EVENT_SOURCES } from './facts/event-sources.ts';
import { type Fact } from './facts/fact.ts';
import { KESTRA_CONDITIONS } from './facts/kestra-conditions.ts';
import { KESTRA } from './facts/kestra.ts';
import { SERVE } from './facts/serve.ts';
import { SINK_ACCESS, SINK_ROUTES } from './facts/sink-routes.ts';
import { SINK_ANSWERS, SINK_INPUT, SINK_OTHERS } from './facts/sink-answers.ts';
import { WINDMILL_ACCESS, WINDMILL_ADDRESSES } from './facts/windmill-addresses.ts';
import { WINDMILL_ANSWERS } from './facts/windmill-answers.ts';
import { WINDMILL_ARGUMENTS } from './facts/windmill-arguments.ts';
import { WINDMILL_OTHERS } from './facts/windmill-others.ts';
import { WINDMILL_PREPROCESSORS } from './facts/windmill-preprocessors.ts';
import { FACT_SECRETS, FACT_WORKFLOWS } from './facts/workflows.ts';
import { startWorld } from './world.ts';

let world: Awaited<ReturnType<typeof startWorld>> | undefined;
beforeAll(async () => {
  world = await startWorld({
    workflows: FACT_WORKFLOWS,
    secrets: FACT_SECRETS,
    config: '[dialects.sink]\nlisten = 0\n', // its second port
  });
});
afterAll(() => world?.stop());

const TABLE: readonly (readonly [dialect: string, facts: readonly Fact[]])[] = [
  ['serve', SERVE],
  [
    'windmill',
    [
      ...WINDMILL_ADDRESSES,
      ...WINDMILL_ACCESS,
      ...WINDMILL_ARGUMENTS,
      ...WINDMILL_PREPROCESSORS,
      ...WINDMILL_ANSWERS,
      ...WINDMILL_OTHERS,
    ],
  ],
  ['sink', [...SINK_ROUTES, ...SINK_ACCESS, ...SINK_INPUT, ...SINK_ANSWERS, ...SINK_OTHERS]],
  ['endpoints', [...ENDPOINT_FACTS, ...EVENT_SOURCES]],
  ['kestra', [...KESTRA, ...KESTRA_CONDITIONS]],
];

describe.each(TABLE)('%s', (_dialect, facts) => {
  test.each(facts.map(({ section, says, show }) => [section, says, show] as const))(
    '%s %s',
    async (_section, _says, show) => {
      if (world !== undefined) await show(world);
    },
  );
});

/** The subsections of part 1, by their number of each protocol. */
const SECTIONS = [7, 7, 7, 7, 7].flatMap((count, protocol) =>
  Array.from({ length: count }, (_, index) => `${protocol}.${index + 1}`),
);

test('every section of part 1 has rows', () => {
  const sections = TABLE.flatMap(([, facts]) => facts.map(({ section }) => section));
  expect([...new Set(sections)].toSorted()).toEqual(SECTIONS);
});
