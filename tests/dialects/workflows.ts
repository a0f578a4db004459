/** The workflows of the table, each with the triggers that its rows call. */

/** Keys in addresses and headers. */
export const KEYS = {
  async: 'a-key-that-does-not-wait',
  waits: 'a-key-that-waits-for-it',
  only: 'a-key-of-one-workflow',
  hook: 'a-key-in-the-address',
  asked: 'a-key-of-who-asks',
} as const;

/** Event sources of Bifrost. */
export const SOURCES = {
  open: '3d0c7a52-6a0e-4b62-9a55-0d2c1f9be001',
  mapped: '3d0c7a52-6a0e-4b62-9a55-0d2c1f9be002',
  wanted: '3d0c7a52-6a0e-4b62-9a55-0d2c1f9be003',
  rated: '3d0c7a52-6a0e-4b62-9a55-0d2c1f9be004',
  signed: '3d0c7a52-6a0e-4b62-9a55-0d2c1f9be005',
  graph: '3d0c7a52-6a0e-4b62-9a55-0d2c1f9be006',
} as const;

/** By name, as the triggers below want them. */
export const SECRETS = { GITHUB: 'a-secret-of-github', SLACK: 'a-secret-of-slack' } as const;

const script = (...lines: readonly string[]): string => ['#!/bin/sh', ...lines, ''].join('\n');
const ECHO = script('cp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"');
const FAIL = script('echo "no such order" >&2', 'exit 3');
const SLOW = script('sleep 60');

const METHODS = 'methods: [GET, POST, PUT, PATCH, DELETE]';

/** Every dialect reaches it; it answers with its input. */
const ECHO_TRIGGERS = `
timeout: 1m
triggers:
  - { dialect: hooks, id: hook, path: /echo, ${METHODS} }
  - { dialect: hooks, id: order, path: '/orders/:id' }
  - { dialect: hooks, id: told, path: /told, mode: stream }
  - { dialect: kestra, id: webhook, key: ${KEYS.async} }
  - { dialect: kestra, id: waits, key: ${KEYS.waits}, wait: true }
  - { dialect: sink, id: sink, app_id: app, path: /echo, ${METHODS} }
  - { dialect: sink, id: at-once, app_id: app, path: /at-once, mode: async }
  - { dialect: sink, id: open, app_id: app, path: /open, auth: public, cross_site: true }
  - { dialect: endpoints, allowed_methods: [GET, POST, PUT, DELETE] }
  - { dialect: windmill, id: route, route: 'orders/:id', methods: [PUT] }
`;

/** Each trigger is refused to whoever has no right to it. */
const GUARDED = `
triggers:
  - { dialect: hooks, id: signed, path: /signed, signature: { preset: github, secret: GITHUB } }
  - { dialect: hooks, id: asked, path: /asked, signature: { preset: slack, secret: SLACK } }
  - { dialect: hooks, id: keyed, path: /keyed, auth: path_key, key: ${KEYS.hook} }
  - { dialect: hooks, id: open, path: /open, auth: public }
  - { dialect: hooks, id: rated, path: /rated, rate_limit: { requests: 2, per: 60 } }
  - { dialect: hooks, id: here, path: /here, allow_from: [192.0.2.0/24] }
  - { dialect: kestra, key: ${KEYS.only}, methods: [POST] }
  - { dialect: sink, id: keyed-sink, app_id: app, path: /guarded, mode: sync, methods: [POST], auth_token: ${KEYS.only} }
  - { dialect: sink, id: open-sink, app_id: app, path: /public, mode: sync, auth_token: null }
  - { dialect: sink, id: signed-sink, app_id: app, path: /signed, mode: async, signature: { preset: github, secret: GITHUB } }
  - { dialect: endpoints, id: endpoint, disable_global_key: true, key: ${KEYS.only} }
  - { dialect: windmill, id: keyed-route, route: keyed, auth: workflow_key, key: ${KEYS.only} }
  - { dialect: windmill, id: open-route, route: open, auth: public }
  - { dialect: windmill, id: signed-route, route: signed, signature: { preset: github, secret: GITHUB } }
  - { dialect: windmill, id: asked-route, route: asked, signature: { preset: slack, secret: SLACK } }
  - { dialect: sink, id: asked-sink, app_id: app, path: /asked, signature: { preset: slack, secret: SLACK } }
  - { dialect: kestra, id: asked-webhook, key: ${KEYS.asked}, signature: { preset: slack, secret: SLACK } }
`;

const HEARD = `
triggers:
  - { dialect: endpoints, id: open, event_source: ${SOURCES.open}, auth: public }
  - { dialect: endpoints, id: mapped, event_source: ${SOURCES.mapped}, auth: public, input: { who: 'body.user.name' } }
  - { dialect: endpoints, id: wanted, event_source: ${SOURCES.wanted}, auth: public, when: 'body.kind == "wanted"' }
  - { dialect: endpoints, id: rated, event_source: ${SOURCES.rated}, auth: public, rate_limit: { requests: 1, per: 60 } }
  - { dialect: endpoints, id: signed, event_source: ${SOURCES.signed}, signature: { preset: bifrost-generic, secret: GITHUB } }
  - { dialect: endpoints, id: graph, event_source: ${SOURCES.graph}, signature: { preset: microsoft-graph, secret: GITHUB } }
`;

