/**
 * What each service may do on NATS, as subjects: what is not named is refused by the server. It is the wall behind `writerRuleOf`: a
 * commit on a subject is by a service that may publish there.
 *
 * Whoever may make a consumer or ask for messages may have the server deliver what a stream holds to any subject (nats-server checks
 * neither the deliver subject nor the reply). An executor therefore reads only what it cannot have written: dispatches, bundles, secrets.
 *
 * @see docs/adr/0020-each-service-has-a-nats-user.md
 */
import {
  DELIVERIES_STREAM,
  DELIVERY_ATTEMPTS_STREAM,
  EVENTS_STREAM,
  INBOX_STREAM,
  inboxSubject,
  logStream,
  logSubject,
  messagingSubject,
  outputStream,
  outputSubject,
  PUBLIC_EVENTS_FILTER,
  SCHEDULES_STREAM,
  scheduleSubject,
  shardsUpTo,
  webhookSubject,
} from '@millrace/contracts';
import { inboxPrefixOf } from './connection.ts';
import {
  BUNDLES_STORE,
  CATALOG_BUCKET,
  FILES_STORE,
  RUN_KEYS_STREAM,
  SECRETS_BUCKET,
  SNAPSHOTS_STORE,
  TOKENS_BUCKET,
  TRIGGERS_BUCKET,
  VERSIONS_BUCKET,
  WEBHOOKS_BUCKET,
} from './topology.ts';

export const SERVICE_USERS = ['gateway', 'scheduler', 'executor', 'projector', 'notifier'] as const;
export type ServiceUser = (typeof SERVICE_USERS)[number];

/** Who starts everything, makes the streams and deploys: may do all. */
export const ADMINISTRATOR = 'millrace';

/** Subjects, with wildcards, on which a user may publish and which it may subscribe to. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

type Subjects = readonly string[];

const API = '$JS.API';
const ANY = '*';

/** Where a stream begins and ends. */
const bounds = (stream: string): string => `${API}.STREAM.INFO.${stream}`;

/** Consumers of one's own, of one filter when it is given. */
const consume = (stream: string, filter?: string): Subjects => [
  bounds(stream),
  `${API}.CONSUMER.CREATE.${stream}.${filter === undefined ? '>' : `${ANY}.${filter}`}`,
  ...['INFO', 'DELETE', 'MSG.NEXT'].map((verb) => `${API}.CONSUMER.${verb}.${stream}.${ANY}`),
];

/** A single message, as it is stored. */
const fetch = (stream: string): Subjects => [
  bounds(stream),
  ...['DIRECT.GET', 'STREAM.MSG.GET'].map((verb) => `${API}.${verb}.${stream}`),
  `${API}.DIRECT.GET.${stream}.>`,
];

const read = (stream: string): Subjects => [...consume(stream), ...fetch(stream)];
const readBucket = (bucket: string): Subjects => read(`KV_${bucket}`);
const writeBucket = (bucket: string): Subjects => [...readBucket(bucket), `$KV.${bucket}.>`];

/** A consumer that the server keeps, with acknowledgements. */
const consumeDurably = (stream: string): Subjects => [
  ...consume(stream),
  `${API}.CONSUMER.DURABLE.CREATE.${stream}.${ANY}`,
  `${API}.CONSUMER.LIST.${stream}`,
  `$JS.ACK.${stream}.>`,
];

const purge = (stream: string): string => `${API}.STREAM.PURGE.${stream}`;
const eraseFrom = (stream: string): string => `${API}.STREAM.MSG.DELETE.${stream}`;

/** What every use of a store asks first. */
const STORE_BASICS: Subjects = [`${API}.INFO`];

const readStore = (store: string): Subjects => [
  ...STORE_BASICS,
  `${API}.STREAM.MSG.GET.OBJ_${store}`,
  ...consume(`OBJ_${store}`, `$O.${store}.C.${ANY}`),
  `$JS.FC.OBJ_${store}.>`,
];

const writeStore = (store: string): Subjects => [...readStore(store), `$O.${store}.>`, purge(`OBJ_${store}`)];

const inboxOf = (user: string): string => `${inboxPrefixOf(user)}.>`;
const answersTo = (...users: readonly string[]): Subjects => [...users, ADMINISTRATOR].map(inboxOf);

