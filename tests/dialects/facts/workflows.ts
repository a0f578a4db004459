/** The workflows that part 1 of the facts is shown with, beside those of part 2. */
import { PATIENCE_WORKFLOWS } from '../patience.ts';
import { KEYS, SECRETS, WORKFLOWS } from '../workflows.ts';
import { PREPARED } from './windmill-preprocessors.ts';

/** Keys of webhooks of Kestra. */
export const FACT_KEYS = {
  secret: 'a-key-that-is-a-secret',
  longest: 'k'.repeat(256),
  waits: 'a-key-that-waits-and-answers',
  equals: 'condition-equals',
  both: 'condition-both-of-two',
  not: 'condition-not-that',
  or: 'condition-one-of-two',
  before: 'condition-of-a-time-past',
  text: 'condition-of-any-text',
  defined: 'condition-is-defined',
  coalesced: 'condition-with-default',
  newest: 'expression-by-its-name',
  older: 'expression-condition',
  oldest: 'variable-condition',
  calendar: 'condition-of-days-and-times',
  when: 'condition-in-our-words',
  signed: 'a-key-beside-a-signature',
  rated: 'a-key-of-once-a-minute',
  typed: 'a-key-of-a-mapped-input',
} as const;

/** By name, as triggers want them. */
export const FACT_SECRETS = {
  ...SECRETS,
  WEBHOOK_KEY: FACT_KEYS.secret,
  SENDERS: 'a-secret-of-many-senders',
  VERIFY: 'verify_a-token-of-meta',
} as const;

/** An event source of Bifrost. */
export const SOURCES = {
  open: '7d0c7a52-6a0e-4b62-9a55-0d2c1f9be001',
  signed: '7d0c7a52-6a0e-4b62-9a55-0d2c1f9be002',
  rated: '7d0c7a52-6a0e-4b62-9a55-0d2c1f9be003',
  graph: '7d0c7a52-6a0e-4b62-9a55-0d2c1f9be004',
} as const;

const script = (...lines: readonly string[]): string => ['#!/bin/sh', ...lines, ''].join('\n');
const ECHO = script('cp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"');
const SLOW = script('sleep 60');
const TYPE = 'type: io.kestra.plugin.core.condition';

const expression = (text: string): string => `{ ${TYPE}.ExpressionCondition, expression: "${text}" }`;

const CONDITIONS = `
triggers:
  - { dialect: kestra, id: equals, key: ${FACT_KEYS.equals}, conditions: [${expression("{{ trigger.body.hello == 'world' }}")}] }
  - { dialect: kestra, id: both, key: ${FACT_KEYS.both}, conditions: [${expression('{{ trigger.body.a == 1 }}')}, ${expression('{{ trigger.body.b == 1 }}')}] }
  - { dialect: kestra, id: not, key: ${FACT_KEYS.not}, conditions: [{ ${TYPE}.Not, conditions: [${expression('{{ trigger.body.a == 1 }}')}] }] }
  - { dialect: kestra, id: or, key: ${FACT_KEYS.or}, conditions: [{ ${TYPE}.Or, conditions: [${expression('{{ trigger.body.a == 1 }}')}, ${expression('{{ trigger.body.b == 1 }}')}] }] }
  - { dialect: kestra, id: before, key: ${FACT_KEYS.before}, conditions: [{ ${TYPE}.DateTimeBetween, before: "2020-01-01T00:00:00Z" }] }
  - { dialect: kestra, id: text, key: ${FACT_KEYS.text}, conditions: [${expression('{{ trigger.body.said }}')}] }
  - { dialect: kestra, id: defined, key: ${FACT_KEYS.defined}, conditions: [${expression('{{ trigger.body.a is defined }}')}] }
  - { dialect: kestra, id: coalesced, key: ${FACT_KEYS.coalesced}, conditions: [${expression("{{ (trigger.body.a ?? 'none') == 'none' }}")}] }
`;

const KEYED = `
triggers:
  - { dialect: kestra, id: secret, key: "{{ secret('WEBHOOK_KEY') }}" }
  - { dialect: kestra, id: rendered, key: "{{ flow.namespace }}-{{ flow.id }}-key" }
  - { dialect: kestra, id: longest, key: ${FACT_KEYS.longest} }
`;

const ADA = "{{ (trigger.body.name | lower) == 'ada' and trigger.body.tags contains 'a' }}";
const DAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'];
/** Of any day and time; each of them is asked. */
const CALENDAR = [
  `{ ${TYPE}.Or, conditions: [${DAYS.map((day) => `{ ${TYPE}.DayWeek, dayOfWeek: ${day} }`).join(', ')}] }`,
  `{ ${TYPE}.Or, conditions: [{ ${TYPE}.Weekend }, { ${TYPE}.Not, conditions: [{ ${TYPE}.Weekend }] }] }`,
  `{ ${TYPE}.Or, conditions: [{ ${TYPE}.TimeBetween, after: '12:00:00Z' }, { ${TYPE}.TimeBetween, before: '12:00:00Z' }] }`,
  `{ ${TYPE}.Or, conditions: [{ ${TYPE}.DayWeekInMonth, dayOfWeek: MONDAY, dayInMonth: FIRST }, { ${TYPE}.DateTimeBetween, after: '2020-01-01T00:00:00Z' }] }`,
].join(', ');