/** Triggers by which every dialect waits for a result. */
const reachable = (name: string): string => `
triggers:
  - { dialect: sink, app_id: app, path: /${name}, mode: sync }
  - { dialect: endpoints }
  - { dialect: kestra, key: ${KEYS.waits}, wait: true }
`;

/** Triggers that say how a request is read and answered. */
const SHAPED = `
triggers:
  - { dialect: hooks, id: mapped, path: /mapped, input: { who: 'body.user.name', event: 'headers["x-event"]' } }
  - { dialect: hooks, id: wanted, path: /wanted, when: 'body.wanted == true' }
  - { dialect: hooks, id: answers, path: /answers, mode: sync, response: { completed: 201, body: result, content_type: text/csv } }
  - { dialect: kestra, id: typed-webhook, key: ${KEYS.hook}, wait: true, returnOutputs: true, responseContentType: text/plain }
  - dialect: kestra
    id: wanted-webhook
    key: ${KEYS.waits}
    wait: true
    responseCode: 202
    conditions:
      - { type: io.kestra.plugin.core.condition.ExpressionCondition, expression: "{{ trigger.body.wanted == true }}" }
`;

const FAILING = `
triggers:
  - { dialect: hooks, path: /fail }
  - { dialect: kestra, key: ${KEYS.waits}, wait: true }
  - { dialect: sink, app_id: app, path: /fail, mode: sync }
  - { dialect: endpoints }
`;

const SLOWLY = `
triggers:
  - { dialect: sink, app_id: app, path: /slow, mode: async }
  - { dialect: hooks, path: /slow }
  - { dialect: kestra, key: ${KEYS.async} }
  - { dialect: endpoints, execution_mode: async }
`;

const DISABLED = `
triggers:
  - { dialect: windmill, id: route, route: off, enabled: false }
  - { dialect: hooks, path: /off, enabled: false }
  - { dialect: kestra, key: ${KEYS.async}, disabled: true }
  - { dialect: sink, app_id: app, path: /off, enabled: false }
  - { dialect: endpoints, endpoint_enabled: false }
`;

const STOPS = `
triggers:
  - { dialect: kestra, key: ${KEYS.waits}, wait: true, stopAfter: [SUCCESS] }
  - { dialect: hooks, path: /stops, stop_after: [completed] }
`;

const TYPED = `
input: { type: object, properties: { n: { type: integer }, on: { type: boolean } }, additionalProperties: false }
triggers: [{ dialect: endpoints }, { dialect: kestra, key: ${KEYS.waits}, wait: true, input: { n: int(body.n) } }]
`;

const HEADED = `
triggers:
  - { dialect: hooks, path: /head, ${METHODS} }
  - { dialect: kestra, key: ${KEYS.async} }
  - { dialect: sink, app_id: app, path: /head }
  - { dialect: endpoints, allowed_methods: [GET, POST], execution_mode: async }
`;

/** Fails once, completes the second time. */
const SECOND = script('echo "{\\"attempt\\":$MILLRACE_ATTEMPT}"', '[ "$MILLRACE_ATTEMPT" = 2 ]');

export const WORKFLOWS: Readonly<Record<string, string>> = {
  'shop/echo.sh': ECHO,
  'shop/echo.yaml': ECHO_TRIGGERS,
  'shop/prepared.py':
    'def preprocessor(event):\n    return {"n": event["body"]["n"] + 1}\n\ndef main(n):\n    return n\n',
  'shop/guarded.sh': ECHO,
  'shop/guarded.yaml': GUARDED,
  'shop/free.sh': ECHO,
  'shop/free.yaml': 'triggers: [{ dialect: endpoints, public_endpoint: true }]\n',
  'shop/shaped.sh': ECHO,
  'shop/shaped.yaml': SHAPED,
  'shop/fail.sh': FAIL,
  'shop/fail.yaml': FAILING,
  'shop/slow.sh': SLOW,
  'shop/slow.yaml': SLOWLY,
  'shop/off.sh': ECHO,
  'shop/off.yaml': DISABLED,
  'shop/stops.sh': ECHO,
  'shop/stops.yaml': STOPS,
  'shop/typed.sh': ECHO,
  'shop/typed.yaml': TYPED,
  'shop/head.sh': ECHO,
  'shop/head.yaml': HEADED,
  'shop/heard.sh': ECHO,
  'shop/heard.yaml': HEARD,
  'shop/brief.sh': SLOW,
  'shop/brief.yaml': `timeout: 1s\n${reachable('brief')}`,
  'shop/early.yaml': reachable('early'),
  'shop/early.sh': script('echo \'::respond {"ok":true}\'', 'sleep 1', 'echo \'"late"\''),
  'shop/tuple.sh': script('echo \'[{"created":true},201]\''),
  'shop/tuple.yaml': 'triggers: [{ dialect: endpoints }]\n',
  'shop/single.sh': SLOW,
  'shop/single.yaml': 'concurrency: 1\non_limit: reject\n',
  'shop/queue.sh': SLOW,
  'shop/queue.yaml': `concurrency: 1\ntriggers: [{ dialect: kestra, key: ${KEYS.async} }]\n`,
  'shop/second.sh': SECOND,
  'shop/second.yaml': `retries: { failed: 1 }\n${reachable('second')}`,
  'shop/env.sh': script('echo "{\\"target\\":\\"$TARGET\\"}"'),
  'shop/secretive.sh': ECHO,
  'shop/secretive.yaml': `delete_after_use: true\n${reachable('secretive')}`,
};