const gateway = (shard: number): NatsPermissions => ({
  publish: [
    ...STORE_BASICS,
    logSubject.gateway(shard),
    logSubject.request(shard, ANY),
    logSubject.probe(shard),
    messagingSubject.leader(shard),
    messagingSubject.why(shard),
    messagingSubject.notifier,
    inboxSubject(shard),
    `run-keys.${ANY}`,
    webhookSubject.allDeliveries,
    ...read(logStream(shard)),
    ...read(outputStream(shard)),
    ...read(EVENTS_STREAM),
    ...fetch(RUN_KEYS_STREAM),
    eraseFrom(RUN_KEYS_STREAM),
    ...[CATALOG_BUCKET, VERSIONS_BUCKET].flatMap(readBucket),
    ...[TOKENS_BUCKET, SECRETS_BUCKET, TRIGGERS_BUCKET, WEBHOOKS_BUCKET].flatMap(writeBucket),
    ...writeStore(FILES_STORE),
    ...[DELIVERIES_STREAM, DELIVERY_ATTEMPTS_STREAM].flatMap((stream) => [...fetch(stream), purge(stream)]),
  ],
  subscribe: [inboxOf('gateway'), 'reply.>', messagingSubject.projected(shard), messagingSubject.unwritable(shard)],
});

const scheduler = (shard: number): NatsPermissions => ({
  publish: [
    ...STORE_BASICS,
    logSubject.dispatch(shard, ANY),
    logSubject.decision(shard),
    logSubject.scheduled(shard),
    logSubject.lease(shard),
    messagingSubject.leader(shard),
    messagingSubject.schedulers,
    messagingSubject.cancel(ANY),
    'reply.>',
    ...answersTo('gateway', 'scheduler', 'executor'),
    ...read(logStream(shard)),
    ...fetch(RUN_KEYS_STREAM),
    eraseFrom(RUN_KEYS_STREAM),
    ...writeStore(SNAPSHOTS_STORE),
    scheduleSubject.alarms(shard),
    ...read(SCHEDULES_STREAM),
    purge(SCHEDULES_STREAM),
    ...['CREATE', 'UPDATE'].map((verb) => `${API}.STREAM.${verb}.${SCHEDULES_STREAM}`), // lost, it is made anew
    ...[CATALOG_BUCKET, TRIGGERS_BUCKET].flatMap(readBucket),
  ],
  subscribe: [
    inboxOf('scheduler'),
    messagingSubject.schedulers,
    messagingSubject.leader(shard),
    messagingSubject.why(shard),
    messagingSubject.heartbeat(shard),
  ],
});

const executor = (shard: number): NatsPermissions => ({
  publish: [
    logSubject.executor(shard),
    outputSubject(shard),
    messagingSubject.heartbeat(shard),
    'reply.>',
    ...consume(logStream(shard), logSubject.dispatch(shard, ANY)),
    `${API}.STREAM.MSG.GET.${logStream(shard)}`,
    ...consume(`KV_${SECRETS_BUCKET}`, `$KV.${SECRETS_BUCKET}.>`),
    `${API}.STREAM.MSG.GET.KV_${SECRETS_BUCKET}`,
    ...fetch(RUN_KEYS_STREAM),
    ...readStore(BUNDLES_STORE),
  ],
  subscribe: [inboxOf('executor'), messagingSubject.cancel(ANY)],
});

const projector = (shard: number): NatsPermissions => ({
  publish: [
    ...STORE_BASICS,
    PUBLIC_EVENTS_FILTER,
    messagingSubject.projected(shard),
    ...[logStream(shard), outputStream(shard), INBOX_STREAM, EVENTS_STREAM].flatMap(read),
    ...writeBucket(TRIGGERS_BUCKET),
  ],
  subscribe: [inboxOf('projector')],
});

const notifier = (): NatsPermissions => ({
  publish: [
    ...STORE_BASICS,
    messagingSubject.notifier,
    ...answersTo('gateway', 'notifier'),
    webhookSubject.allDeliveries,
    webhookSubject.allTroubles,
    webhookSubject.lease,
    webhookSubject.allAttempts,
    ...[EVENTS_STREAM, `KV_${CATALOG_BUCKET}`, `KV_${TOKENS_BUCKET}`].flatMap((stream) => [
      ...consumeDurably(stream),
      ...fetch(stream),
    ]),
    ...[DELIVERIES_STREAM, DELIVERY_ATTEMPTS_STREAM].flatMap((stream) => [...read(stream), purge(stream)]),
    ...writeBucket(WEBHOOKS_BUCKET),
  ],
  subscribe: [inboxOf('notifier'), messagingSubject.notifier],
});

const PERMISSIONS: Readonly<Record<ServiceUser, (shard: number) => NatsPermissions>> = {
  gateway,
  scheduler,
  executor,
  projector,
  notifier,
};

/** All that a service needs on NATS for so many logs, and nothing else. Each subject once. */
export const permissionsOf = (user: ServiceUser, logs: number): NatsPermissions => {
  const each = shardsUpTo(logs).map(PERMISSIONS[user]);
  return {
    publish: [...new Set(each.flatMap(({ publish }) => publish))],
    subscribe: [...new Set(each.flatMap(({ subscribe }) => subscribe))],
  };
};