const OTHERS = `
triggers:
  - { dialect: kestra, id: newest, key: ${FACT_KEYS.newest}, conditions: [{ ${TYPE}.Expression, expression: "${ADA}" }] }
  - { dialect: kestra, id: older, key: ${FACT_KEYS.older}, conditions: [${expression(ADA)}] }
  - { dialect: kestra, id: oldest, key: ${FACT_KEYS.oldest}, conditions: [{ type: io.kestra.core.models.conditions.types.VariableCondition, expression: "${ADA}" }] }
  - { dialect: kestra, id: calendar, key: ${FACT_KEYS.calendar}, conditions: [${CALENDAR}] }
  - { dialect: kestra, id: when, key: ${FACT_KEYS.when}, when: 'body.name == "ADA"' }
  - { dialect: kestra, id: signed, key: ${FACT_KEYS.signed}, signature: { preset: slack, secret: SLACK } }
  - { dialect: kestra, id: rated, key: ${FACT_KEYS.rated}, rate_limit: { requests: 1, per: 60 } }
`;
const TYPED_INPUT = `
input: { type: object, required: [n], properties: { n: { type: integer } } }
triggers: [{ dialect: kestra, key: ${FACT_KEYS.typed}, input: { n: body.n } }]
`;

const OF_KESTRA: Readonly<Record<string, string>> = {
  'shop/others.sh': ECHO,
  'shop/others.yaml': OTHERS,
  'shop/others-typed.sh': ECHO,
  'shop/others-typed.yaml': TYPED_INPUT,
  'shop/conditions.sh': ECHO,
  'shop/conditions.yaml': CONDITIONS,
  'shop/keyed.sh': ECHO,
  'shop/keyed.yaml': KEYED,
  'shop/newer.sh': ECHO,
  'shop/newer.yaml': `triggers: [{ dialect: kestra, key: ${FACT_KEYS.waits}, wait: true, returnOutputs: true, responseCode: 202, responseContentType: text/plain }]\n`,
  'shop/kestra-queue.sh': SLOW,
  'shop/kestra-queue.yaml': `concurrency: 1\ntriggers: [{ dialect: kestra, key: ${KEYS.async} }]\n`,
  'shop/kestra-reject.sh': SLOW,
  'shop/kestra-reject.yaml': `concurrency: 1\non_limit: reject\ntriggers: [{ dialect: kestra, key: ${KEYS.async} }]\n`,
};

/** A route for one kind of sender. */
const sender = (preset: string): string =>
  `  - { dialect: windmill, id: ${preset}, route: from/${preset}, mode: async, signature: { preset: ${preset}, secret: SENDERS } }`;

const OF_WINDMILL: Readonly<Record<string, string>> = {
  'shop/silent.sh': script(':'),
  'shop/routes.sh': ECHO,
  'shop/routes.yaml': `
triggers:
  - { dialect: windmill, id: later, route: later, mode: async }
  - { dialect: windmill, id: told, route: told, mode: stream }
  - { dialect: windmill, id: suspended, route: suspended, enabled: false }
  - { dialect: windmill, id: any, route: 'any/:name', methods: [GET, POST, PUT, PATCH, DELETE] }
  - { dialect: windmill, id: spaced, route: spaced, workspaced: true }
  - { dialect: windmill, id: acknowledged, route: acknowledged, mode: async, response: { accepted: 200 } }
  - { dialect: windmill, id: checks, route: checks, auth: public, raw: true, include_headers: [X-Sign] }
`,
  'shop/failing.sh': script('echo "no such order" >&2', 'exit 3'),
  'shop/failing.yaml': 'triggers: [{ dialect: windmill, route: failing, response: { failed: 422 } }]\n',
  'f/shop/deep.sh': ECHO,
  'shop/left.sh': SLOW,
  'shop/old.ts':
    'export async function preprocessor(wm_trigger: unknown, n: number) {\n  return { n: n + 1 };\n}\nexport async function main(n: number) {\n  return n;\n}\n',
  'shop/senders.sh': ECHO,
  'shop/senders.yaml': `
triggers:
${['github', 'slack', 'stripe', 'tiktok', 'twitch', 'zoom', 'microsoft-graph'].map(sender).join('\n')}
  - { dialect: windmill, id: meta, route: from/meta, methods: [GET, POST], mode: async, signature: { preset: meta, secrets: [SENDERS, VERIFY] } }
  - { dialect: windmill, id: custom, route: from/custom, mode: async, signature: { preset: hmac, secret: SENDERS, header: X-Digest, prefix: 'sha512:', algorithm: sha512, encoding: base64url } }
`,
};

/** Named by the rows of section 2. */
export const SINK_TOKEN = 'a-token-of-one-sink';

const OF_SINK: Readonly<Record<string, string>> = {
  'shop/sunk.sh': ECHO,
  'shop/sunk.yaml': `
triggers:
  - { dialect: sink, id: open, app_id: facts, path: /open, auth_token: null }
  - { dialect: sink, id: keyed, app_id: facts, path: /keyed, auth_token: ${SINK_TOKEN}, mode: sync }
  - { dialect: sink, id: get, app_id: facts, path: /same, method: GET, auth_token: null, mode: sync }
  - { dialect: sink, id: off, app_id: facts, path: /off, auth_token: null, enabled: false }
  - { dialect: sink, id: deep, app_id: facts, path: /deep/er, auth_token: null }
  - { dialect: sink, id: rated, app_id: facts, path: /rated, auth_token: null, rate_limit: { requests: 1, per: 60 } }
  - { dialect: sink, id: pages, app_id: facts, path: /pages, auth_token: null, cross_site: true }
`,
  'shop/sunk-too.sh': script('echo \'"posted"\''),
  'shop/sunk-too.yaml':
    'triggers: [{ dialect: sink, app_id: facts, path: /same, method: POST, auth_token: null, mode: sync }]\n',
  'shop/steps.sh': script('echo working', 'echo "::progress 25"', 'cp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"'),
  'shop/steps.yaml': 'triggers: [{ dialect: sink, app_id: facts, path: /steps, auth_token: null }]\n',
  'shop/sunk-silent.sh': script(':'),
  'shop/sunk-silent.yaml': 'triggers: [{ dialect: sink, app_id: facts, path: /silent, auth_token: null }]\n',
};

/** A UUID under which one endpoint is known. */
export const ENDPOINT_ID = '5d0c7a52-6a0e-4b62-9a55-0d2c1f9be001';

const OF_ENDPOINTS: Readonly<Record<string, string>> = {
  'shop/anyhow.sh': ECHO,
  'shop/anyhow.yaml': 'triggers: [{ dialect: endpoints, allowed_methods: [GET, POST, PUT, PATCH, DELETE] }]\n',
  'shop/identified.sh': ECHO,
  'shop/identified.yaml': `triggers: [{ dialect: endpoints, workflow_id: ${ENDPOINT_ID} }]\n`,
  'shop/twin.sh': ECHO,
  'shop/twin.yaml': 'triggers: [{ dialect: endpoints, name: twins }]\n',
  'shop/other-twin.sh': ECHO,
  'shop/other-twin.yaml': 'triggers: [{ dialect: endpoints, name: twins }]\n',
  'shop/partly.sh': script('echo \'{"success":false,"done":1}\''),
  'shop/partly.yaml': 'triggers: [{ dialect: endpoints }]\n',
  'shop/later.sh': ECHO,
  'shop/later.yaml': 'triggers: [{ dialect: endpoints, execution_mode: async }]\n',
  'shop/sources.sh': ECHO,
  'shop/sources.yaml': `
triggers:
  - { dialect: endpoints, id: open, event_source: ${SOURCES.open}, auth: public, event_type_header: X-Event-Type, event_type_field: kind }
  - { dialect: endpoints, id: signed, event_source: ${SOURCES.signed}, signature: { preset: bifrost-generic, secret: GITHUB } }
  - { dialect: endpoints, id: rated, event_source: ${SOURCES.rated}, auth: public, rate_limit: { requests: 1, per: 60 } }
  - { dialect: endpoints, id: graph, event_source: ${SOURCES.graph}, signature: { preset: microsoft-graph, secret: GITHUB } }
`,
};

const OF_SERVE: Readonly<Record<string, string>> = {
  'shop/defined.ts':
    "import { defineWorkflow } from '@millrace/sdk';\nexport default defineWorkflow({}, async ({ input }) => input);\n",
  'shop/secretly.sh': script('echo "{\\"value\\":\\"$GITHUB\\"}"'),
  'shop/secretly.yaml': 'secrets: [GITHUB]\n',
  'shop/exact.sh': SLOW,
  'shop/exact.yaml': 'concurrency: 1\non_limit: reject\n',
};

export const FACT_WORKFLOWS: Readonly<Record<string, string>> = {
  ...WORKFLOWS,
  ...PATIENCE_WORKFLOWS,
  ...OF_SERVE,
  ...OF_KESTRA,
  ...OF_WINDMILL,
  ...PREPARED,
  ...OF_SINK,
  ...OF_ENDPOINTS,
};
